"""Where the floor of a motion is."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d, minimum_filter1d

from motion.skeleton import ANKLES, TOES

_FPS = 20.0
_WINDOW_S = 1.2  # longer than any flight: within it a foot comes down
_TOLERANCE_M = 0.02  # how far the lower envelope of a sound motion wanders by itself


def _foot_height(positions: np.ndarray, rise: float) -> np.ndarray:
    """Height of the lower foot (frames,), as if measured at its ball; `rise` is the ankle's height over the ball."""
    toes = positions[:, TOES, 1].min(1)
    return np.minimum(toes, positions[:, ANKLES, 1].min(1) - rise)


def floor_height(positions: np.ndarray, rise: float) -> np.ndarray:
    """The floor under each frame (frames,), metres, from the motion (frames, 22, 3) alone.

    A sound motion has one floor: the level its feet come down to again and again. Where the lower envelope of the feet
    (over `_WINDOW_S`) leaves that level by more than a sound motion's would, the floor follows it.
    `rise` is how much higher than its ball the ankle of a planted foot is.
    """
    height = _foot_height(positions, rise)
    window = min(int(_WINDOW_S * _FPS) | 1, 2 * len(height) - 1)
    envelope = gaussian_filter1d(minimum_filter1d(height, window, mode="nearest"), window / 4, mode="nearest")
    level = _resting_level(height)
    away = envelope - level
    return level + np.sign(away) * np.maximum(np.abs(away) - _TOLERANCE_M, 0)


def _resting_level(height: np.ndarray) -> float:
    """The height at which the lower foot spends its time: the middle of the fullest 1.5 cm among the lower heights."""
    low = np.sort(height[height <= np.percentile(height, 60)])
    inside = np.searchsorted(low, low + 0.015, side="right") - np.arange(len(low))
    best = int(np.argmax(inside))
    return float(np.median(low[best : best + inside[best]]))
