"""What the live page of a server shows: its queue and slots, its throughput, and how motions come out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from motion.viewing.figure_colors import OTHER_COLORS, ROLE_COLORS
from motion.viewing.line_chart import Curve, chart_svg
from motion.viewing.live_server import progress_html
from motion.viewing.page_elements import Term, definitions, facts, figure, paragraph, section

_STATUS_COLORS = {"OK": ROLE_COLORS["after"], "ASSISTED": OTHER_COLORS[1], "FAILED": ROLE_COLORS["before"]}

Sample = tuple[float, Mapping[str, float]]
"""A time [s], and the metrics that were read then, by name."""


class _Chart(NamedTuple):
    unit: str
    definition: str
    curves: Mapping[str, tuple[str, Callable[[Mapping[str, float], Mapping[str, float], float], float]]]


def _now(name: str) -> Callable[[Mapping[str, float], Mapping[str, float], float], float]:
    return lambda before, after, seconds: after.get(name, 0.0)


def _rate(name: str) -> Callable[[Mapping[str, float], Mapping[str, float], float], float]:
    """Return how much a counter grows a second; a server that was started anew begins at 0 again."""
    return lambda before, after, seconds: max(0.0, after.get(name, 0.0) - before.get(name, 0.0)) / seconds


_TEAL, _BLUE, _GOLD = ROLE_COLORS["after"], OTHER_COLORS[0], OTHER_COLORS[1]
_CHARTS = {
    "Waiting and running": _Chart(
        "motions",
        "Motions that wait for a slot, and motions that are being simulated.",
        {"waiting": (_GOLD, _now("plumb_queue_size")), "running": (_TEAL, _now("plumb_slots_busy"))},
    ),
    "Throughput": _Chart(
        "frames/s", "Frames of corrected motions that were answered.", {"frames": (_TEAL, _rate("plumb_frames_total"))}
    ),
    "Motions answered": _Chart(
        "motions/s",
        "Corrected motions by how they came out.",
        {status: (color, _rate(f"plumb_motions_total{{{status}}}")) for status, color in _STATUS_COLORS.items()},
    ),
    "Calls": _Chart("calls/s", "Calls that ended, refused ones too.", {"calls": (_BLUE, _rate("plumb_calls_total"))}),
    "Processor": _Chart(
        "cores", "Cores that the server and its workers keep busy.",
        {"cores": (_BLUE, _rate("process_cpu_time_seconds_total"))},
    ),
    "Memory": _Chart(
        "GB",
        "Resident memory of the server and its workers.",
        {"memory": (_BLUE, lambda before, after, seconds: after.get("process_memory_usage_bytes", 0.0) / 1e9)},
    ),
}  # fmt: skip


class ServerView:
    """What the live page of a server shows.

    Args:
        address: of its metrics.
        samples: what was read from it so far, at least once; others may add to it.

    Attributes:
        trouble: why the last look failed; empty if it did not.
    """

    def __init__(self, address: str, samples: Sequence[Sample]):
        self.trouble = ""
        self._address = address
        self._samples = samples

    @property
    def title(self) -> str:
        """The title of the page."""
        return f"Server at {self._address}"

    def motions(self) -> None:
        """Return None: a server keeps no motions."""
        return None

    def parts(self) -> Mapping[str, str]:
        """Return the parts of the page as they are now."""
        samples = list(self._samples)
        now = samples[-1][1]
        slots, busy, waiting = (now.get(name, 0.0) for name in ("plumb_slots", "plumb_slots_busy", "plumb_queue_size"))
        parts = {"trouble": paragraph(f"{self.trouble}.", "note")} if self.trouble else {}
        parts["slots"] = progress_html("Slots", busy / slots if slots else 0.0, f"{busy:.0f} of {slots:.0f} busy")
        parts["facts"] = facts({"waiting": f"{waiting:.0f} motions", **_totals(now)})
        parts["charts"] = section(
            "Since this page was opened", f'<div class="charts">{"".join(_charts(samples))}</div>'
        )
        parts["definitions"] = definitions({name: chart.definition for name, chart in _CHARTS.items()})
        return parts


def _totals(now: Mapping[str, float]) -> dict[str, str]:
    """Return what the server has done since it started."""
    counts = [f"{now.get(f'plumb_motions_total{{{status}}}', 0):.0f} {status}" for status in _STATUS_COLORS]
    totals = {"motions so far": f"{now.get('plumb_motions_total', 0.0):,.0f} ({', '.join(counts)})"}
    for name, metric, digits, unit in (
        ("wait, mean", "plumb_motion_wait_seconds", 2, "s"),
        ("computing, mean", "plumb_motion_compute_seconds", 2, "s"),
        ("assist, mean", "plumb_motion_assist_newtons", 1, "N"),
    ):
        if count := now.get(f"{metric}_count"):
            totals[name] = f"{now[f'{metric}_sum'] / count:.{digits}f} {unit}"
    metric = "plumb_motion_physical_error_millimeters"
    if all(now.get(f"{metric}_count{{{when}}}") for when in ("before", "after")):
        means = (now[f"{metric}_sum{{{when}}}"] / now[f"{metric}_count{{{when}}}"] for when in ("before", "after"))
        totals["physical error, mean"] = " → ".join(f"{mean:.1f}" for mean in means) + " mm"
    if "plumb_workers" in now:
        lost = now.get("plumb_workers_lost_total", 0.0)
        totals["worker processes"] = f"{now['plumb_workers']:.0f}, {lost:.0f} were lost and replaced"
    return totals


def _charts(samples: Sequence[Sample]) -> list[str]:
    start = samples[0][0]
    pairs = [(before, after) for before, after in pairwise(samples) if after[0] > before[0]]
    figures = []
    for name, chart in _CHARTS.items():
        curves = []
        for label, (color, value) in chart.curves.items():
            values = [value(before[1], after[1], after[0] - before[0]) for before, after in pairs]
            seconds = [round(after[0] - start, 1) for _, after in pairs]
            curves.append(Curve(color, seconds, values, values, values, label))
        figures.append(figure(Term(name), chart.unit, chart_svg(curves, None, name, "second")))
    return figures
