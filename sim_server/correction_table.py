"""The reports of several corrections as a table for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from motion.report import Report
from motion.shell.tables import text_table
from motion.summary import summarize

_HEADER = (
    "motion", "status", "frames", "phys_err mm", "skate ratio", "mpjpe mm", "local mm", "force N", "assist N",
    "attempts",
)  # fmt: skip


def correction_table(ids: Sequence[str], frames: Sequence[int], reports: Sequence[Report], max_rows: int = 40) -> str:
    """Format one row per motion, failed motions first, and one with the means of several motions.

    Args:
        ids: names of the motions.
        frames: lengths of the motions, in frames.
        reports: the report of each motion; arrows lead from the errors before to those after the correction.
        max_rows: rows of motions that are shown; a line says how many more there are.
    """
    order = sorted(range(len(ids)), key=lambda i: reports[i].status == "OK")
    rows = [(ids[i], *_cells(reports[i].to_json(), reports[i].status, frames[i])) for i in order[:max_rows]]
    if len(reports) > 1:
        total = summarize(reports)
        rows.append((f"all {len(ids)}", *_cells(total, f"{total['ok']} OK", sum(frames))))
    lines = text_table(_HEADER, rows).split("\n")
    if len(order) > max_rows:
        lines.insert(-1, f"... and {len(order) - max_rows} more")
    return "\n".join(lines)


def _cells(values: dict[str, Any], status: str, frames: int) -> tuple[str, ...]:
    before, after = values["before"], values["after"]
    return (
        status,
        str(frames),
        f"{before['phys_err_mm']:.1f} -> {after['phys_err_mm']:.1f}",
        f"{before['skate_ratio']:.2f} -> {after['skate_ratio']:.2f}",
        f"{values['mpjpe_global_mm']:.1f}",
        f"{values['mpjpe_local_mm']:.1f}",
        f"{values['residual_force_n_mean']:.1f}",
        f"{values['assist_limit_n']:.0f}",
        f"{values['attempts']:.3g}",
    )
