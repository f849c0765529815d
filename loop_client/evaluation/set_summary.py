"""Means over sets of motions and of corrections, as plain documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from motion.metrics import motion_magnitude, physical_errors
from motion.motion import Motion
from motion.report import PhysicalErrors, Report

_REPORTED = (
    "completed", "mpjpe_global_mm", "mpjpe_local_mm", "residual_force_n_mean", "residual_torque_nm_mean",
    "assist_limit_n",
)  # fmt: skip


def summarize_motions(motions: Sequence[Motion]) -> dict[str, float] | None:
    """Mean physical errors of motions, and `speed_m_s`, the mean speed of their joints; None of no motions."""
    if not motions:
        return None
    errors = _mean_errors(physical_errors(motion.positions, motion.fps) for motion in motions)
    speed = np.mean([motion_magnitude(motion.positions, motion.fps) for motion in motions])
    return {**errors, "speed_m_s": float(speed)}


def summarize_reports(reports: Sequence[Report]) -> dict[str, Any] | None:
    """Means over reports: errors `before` and `after`, the share that came back OK, how far, how much assist.

    None of no reports.
    """
    if not reports:
        return None
    return {
        "motions": len(reports),
        "failed": sum(report.status != "OK" for report in reports),
        "share_ok": float(np.mean([report.status == "OK" for report in reports])),
        **{name: float(np.mean([getattr(report, name) for report in reports])) for name in _REPORTED},
        "before": _mean_errors(report.before for report in reports),
        "after": _mean_errors(report.after for report in reports),
    }


def _mean_errors(errors: Iterable[PhysicalErrors]) -> dict[str, float]:
    rows = [asdict(item) for item in errors]
    return {field.name: float(np.mean([row[field.name] for row in rows])) for field in fields(PhysicalErrors)}
