"""Charts of a policy training over its control steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from motion.viewing.figure_colors import ROLE_COLORS
from motion.viewing.line_chart import Curve, chart_svg, is_constant
from motion.viewing.page_elements import Term, figure, folded, paragraph, section

_DIGITS = 6


class _Measure(NamedTuple):
    unit: str
    value: Callable[[Mapping[str, Any]], float | None]
    definition: str


def _per_step(line: Mapping[str, Any]) -> float | None:
    return line["r"] / line["l"] if line.get("l") else None


_MEASURES = {
    "Failed episodes": _Measure(
        "%",
        lambda line: None if line.get("failed") is None else 100 * line["failed"],
        "Share of the episodes of a chapter in which the body lost its reference. Where the assist limits fall as "
        "episodes succeed, it stays level while the task becomes harder.",
    ),
    "Assist limit": _Measure(
        "N", lambda line: line.get("limit"), "Mean limit of the assist in the episodes that ended."
    ),
    "Assist": _Measure("N", lambda line: line.get("force"), "Mean norm of the assist force over the episodes."),
    "Distance": _Measure(
        "mm",
        lambda line: None if line.get("distance") is None else 1000 * line["distance"],
        "Mean distance of the joints to the reference over the episodes.",
    ),
    "Reward a step": _Measure("", _per_step, "Reward of an episode divided by its length, mean over the chapter."),
    "Episode length": _Measure("control steps", lambda line: line.get("l"), "Mean length of the episodes."),
    "Learning rate": _Measure("", lambda line: line.get("rate"), "Learning rate of the actor at the chapter's end."),
    "Noise": _Measure("", lambda line: line.get("noise"), "Standard deviation of the exploration noise."),
    "Throughput": _Measure(
        "control steps/s", lambda line: line.get("steps_per_second"), "Control steps of all bodies a second."
    ),
}
DEFINITIONS = {name: measure.definition for name, measure in _MEASURES.items()}
"""What the numbers of a training mean."""


def training_charts(lines: Sequence[Mapping[str, Any]]) -> str:
    """Return the section of the charts of a training; those that never change are folded.

    Args:
        lines: of the training's curve, at least one.
    """
    shown, constant, names = [], [], []
    for name, measure in _MEASURES.items():
        rows = [(line["steps"], value) for line in lines if (value := measure.value(line)) is not None]
        if not rows:
            continue
        steps, values = zip(*rows, strict=True)
        curve = Curve(ROLE_COLORS["after"], steps, values, values, values, name)
        chart = figure(Term(name), measure.unit, chart_svg([curve], None, f"{name} over the steps", "step"))
        if is_constant([curve], _DIGITS) and len(lines) > 1:
            constant.append(chart)
            names.append(f"{name} {values[0]:g} {measure.unit}".strip())
        else:
            shown.append(chart)
    parts = [paragraph("Means over the episodes that ended in each chapter.", "note"), _charts(shown)]
    if constant:
        parts.append(folded(f"Constant: {'; '.join(names)}", _charts(constant)))
    return section("Over the training", *parts)


def _charts(figures: Sequence[str]) -> str:
    return f'<div class="charts">{"".join(figures)}</div>'
