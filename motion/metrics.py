"""How far a motion is from what a body can do, and from another motion.

Every definition stands here once, for positions (frames, 22, 3) in metres, Y up, floor at y = 0. T frames have T poses,
T - 1 steps between neighbours, T - 2 second and T - 3 third differences; each mean says over which of these it runs. A
mean over nothing (a motion too short to have any) is 0. Numbers of a set are means over its motions.

Real motion does not score 0: joint centres lie above the sole, and a real jump floats. Print the same numbers of clean
motion capture beside a result.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter1d

from motion.errors import InvalidInput
from motion.report import PhysicalErrors
from motion.skeleton import TOES

FLOOR_TOLERANCE_M = 0.005
SKATE_HEIGHT_M = 0.05
SKATE_SPEED_M_S = 0.5
SKATE_WINDOW_FRAMES = 5
COMPLETION_LIMIT_M = 0.5

_PLANE = (0, 2)
_MM = 1000.0


def physical_errors(positions: np.ndarray, fps: float) -> PhysicalErrors:
    """All physical errors of one motion (frames, 22, 3) at `fps` frames per second."""
    positions = np.asarray(positions, np.float64)
    penetrate, float_, skate = penetrate_mm(positions), float_mm(positions), skate_mm(positions)
    return PhysicalErrors(
        penetrate_mm=penetrate,
        float_mm=float_,
        skate_mm=skate,
        phys_err_mm=penetrate + float_ + skate,
        skate_ratio=skate_ratio(positions, fps),
        jitter_m_s3=jitter_m_s3(positions, fps),
        accel_m_s2=accel_m_s2(positions, fps),
    )


def penetrate_mm(positions: np.ndarray) -> float:
    """Depth of the lowest joint below -5 mm, else 0; mean over the T frames, mm.

    PhysDiff (Yuan et al., ICCV 2023, section 4), whose lowest mesh vertex is the lowest joint here, as in CLoSD
    (Tevet et al., ICLR 2025).
    """
    lowest = positions[..., 1].min(axis=1)
    return _mean(np.maximum(0.0, -(lowest + FLOOR_TOLERANCE_M))) * _MM


def float_mm(positions: np.ndarray) -> float:
    """Height of the lowest joint above 5 mm, else 0; mean over the T frames, mm. Sources as for `penetrate_mm`."""
    lowest = positions[..., 1].min(axis=1)
    return _mean(np.maximum(0.0, lowest - FLOOR_TOLERANCE_M)) * _MM


def skate_mm(positions: np.ndarray) -> float:
    """Horizontal move of the joint that is lowest at t, from t to t + 1, where it is at most 5 mm high at both.

    Other steps count as 0; mean over the T - 1 steps, mm. Sources as for `penetrate_mm`.
    """
    before, after = positions[:-1], positions[1:]
    lowest = before[..., 1].argmin(axis=1) if len(before) else np.zeros(0, np.intp)
    step = np.arange(len(lowest))
    start, end = before[step, lowest], after[step, lowest]
    low = (start[:, 1] <= FLOOR_TOLERANCE_M) & (end[:, 1] <= FLOOR_TOLERANCE_M)
    return _mean(np.linalg.norm((end - start)[:, _PLANE], axis=-1) * low) * _MM


def skate_ratio(positions: np.ndarray, fps: float) -> float:
    """Share of the T - 1 steps in which a toe joint (10 or 11) skates.

    It does when it is below 5 cm at t and t + 1 and its speed in the plane is above 0.5 m/s, both in this step and in
    the mean over the 5 steps around it (speeds beyond the ends are 0). Guided Motion Diffusion (Karunratanakul et al.,
    ICCV 2023), made to hold at any `fps`.
    """
    toes = positions[:, TOES]
    speed = np.linalg.norm(np.diff(toes[..., _PLANE], axis=0), axis=-1) * fps
    average = uniform_filter1d(speed, SKATE_WINDOW_FRAMES, axis=0, mode="constant") if len(speed) else speed
    low = toes[..., 1] < SKATE_HEIGHT_M
    fast = (speed > SKATE_SPEED_M_S) & (average > SKATE_SPEED_M_S)
    return _mean((low[:-1] & low[1:] & fast).any(axis=1))


def accel_m_s2(positions: np.ndarray, fps: float) -> float:
    """Norm of the second difference of joint positions times fps squared; mean over joints and T - 2 frames, m/s²."""
    return _mean(np.linalg.norm(np.diff(positions, 2, axis=0), axis=-1)) * fps**2


def jitter_m_s3(positions: np.ndarray, fps: float) -> float:
    """Norm of the third difference of joint positions times fps cubed; mean over joints and T - 3 frames, m/s³."""
    return _mean(np.linalg.norm(np.diff(positions, 3, axis=0), axis=-1)) * fps**3


def motion_magnitude(positions: np.ndarray, fps: float) -> float:
    """Mean speed of the joints over joints and T - 1 steps, m/s.

    Shows a corrector that makes a motion sound by freezing it.
    """
    return _mean(np.linalg.norm(np.diff(np.asarray(positions, np.float64), axis=0), axis=-1)) * fps


def mpjpe_global(positions: np.ndarray, reference: np.ndarray) -> float:
    """Mean distance of the joints to the reference's, in the world; over joints and T frames, mm.

    Raises:
        InvalidInput: the two have different shapes.
    """
    return _mean(_joint_distances(positions, reference)) * _MM


def mpjpe_local(positions: np.ndarray, reference: np.ndarray) -> float:
    """As `mpjpe_global`, after moving each frame's pelvis to the origin (no rotation is taken out), mm."""
    positions, reference = np.asarray(positions, np.float64), np.asarray(reference, np.float64)
    return mpjpe_global(positions - positions[:, :1], reference - reference[:, :1])


def completion(
    positions: np.ndarray, reference: np.ndarray, limit: float = COMPLETION_LIMIT_M, strict: bool = False
) -> tuple[float, bool]:
    """How far a motion keeps to its reference: (share of the T frames before the first failure, whether there is none).

    A frame fails when the mean distance of its joints is not below `limit` metres: the rule of UHC (Luo et al.,
    NeurIPS 2021) and of PHC's evaluation, here over all 22 joints. `strict` is PHC's training rule: no joint may be
    at `limit`. A frame that is not finite has failed.

    Raises:
        InvalidInput: the two have different shapes.
    """
    distances = _joint_distances(positions, reference)
    worst = distances.max(axis=1, initial=0.0) if strict else distances.mean(axis=1)
    failed = ~(worst < limit)
    if not failed.any():
        return 1.0, True
    return float(failed.argmax() / len(failed)), False


def _joint_distances(positions: np.ndarray, reference: np.ndarray) -> np.ndarray:
    positions, reference = np.asarray(positions, np.float64), np.asarray(reference, np.float64)
    if positions.shape != reference.shape:
        raise InvalidInput.of("positions", f"has shape {positions.shape}; the reference has {reference.shape}")
    return np.linalg.norm(positions - reference, axis=-1)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else 0.0
