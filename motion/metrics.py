"""Physical errors of a motion and its distances to a reference motion.

Every metric is defined here and nowhere else, for positions (frames, 22, 3) in metres, Y up, floor at y = 0. T frames
have T poses, T - 1 steps, T - 2 second differences and T - 3 third differences; the docstrings say over which of these
the mean is taken. The mean over nothing, for a motion that is too short, is 0. The numbers of a set are means over its
motions.

Real motion does not score 0, because joint centres lie above the sole and a real jump floats. Report the same numbers
for clean motion capture beside a result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from motion.array_types import BoolArray, FloatArray
from motion.errors import InvalidInput
from motion.skeleton import TOES

FLOOR_TOLERANCE_M = 0.005
SKATE_HEIGHT_M = 0.05
SKATE_SPEED_M_S = 0.5
SKATE_WINDOW_FRAMES = 5
COMPLETION_LIMIT_M = 0.5
"""Distance to the reference at which a frame has failed (UHC, see `completion`)."""

_PLANE = (0, 2)
_MM = 1000.0


@dataclass(frozen=True)
class PhysicalErrors:
    """Physical errors of one motion, or their means over several; each is computed by the function of the same name.

    Attributes:
        penetrate_mm: depth of the lowest joint below the floor, mean over frames.
        float_mm: height of the lowest joint above the floor, mean over frames.
        skate_mm: horizontal movement of the lowest joint while it is on the floor, mean over steps.
        phys_err_mm: the sum of the three.
        skate_ratio: share of steps in which a toe joint skates, in [0, 1].
        jitter_m_s3: norm of the joints' third derivative, mean over joints and frames.
        accel_m_s2: norm of the joints' acceleration, mean over joints and frames.
    """

    penetrate_mm: float
    float_mm: float
    skate_mm: float
    phys_err_mm: float
    skate_ratio: float
    jitter_m_s3: float
    accel_m_s2: float


def mean_errors(errors: Sequence[PhysicalErrors]) -> PhysicalErrors:
    """Compute the mean of physical errors over motions, each counting once.

    Raises:
        InvalidInput: there are none.
    """
    if not errors:
        raise InvalidInput.of("errors", "are none; must be at least one")
    names = [field.name for field in fields(PhysicalErrors)]
    return PhysicalErrors(*(float(np.mean([getattr(each, name) for each in errors])) for name in names))


def physical_errors(positions: FloatArray, fps: float) -> PhysicalErrors:
    """Compute all physical errors of one motion.

    Args:
        positions: (frames, 22, 3) joint positions, metres.
        fps: frames per second.
    """
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


def penetrate_mm(positions: FloatArray) -> float:
    """Compute the depth of the lowest joint below -5 mm, else 0; mean over the T frames, mm.

    PhysDiff (Yuan et al., ICCV 2023, section 4) defines it for the lowest vertex of the body mesh; here it is the
    lowest joint, as in CLoSD (Tevet et al., ICLR 2025).
    """
    lowest = positions[..., 1].min(axis=1)
    return _mean(np.maximum(0.0, -(lowest + FLOOR_TOLERANCE_M))) * _MM


def float_mm(positions: FloatArray) -> float:
    """Compute the height of the lowest joint above 5 mm, else 0; mean over the T frames, mm.

    Sources as for `penetrate_mm`.
    """
    lowest = positions[..., 1].min(axis=1)
    return _mean(np.maximum(0.0, lowest - FLOOR_TOLERANCE_M)) * _MM


def skate_mm(positions: FloatArray) -> float:
    """Compute the horizontal movement of the lowest joint while it is on the floor; mean over the T - 1 steps, mm.

    The joint is the lowest one at t, and it moves from t to t + 1. Steps in which it is higher than 5 mm at either
    time count as 0. Sources as for `penetrate_mm`.
    """
    before, after = positions[:-1], positions[1:]
    lowest = before[..., 1].argmin(axis=1) if len(before) else np.zeros(0, np.intp)
    step = np.arange(len(lowest))
    start, end = before[step, lowest], after[step, lowest]
    low = (start[:, 1] <= FLOOR_TOLERANCE_M) & (end[:, 1] <= FLOOR_TOLERANCE_M)
    return _mean(np.linalg.norm((end - start)[:, _PLANE], axis=-1) * low) * _MM


def skate_ratio(positions: FloatArray, fps: float) -> float:
    """Compute the share of the T - 1 steps in which a toe joint (10 or 11) skates.

    A toe skates in a step if it is below 5 cm at t and t + 1 and its horizontal speed is above 0.5 m/s, both in this
    step and in the mean over the 5 steps around it (speeds beyond the ends count as 0). The definition is that of
    Guided Motion Diffusion (Karunratanakul et al., ICCV 2023), extended to any frame rate.
    """
    from scipy.ndimage import uniform_filter1d  # slow to import, and only needed here

    toes = positions[:, TOES]
    speed = np.linalg.norm(np.diff(toes[..., _PLANE], axis=0), axis=-1) * fps
    average = uniform_filter1d(speed, SKATE_WINDOW_FRAMES, axis=0, mode="constant") if len(speed) else speed
    low = toes[..., 1] < SKATE_HEIGHT_M
    fast = (speed > SKATE_SPEED_M_S) & (average > SKATE_SPEED_M_S)
    return _mean((low[:-1] & low[1:] & fast).any(axis=1))


def accel_m_s2(positions: FloatArray, fps: float) -> float:
    """Compute the norm of the joints' acceleration by second differences; mean over joints, T - 2 frames, m/s²."""
    return _mean(np.linalg.norm(np.diff(positions, 2, axis=0), axis=-1)) * fps**2


