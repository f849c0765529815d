"""Estimate the height of the floor from a motion alone."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d, minimum_filter1d

from motion.skeleton import ANKLES, TOES
from sim_server.body.humanoid import CONTROL_FPS

_WINDOW_S = 1.2  # longer than any flight: a foot comes down within it
_TOLERANCE_M = 0.02  # how much the lower envelope of a faultless motion wanders


def estimate_floor(positions: np.ndarray, ankle_over_ball: float) -> np.ndarray:
    """Estimate the height of the floor under each frame.

    A faultless motion has one floor: the level to which its feet come down again and again. Where the lower envelope
    of the feet (over `_WINDOW_S`) leaves this level by more than that of a faultless motion would, the floor follows.

    Args:
        positions: (frames, 22, 3) joint positions [m], Y up, at 20 frames/s.
        ankle_over_ball: height of the ankle over the ball of a planted foot [m].

    Returns:
        Height (frames,) [m].
    """
    height = _lower_foot_height(positions, ankle_over_ball)
    window = min(int(_WINDOW_S * CONTROL_FPS) | 1, 2 * len(height) - 1)
    envelope = gaussian_filter1d(minimum_filter1d(height, window, mode="nearest"), window / 4, mode="nearest")
    level = _resting_level(height)
    away = envelope - level
    return level + np.sign(away) * np.maximum(np.abs(away) - _TOLERANCE_M, 0)


def _lower_foot_height(positions: np.ndarray, ankle_over_ball: float) -> np.ndarray:
    """Return the height of the lower foot (frames,), as if measured at its ball."""
    toes = positions[:, TOES, 1].min(1)
    return np.minimum(toes, positions[:, ANKLES, 1].min(1) - ankle_over_ball)


def _resting_level(height: np.ndarray) -> float:
    """Return the height where the lower foot spends most time: the median of the fullest 1.5 cm of the low heights."""
    low = np.sort(height[height <= np.percentile(height, 60)])
    inside = np.searchsorted(low, low + 0.015, side="right") - np.arange(len(low))
    best = int(np.argmax(inside))
    return float(np.median(low[best : best + inside[best]]))
