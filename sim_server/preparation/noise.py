"""How much white noise a motion carries, and smoothing by that much."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

_CLEAN_M = 0.002  # third differences of clean mocap look like this much noise
_FULL_M = 0.008
_WIDEST_FRAMES = 2.2


def noise_level(positions: np.ndarray) -> float:
    """Standard deviation, metres per coordinate, of white noise with the motion's median third difference.

    A third difference of white noise has 20 times its variance, while smooth motion at 20 frames/s has hardly any;
    the median makes the blows of a few frames not count.
    """
    if len(positions) < 4:
        return 0.0
    return float(np.median(np.abs(np.diff(positions, 3, axis=0))) / 0.6745 / np.sqrt(20))


def denoised(positions: np.ndarray) -> np.ndarray:
    """Positions (frames, 22, 3) smoothed by a Gaussian as wide as their noise calls for; clean ones as they are."""
    excess = (noise_level(positions) - _CLEAN_M) / (_FULL_M - _CLEAN_M)
    width = float(np.clip(excess, 0, 1)) * _WIDEST_FRAMES
    return gaussian_filter1d(positions, width, axis=0, mode="nearest") if width > 0.2 else positions
