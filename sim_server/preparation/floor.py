"""Estimate the height of the floor from a motion alone."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d, minimum_filter1d

from motion import kinematics, rotation
from motion.array_types import BoolArray, FloatArray
from motion.skeleton import ANKLES, TOES
from sim_server.body.humanoid import CONTROL_FPS
from sim_server.preparation.body_surface import BodySurface, may_touch

_WINDOW_S = 1.2  # longer than any flight: a foot comes down within it
_TOLERANCE_M = 0.02  # how much the lower envelope of a faultless motion wanders
_FEWEST_FRAMES = 10  # from which the floor of the others is known
_TURNED_OVER = 0.5  # a foot whose upper side looks up by less than this does not rest on its heel


def estimate_floor(height: FloatArray) -> FloatArray:
    """Estimate the height of the floor under each frame.

    A faultless motion has one floor: the level to which the body comes down again and again. Where the lower envelope
    of the body (over `_WINDOW_S`) leaves this level by more than that of a faultless motion would, the floor follows.

    Args:
        height: (frames,) of the lowest point of the body, from `lowest_heights` [m].

    Returns:
        Height (frames,) [m].
    """
    window = min(int(_WINDOW_S * CONTROL_FPS) | 1, 2 * len(height) - 1)
    envelope = gaussian_filter1d(minimum_filter1d(height, window, mode="nearest"), window / 4, mode="nearest")
    level = resting_level(height)
    away = envelope - level
    return level + np.sign(away) * np.maximum(np.abs(away) - _TOLERANCE_M, 0)


def lowest_heights(positions: FloatArray, surface: BodySurface) -> FloatArray:
    """Compute the height of the lowest point of the body, as if measured at the ball of a planted foot.

    Feet are measured at their joints: min(toe, ankle - a), with a the height of the ankle over the ball of a planted
    foot. Where another part of the body may be as low, it is measured at its surface, and feet that are turned over,
    as those of a body that kneels, at their toes only.

    Args:
        positions: (frames, 22, 3) joint positions [m], Y up, at 20 frames/s.
        surface: the body that moves.

    Returns:
        Heights (frames,) [m].
    """
    toes, ankles = positions[:, TOES, 1], positions[:, ANKLES, 1]
    ankle_over_ball = -float(surface.offsets[list(TOES), 1].mean())
    height = np.minimum(toes.min(1), ankles.min(1) - ankle_over_ball)
    low = may_touch(positions, height)
    if not low.any():
        return height
    rotations = kinematics.global_rotations(positions, surface.offsets)
    upper_side = rotation.rotate(rotations[:, ANKLES], np.array([0.0, 1.0, 0.0]))[..., 1]
    heels = np.where(upper_side < _TURNED_OVER, np.inf, ankles - ankle_over_ball).min(1)
    whole = np.minimum(np.minimum(toes.min(1), heels), surface.heights_above_arms(positions, rotations).min(1))
    return np.where(low, whole, height)


def without_frames(height: FloatArray, mask: BoolArray) -> FloatArray:
    """Return heights (frames,) [m] with those in a mask interpolated from the lowest ones nearby, if there are any."""
    others = np.flatnonzero(~mask)
    if len(others) < _FEWEST_FRAMES:
        return height
    window = min(int(_WINDOW_S * CONTROL_FPS) | 1, 2 * len(others) - 1)
    lowest = minimum_filter1d(height[others], window, mode="nearest")
    return np.where(mask, np.interp(np.arange(len(height)), others, lowest), height)


def resting_level(height: FloatArray) -> float:
    """Return the height where the body rests most: the median of the fullest 1.5 cm of the low heights (frames,)."""
    low = np.sort(height[height <= np.percentile(height, 60)])
    inside = np.searchsorted(low, low + 0.015, side="right") - np.arange(len(low))
    best = int(np.argmax(inside))
    return float(np.median(low[best : best + inside[best]]))
