"""Means over motions and over reports, as JSON documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from motion.metrics import mean_errors, motion_magnitude, physical_errors
from motion.motion import Motion
from motion.report import Report

_AVERAGED = (
    "completed", "mpjpe_global_mm", "mpjpe_local_mm", "residual_force_n_mean", "residual_torque_nm_mean",
    "assist_limit_n", "attempts",
)  # fmt: skip


def summarize(reports: Sequence[Report]) -> dict[str, Any]:
    """Summarize the reports of many corrections.

    Returns:
        The counts `motions`, `ok`, `assisted` and `failed`. If there are reports, also the mean over motions of the
        numbers of a report, under the same names, with the mean physical errors `before` and `after`. `completed` is
        the mean share of frames until failure, `completed_share` the share of motions that are OK or ASSISTED,
        `residual_force_n_max` the largest force and `seconds` the sum of the simulated time.
    """
    if not reports:
        return {"motions": 0, "ok": 0, "assisted": 0, "failed": 0}
    count = Counter(report.status for report in reports)
    return {
        "motions": len(reports),
        "ok": count["OK"],
        "assisted": count["ASSISTED"],
        "failed": count["FAILED"],
        "completed_share": 1 - count["FAILED"] / len(reports),
        **{name: float(np.mean([getattr(report, name) for report in reports])) for name in _AVERAGED},
        "before": asdict(mean_errors([report.before for report in reports])),
        "after": asdict(mean_errors([report.after for report in reports])),
        "residual_force_n_max": max(report.residual_force_n_max for report in reports),
        "seconds": sum(report.seconds for report in reports),
    }


def summarize_motions(motions: Sequence[Motion]) -> dict[str, float] | None:
    """Compute the mean physical errors of motions, and `speed_m_s`, the mean speed of their joints.

    Returns:
        The means under the names of `PhysicalErrors`; None if there are no motions.
    """
    if not motions:
        return None
    errors = mean_errors([physical_errors(motion.positions, motion.fps) for motion in motions])
    speed = np.mean([motion_magnitude(motion.positions, motion.fps) for motion in motions])
    return {**asdict(errors), "speed_m_s": float(speed)}
