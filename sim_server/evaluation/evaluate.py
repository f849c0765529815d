"""How well a corrector does on a set of clean motions that were corrupted on purpose."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from motion.metrics import motion_magnitude, mpjpe_global, mpjpe_local, physical_errors
from motion.motion import Motion
from motion.protocols import CorrectionOptions, Corrector
from motion.report import Correction, PhysicalErrors
from sim_server.evaluation.corruption import corrupted

HELP_LIMIT_N = 100.0  # clips that needed more than this are counted
_RESAMPLES = 2000


def _means(errors: Sequence[PhysicalErrors]) -> dict[str, float]:
    rows = [asdict(error) for error in errors]
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _spread(values: np.ndarray) -> dict[str, Any]:
    """Mean with its 95 % interval, median and 95th percentile over clips.

    The interval is the percentile bootstrap's (Efron, "Bootstrap methods", Annals of Statistics 7, 1979).
    """
    draws = np.random.default_rng(0).integers(len(values), size=(_RESAMPLES, len(values)))
    return {
        "mean": float(values.mean()),
        "interval": np.percentile(values[draws].mean(1), [2.5, 97.5]).tolist(),
        "median": float(np.median(values)),
        "p95": float(np.percentile(values, 95)),
    }


def _summary(clean: Sequence[Motion], corrections: Sequence[Correction]) -> dict[str, Any]:
    """What the corrections of corrupted `clean` motions have in common; distances are to the clean motions."""
    reports = [correction.report for correction in corrections]
    outputs = [correction.motion for correction in corrections]
    force = np.array([report.residual_force_n_mean for report in reports])
    torque = np.array([report.residual_torque_nm_mean for report in reports])
    pairs = [(out.positions, truth.positions) for out, truth in zip(outputs, clean, strict=True)]
    moved, wanted = (
        np.mean([motion_magnitude(each.positions, each.fps) for each in motions]) for motions in (outputs, clean)
    )
    needed = np.array([report.assist_limit_n for report in reports])
    return {
        "completed_share": float(np.mean([report.status == "OK" for report in reports])),
        "completed_strict_share": float(np.mean([report.completed_strict == 1.0 for report in reports])),
        "residual_force_n": _spread(force),
        "residual_torque_nm": _spread(torque),
        "over_100_n_share": float(np.mean(needed > HELP_LIMIT_N)),
        "assist_free_share": float(np.mean(needed == 0)),
        "attempts": float(np.mean([report.attempts for report in reports])),
        "mpjpe_global_mm": float(np.mean([mpjpe_global(*pair) for pair in pairs])),
        "mpjpe_local_mm": float(np.mean([mpjpe_local(*pair) for pair in pairs])),
        "phys_err_mm": _spread(np.array([report.after.phys_err_mm for report in reports])),
        "motion_magnitude_ratio": float(moved / max(wanted, 1e-9)),
        "clean": _means([physical_errors(truth.positions, truth.fps) for truth in clean]),
        "before": _means([report.before for report in reports]),
        "after": _means([report.after for report in reports]),
    }


def evaluate(
    corrector: Corrector,
    motions: Sequence[Motion],
    kind: str = "clean",
    seed: int = 0,
    options: CorrectionOptions | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Corrupt clean `motions`, correct them, and measure what came back against what they were.

    Args:
        corrector: in-process or remote.
        motions: clean motions, each with its floor at 0.
        kind: a key of `corruption.CORRUPTIONS`.
        seed: of the corruption and of the correction.
        options: how to correct.
        progress: called with (done, all).
    """
    faulty = [corrupted(motion, kind, seed) for motion in motions]
    start = time.perf_counter()
    corrections = corrector.correct(faulty, seed, options, progress)
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


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Results of `evaluate` as a Markdown table; arrows lead from the corrupted input to the corrected output.

    Policy, limit of the assist and effort are columns where they differ.
    """
    shown = [
        (title, cell)
        for title, cell in _COLUMNS
        if title not in ("policy", "assist", "effort") or len({cell(row) for row in rows}) > 1
    ]
    lines = [[title for title, _ in shown], ["---"] * len(shown)]
    lines += [[cell(row) for _, cell in shown] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
