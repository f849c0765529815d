"""The page of an evaluation: what came out, a table with intervals, and the extreme motions of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from motion.intervals import half_width
from motion.motion import Motion
from motion.report import Correction
from motion.shell.atomic import atomic_path
from motion.viewing.correction_page import correction_scene
from motion.viewing.html_player import Scene, scenes_html
from motion.viewing.page_elements import Term, definitions, page, paragraph, section, table

_SHARES = {
    "completed": "completed_share",
    "without assist": "assist_free_share",
    "limit over 100 N": "over_100_n_share",
}
_MEANS = {"assist": ("residual_force_n", "N"), "assist torque": ("residual_torque_nm", "N m"),
          "physical error": ("phys_err_mm", "mm")}  # fmt: skip
_PLAIN = {"moved in the world": ("mpjpe_global_mm", "mm"), "moved about the pelvis": ("mpjpe_local_mm", "mm")}
RESULT_DEFINITIONS = {
    "completed": "Share of the motions that the body did not lose: the mean joint distance stayed below 0.5 m.",
    "without assist": "Share of the motions that needed no assist at all.",
    "limit over 100 N": "Share of the motions that needed an assist limit of more than 100 N in some window.",
    "assist": "Norm of the root force that neither gravity, inertia nor contact explains, mean over time. "
    "The body weighs about 700 N.",
    "assist torque": "Norm of the root torque that neither gravity, inertia nor contact explains, mean over time.",
    "physical error": "Penetration, floating and skating of the lowest joint, of the corrected motions. The number "
    "before the arrow is that of the input.",
    "moved in the world": "Mean distance of the joints between the correction and the clean original.",
    "moved about the pelvis": "The same with the pelvis of both at one place.",
}
"""What the numbers of an evaluation mean."""


@dataclass(frozen=True)
class EvaluatedRow:
    """One row of an evaluation, and the motions that it is about.

    Attributes:
        row: the result of `evaluate`, with `set`, `assist` and `effort`.
        motions: the corrupted motions.
        corrections: of these motions, in the same order.
    """

    row: Mapping[str, Any]
    motions: Sequence[Motion]
    corrections: Sequence[Correction]

    @property
    def title(self) -> str:
        """What is evaluated, in a few words."""
        row = self.row
        return f"{row['set']}, {row['corrupt']}: {row['policy']}, assist {row['assist']}, effort {row['effort']}"


def write_evaluation_page(path: Path, rows: Sequence[EvaluatedRow]) -> None:
    """Write the page of an evaluation, atomically.

    Args:
        path: of the page.
        rows: at least one.
    """
    title = "Evaluation of " + ", ".join(dict.fromkeys(str(each.row["set"]) for each in rows))
    scenes = [scene for each in rows for scene in _extreme_scenes(each, len(rows) > 1)]
    parts = [
        f"<h1>{escape(title)}</h1>",
        paragraph(conclude(rows), "lead"),
        _table(rows),
        section(
            "Worst, median and best",
            paragraph("By status, then by assist, then by physical error. Drag to turn, space to play.", "note"),
            f'<div class="player">{scenes_html(scenes)}</div>',
        ),
        definitions(RESULT_DEFINITIONS),
    ]
    with atomic_path(path) as temporary:
        temporary.write_text(page(title, parts), encoding="utf-8")


def conclude(rows: Sequence[EvaluatedRow]) -> str:
    """Say in a sentence what came out of the first row, and how the second differs, if both are of the same motions."""
    row, first = rows[0].row, rows[0]
    assist = row["residual_force_n"]
    sentence = (
        f"{row['completed_share']:.0%} of {row['clips']} motions were completed, {row['assist_free_share']:.0%} "
        f"without any assist; it is {_with_interval(assist)} N on average"
    )
    if len(rows) == 1:
        return f"{sentence}."
    if not all(_same_motions(first, other) for other in rows[1:]):
        return f"{first.title}: {sentence}; the other {len(rows) - 1} rows are below."
    clauses = []
    for other in rows[1:]:
        difference = _assists(other) - _assists(first)
        mean, half = float(difference.mean()), float(half_width(difference)) if len(difference) > 1 else np.inf
        size = f"{abs(mean):.1f} ± {half:.1f} N"
        if abs(mean) > half:
            clauses.append(f"{other.title} needs {size} {'less' if mean < 0 else 'more'}")
        else:
            clauses.append(f"no difference of {other.title} in assist can be shown ({mean:+.1f} ± {half:.1f} N)")
    return f"{first.title}: {sentence}; {'; '.join(clauses)} (paired by motion, 95 % intervals)."


def _same_motions(first: EvaluatedRow, other: EvaluatedRow) -> bool:
    return all(first.row[key] == other.row[key] for key in ("set", "corrupt", "clips", "seed"))


def _assists(each: EvaluatedRow) -> np.ndarray:
    return np.array([correction.report.residual_force_n_mean for correction in each.corrections])


def _with_interval(numbers: Mapping[str, Any], digits: int = 1) -> str:
    text = f"{numbers['mean']:.{digits}f}"
    bounds = numbers["interval"]
    return text if bounds is None else f"{text} ± {(bounds[1] - bounds[0]) / 2:.{digits}f}"


def _table(rows: Sequence[EvaluatedRow]) -> str:
    cells = []
    for each in rows:
        row = each.row
        shares = [_share(row[key], row["clips"]) for key in _SHARES.values()]
        means = [_with_interval(row[key]) for key, _ in _MEANS.values()]
        means[-1] = f"{row['before']['phys_err_mm']:.1f} → {means[-1]}"
        cells.append([escape(each.title), *shares, *means, *(_distance(row, key) for key, _ in _PLAIN.values())])
    heads = ["", *map(Term, _SHARES), *(Term(name, f"{name}, {unit}") for name, (_, unit) in (_MEANS | _PLAIN).items())]
    note = (
        "± is half the width of the 95 % confidence interval of the mean over the motions (Student's t); a share has "
        "its 95 % interval behind it (Wilson's)."
    )
    return table(heads, cells) + paragraph(note, "note")


def _share(share: float, count: int) -> str:
    """Format a share of motions with its Wilson score interval."""
    bounds = binomtest(round(share * count), count).proportion_ci(method="wilson")
    return f"{share:.0%} ({100 * bounds.low:.0f} to {bounds.high:.0%})"


def _distance(row: Mapping[str, Any], key: str) -> str:
    """Format a mean distance, with its interval where the row has one."""
    return _with_interval({"mean": row[key], "interval": row.get(f"{key}_interval")}, 0)


def _extreme_scenes(each: EvaluatedRow, several: bool) -> list[Scene]:
    """Return the scenes of the worst, the median and the best motion of a row."""
    badness = [
        (c.report.status == "FAILED", c.report.residual_force_n_mean, c.report.after.phys_err_mm)
        for c in each.corrections
    ]
    ranked = sorted(range(len(badness)), key=badness.__getitem__, reverse=True)
    places = {"worst": ranked[0], "median": ranked[(len(ranked) - 1) // 2], "best": ranked[-1]}
    scenes = []
    for word, index in places.items():
        scene = correction_scene(each.motions[index], each.corrections[index])
        start = f"{each.title}, " if several else ""
        scenes.append(replace(scene, title=f"{start}{word}: {scene.title}"))
    return scenes
