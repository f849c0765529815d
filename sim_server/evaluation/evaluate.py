"""Evaluate a corrector: corrupt clean motions, correct them, and compare the results with the originals."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from motion.errors import InvalidInput
from motion.intervals import interval
from motion.metrics import mean_errors, motion_magnitude, mpjpe_global, mpjpe_local, physical_errors
from motion.motion import Motion
from motion.protocols import CorrectionOptions, Corrector, ProgressCallback
from motion.report import Correction
from motion.shell.tables import markdown_table
from sim_server.evaluation.corruption import corrupt

ASSIST_LIMIT_N = 100.0
"""Motions that need a higher assist limit are counted."""


def evaluate(
    corrector: Corrector,
    motions: Sequence[Motion],
    kind: str = "clean",
    seed: int = 0,
    options: CorrectionOptions | None = None,
    progress: ProgressCallback | None = None,
) -> dict[str, Any]:
    """Corrupt clean motions, correct them, and measure the results against the originals.

    Args:
        corrector: the corrector, in-process or remote.
        motions: clean motions with the floor at height 0.
        kind: kind of corruption, a key of `corruption.CORRUPTIONS`.
        seed: seed of the corruption and of the correction.
        options: how to correct.
        progress: called with the numbers of motions (done, all).

    Returns:
        A JSON document: means over the motions, some with their 95 % interval, median and 95th percentile.

    Raises:
        InvalidInput: there are no motions, or the corrector refuses one, the kind, the seed or an option.
    """
    if not motions:
        raise InvalidInput.of("motions", "are none; must be at least one")
    corrupted = [corrupt(motion, kind, seed) for motion in motions]
    start = time.perf_counter()
    corrections = corrector.correct(corrupted, seed, options, progress)
    seconds = time.perf_counter() - start
    frames = sum(len(motion) for motion in motions)
    return {
        "corrupt": kind,
        "clips": len(motions),
        "frames": frames,
        "policy": corrections[0].report.policy,
        "mujoco": corrections[0].report.mujoco,
        "seed": seed,
        **_summary(motions, corrections),
        "frames_per_second": frames / seconds,
    }


def _summary(clean: Sequence[Motion], corrections: Sequence[Correction]) -> dict[str, Any]:
    """Summarize the corrections of corrupted motions; distances are to the clean motions."""
    reports = [correction.report for correction in corrections]
    outputs = [correction.motion for correction in corrections]
    pairs = [(output.positions, truth.positions) for output, truth in zip(outputs, clean, strict=True)]
    output_speed, clean_speed = (
        np.mean([motion_magnitude(each.positions, each.fps) for each in motions]) for motions in (outputs, clean)
    )
    limits = np.array([report.assist_limit_n for report in reports])
    return {
        "completed_share": float(np.mean([report.status != "FAILED" for report in reports])),
        "completed_strict_share": float(np.mean([report.completed_strict == 1.0 for report in reports])),
        "residual_force_n": _distribution([report.residual_force_n_mean for report in reports]),
        "residual_torque_nm": _distribution([report.residual_torque_nm_mean for report in reports]),
        "over_100_n_share": float(np.mean(limits > ASSIST_LIMIT_N)),
        "assist_free_share": float(np.mean(limits == 0)),
        "kept_share": float(np.mean([report.kept for report in reports])),
        "attempts": float(np.mean([report.attempts for report in reports])),
        "mpjpe_global_mm": float(np.mean([mpjpe_global(*pair) for pair in pairs])),
        "mpjpe_local_mm": float(np.mean([mpjpe_local(*pair) for pair in pairs])),
        "phys_err_mm": _distribution([report.after.phys_err_mm for report in reports]),
        "motion_magnitude_ratio": float(output_speed / max(clean_speed, 1e-9)),
        "clean": asdict(mean_errors([physical_errors(truth.positions, truth.fps) for truth in clean])),
        "before": asdict(mean_errors([report.before for report in reports])),
        "after": asdict(mean_errors([report.after for report in reports])),
    }


def _distribution(numbers: Sequence[float]) -> dict[str, Any]:
    """Return the mean with its 95 % interval, the median and the 95th percentile."""
    values = np.array(numbers)
    return {
        "mean": float(values.mean()),
        "interval": interval(values),
        "median": float(np.median(values)),
        "p95": float(np.percentile(values, 95)),
    }


_COLUMNS: tuple[tuple[str, Callable[[dict[str, Any]], str]], ...] = (
    ("set", lambda row: row.get("set", "")),
    ("policy", lambda row: row["policy"]),
    ("assist", lambda row: row.get("assist", "auto")),
    ("effort", lambda row: str(row.get("effort", 1))),
    ("corrupt", lambda row: row["corrupt"]),
    ("clips", lambda row: str(row["clips"])),
    ("completed %", lambda row: f"{100 * row['completed_share']:.0f}"),
    ("strictly", lambda row: f"{100 * row['completed_strict_share']:.0f}"),
    ("force N", lambda row: f"{row['residual_force_n']['mean']:.0f}"),
    ("median", lambda row: f"{row['residual_force_n']['median']:.0f}"),
    ("p95", lambda row: f"{row['residual_force_n']['p95']:.0f}"),
    ("torque Nm", lambda row: f"{row['residual_torque_nm']['mean']:.0f}"),
    ("> 100 N %", lambda row: f"{100 * row['over_100_n_share']:.0f}"),
    ("free %", lambda row: f"{100 * row['assist_free_share']:.0f}"),
    ("penetrate mm", lambda row: f"{row['before']['penetrate_mm']:.1f} → {row['after']['penetrate_mm']:.2f}"),
    ("phys_err mm", lambda row: f"{row['before']['phys_err_mm']:.1f} → {row['after']['phys_err_mm']:.1f}"),
    ("clean", lambda row: f"{row['clean']['phys_err_mm']:.1f}"),
    ("jitter", lambda row: f"{row['before']['jitter_m_s3']:.0f} → {row['after']['jitter_m_s3']:.0f}"),
    ("MPJPE mm", lambda row: f"{row['mpjpe_global_mm']:.0f}"),
    ("local", lambda row: f"{row['mpjpe_local_mm']:.0f}"),
    ("magnitude", lambda row: f"{row['motion_magnitude_ratio']:.2f}"),
    ("frames/s", lambda row: f"{row['frames_per_second']:.0f}"),
)
_ONLY_IF_DIFFERENT = ("policy", "assist", "effort")


def evaluation_table(rows: Sequence[dict[str, Any]]) -> str:
    """Format results of `evaluate` as a Markdown table; arrows lead from the corrupted input to the output.

    The policy, the assist limit and the effort have columns only if they differ between the rows.
    """
    columns = [
        (title, cell)
        for title, cell in _COLUMNS
        if title not in _ONLY_IF_DIFFERENT or len({cell(row) for row in rows}) > 1
    ]
    return markdown_table([title for title, _ in columns], [[cell(row) for _, cell in columns] for row in rows])
