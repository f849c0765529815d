"""What many reports say together, for programs and for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from motion.report import PhysicalErrors, Report

_MEANS = (
    "completed", "mpjpe_global_mm", "mpjpe_local_mm", "residual_force_n_mean", "residual_torque_nm_mean",
    "assist_limit_n", "attempts",
)  # fmt: skip
_HEADER = ("status", "frames", "phys_err mm", "skate ratio", "mpjpe mm", "local mm", "force N", "assist N", "tries")


def summarize(reports: Sequence[Report]) -> dict[str, Any]:
    """Counts, and means over the motions, each counting once, under the names that one report has them by.

    `completed` is the mean share of frames until failure; `ok_share` the share of motions that did not fail.
    `residual_force_n_max` is the largest, `seconds` the sum.
    """
    if not reports:
        return {"motions": 0, "ok": 0, "failed": 0}
    ok = sum(report.status == "OK" for report in reports)
    summary: dict[str, Any] = {"motions": len(reports), "ok": ok, "failed": len(reports) - ok}
    summary["ok_share"] = ok / len(reports)
    summary |= {name: _mean([getattr(report, name) for report in reports]) for name in _MEANS}
    for side in ("before", "after"):
        summary[side] = {
            field.name: _mean([getattr(getattr(report, side), field.name) for report in reports])
            for field in fields(PhysicalErrors)
        }
    summary["residual_force_n_max"] = max(report.residual_force_n_max for report in reports)
    summary["seconds"] = sum(report.seconds for report in reports)
    return summary


def table(ids: Sequence[str], frames: Sequence[int], reports: Sequence[Report], rows: int = 40) -> str:
    """A line a motion, the failed ones first and at most `rows` of them, then one for all; errors before -> after."""
    order = sorted(range(len(ids)), key=lambda i: reports[i].status == "OK")
    lines = [("motion", *_HEADER)]
    lines += [(ids[i], *_cells(reports[i].to_json(), reports[i].status, frames[i])) for i in order[:rows]]
    total = summarize(reports)
    if reports:
        lines.append((f"all {len(ids)}", *_cells(total, f"{total['ok']} OK", sum(frames))))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    text = ["  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in lines]
    if len(order) > rows:
        text.insert(-1, f"... and {len(order) - rows} more")
    return "\n".join(text)


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


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
