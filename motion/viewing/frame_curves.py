"""What a page plots below a motion: a number for each frame, whose mean is the metric of the same name."""

from __future__ import annotations

import numpy as np

from motion.array_types import FloatArray
from motion.metrics import float_mm, penetrate_mm, skate_mm

_MM = 1000.0


def lowest_joint_mm(positions: FloatArray) -> FloatArray:
    """Return the height of the lowest joint over the floor in each frame.

    Args:
        positions: (frames, 22, 3) joint positions [m].

    Returns:
        Heights (frames,) [mm].
    """
    return positions[..., 1].min(axis=1) * _MM


def phys_err_by_frame_mm(positions: FloatArray) -> FloatArray:
    """Return the share of each frame in the physical error: its penetration, its float, and its skate to the next.

    A frame's numbers are those of `motion.metrics` for a motion that consists of this frame and the next. The last
    frame leads to no other, and does not skate.

    Args:
        positions: (frames, 22, 3) joint positions [m].

    Returns:
        Errors (frames,) [mm].
    """
    frames = range(len(positions))
    standing = [penetrate_mm(positions[t : t + 1]) + float_mm(positions[t : t + 1]) for t in frames]
    return np.array(standing) + np.array([skate_mm(positions[t : t + 2]) for t in frames])


def root_speed_m_s(positions: FloatArray, fps: float) -> FloatArray:
    """Return the speed of the pelvis over the floor at each frame, from central differences.

    Args:
        positions: (frames, 22, 3) joint positions [m].
        fps: frames per second.

    Returns:
        Speeds (frames,) [m/s].
    """
    if len(positions) < 2:
        return np.zeros(len(positions))
    return np.linalg.norm(np.gradient(positions[:, 0, [0, 2]], axis=0), axis=-1) * fps
