"""The reports of several corrections as a table for a terminal, and the sentences below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from motion.report import Report
from motion.shell.tables import text_table
from motion.summary import summarize

_HEADER = (
    "motion", "status", "completed", "frames", "phys_err mm", "skate ratio", "mpjpe mm", "local mm", "assist N",
    "limit N", "attempts",
)  # fmt: skip
_ORDER = ("FAILED", "ASSISTED", "OK")

LEGEND = (
    "assist N: mean force on the body that no contact explains, help from nowhere; limit N: its highest limit;\n"
    "skate ratio: share of frames in which a toe slides; attempts: simulations begun; ASSISTED: completed, but carried"
)
"""What the columns mean that do not say it themselves."""


def correction_table(ids: Sequence[str], frames: Sequence[int], reports: Sequence[Report], max_rows: int = 40) -> str:
    """Format one row per motion, failed motions first, then assisted ones, and one with the means of several motions.

    Args:
        ids: names of the motions.
        frames: lengths of the motions, in frames.
        reports: the report of each motion; arrows lead from the errors before to those after the correction.
        max_rows: rows of motions that are shown; a line says how many more there are.
    """
    order = _worst_first(reports)
    rows = [(ids[i], *_cells(reports[i].to_json(), reports[i].status, frames[i])) for i in order[:max_rows]]
    if len(reports) > 1:
        total = summarize(reports)
        counts = [f"{total['ok']} OK", *(f"{total[s.lower()]} {s}" for s in ("ASSISTED", "FAILED") if total[s.lower()])]
        rows.append((f"all {len(ids)}", *_cells(total, ", ".join(counts), sum(frames))))
    lines = text_table(_HEADER, rows).split("\n")
    if len(order) > max_rows:
        lines.insert(-1, f"... and {len(order) - max_rows} more")
    return "\n".join(lines)


def correction_remarks(ids: Sequence[str], reports: Sequence[Report], max_lines: int = 20) -> list[str]:
    """Say of each motion that failed or was assisted why, and what else its report notes, in one sentence each.

    Args:
        ids: names of the motions.
        reports: the report of each motion.
        max_lines: sentences that are returned; one more says how many are left out.
    """
    lines = []
    for i in _worst_first(reports):
        if reports[i].reason:
            lines.append(f"{ids[i]}: {reports[i].status}, {reports[i].reason}")
        lines += [f"{ids[i]}: {note}" for note in reports[i].notes]
    more = len(lines) - max_lines
    return lines[:max_lines] + ([f"... and {more} more remarks, see the reports"] if more > 0 else [])


def _worst_first(reports: Sequence[Report]) -> list[int]:
    return sorted(range(len(reports)), key=lambda i: _ORDER.index(reports[i].status))


def _cells(values: dict[str, Any], status: str, frames: int) -> tuple[str, ...]:
    before, after = values["before"], values["after"]
    return (
        status,
        f"{values['completed']:.0%}",
        str(frames),
        f"{before['phys_err_mm']:.1f} -> {after['phys_err_mm']:.1f}",
        f"{before['skate_ratio']:.2f} -> {after['skate_ratio']:.2f}",
        f"{values['mpjpe_global_mm']:.1f}",
        f"{values['mpjpe_local_mm']:.1f}",
        f"{values['residual_force_n_mean']:.1f}",
        f"{values['assist_limit_n']:.0f}",
        f"{values['attempts']:.3g}",
    )