def jitter_m_s3(positions: FloatArray, fps: float) -> float:
    """Compute the norm of the joints' jerk by third differences; mean over joints, T - 3 frames, m/s³."""
    return _mean(np.linalg.norm(np.diff(positions, 3, axis=0), axis=-1)) * fps**3


def motion_magnitude(positions: FloatArray, fps: float) -> float:
    """Compute the speed of the joints; mean over joints and T - 1 steps, m/s.

    It exposes a corrector that lowers the physical errors of a motion by freezing it.
    """
    return _mean(np.linalg.norm(np.diff(np.asarray(positions, np.float64), axis=0), axis=-1)) * fps


def mpjpe_global(positions: FloatArray, reference: FloatArray) -> float:
    """Compute the distance of the joints to the reference in the world; mean over joints and T frames, mm.

    Args:
        positions: (frames, 22, 3) joint positions, metres.
        reference: positions of the same shape.

    Raises:
        InvalidInput: the shapes differ.
    """
    return _mean(_joint_distances(positions, reference)) * _MM


def mpjpe_local(positions: FloatArray, reference: FloatArray) -> float:
    """Compute `mpjpe_global` after each frame's pelvis is moved to the origin; rotations stay, mm."""
    positions, reference = np.asarray(positions, np.float64), np.asarray(reference, np.float64)
    return mpjpe_global(positions - positions[:, :1], reference - reference[:, :1])


def completion(
    positions: FloatArray, reference: FloatArray, limit: float = COMPLETION_LIMIT_M, strict: bool = False
) -> tuple[float, bool]:
    """Compute how long a motion follows its reference.

    A frame has failed if the mean distance of its joints to the reference reaches the limit. This is the rule of UHC
    (Luo et al., NeurIPS 2021) and of PHC's evaluation, here over all 22 joints. A frame with values that are not finite
    has failed as well.

    Args:
        positions: (frames, 22, 3) joint positions, metres.
        reference: positions of the same shape.
        limit: the limit, metres.
        strict: apply the limit to every single joint, as PHC does in training.

    Returns:
        The share of the T frames before the first failure, and whether no frame failed.

    Raises:
        InvalidInput: the shapes differ.
    """
    distances = _joint_distances(positions, reference)
    worst = distances.max(axis=1, initial=0.0) if strict else distances.mean(axis=1)
    failed = ~(worst < limit)
    if not failed.any():
        return 1.0, True
    return float(failed.argmax() / len(failed)), False


def _joint_distances(positions: FloatArray, reference: FloatArray) -> FloatArray:
    positions, reference = np.asarray(positions, np.float64), np.asarray(reference, np.float64)
    if positions.shape != reference.shape:
        raise InvalidInput.of("positions", f"has shape {positions.shape}; the reference has {reference.shape}")
    return np.linalg.norm(positions - reference, axis=-1)


def _mean(values: FloatArray | BoolArray) -> float:
    return float(values.mean()) if values.size else 0.0
