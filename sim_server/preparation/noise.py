"""How much white noise a motion carries, and smoothing by that much."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

_CLEAN_M = 0.002  # third differences of clean mocap look like this much noise
_FULL_M = 0.008
_WIDEST_FRAMES = 2.2


def noise_level(positions: np.ndarray) -> float:
    """Standard deviation, metres per coordinate, of the white noise that every joint of a motion carries.

    A third difference of white noise has 20 times its variance, while smooth motion at 20 frames/s has hardly any. The
    median over time makes the blows of a few frames not count; of the joints a calm one decides, or fast limbs would
    pass for noise.
    """
    if len(positions) < 4:
        return 0.0
    joints = np.median(np.abs(np.diff(positions, 3, axis=0)), axis=(0, 2)) / 0.6745 / np.sqrt(20)
    return float(np.percentile(joints, 20))


def denoised(positions: np.ndarray) -> np.ndarray:
    """Positions (frames, 22, 3) smoothed by a Gaussian as wide as their noise calls for; clean ones as they are."""
    excess = (noise_level(positions) - _CLEAN_M) / (_FULL_M - _CLEAN_M)
    width = float(np.clip(excess, 0, 1)) * _WIDEST_FRAMES
    return gaussian_filter1d(positions, width, axis=0, mode="nearest") if width > 0.2 else positions
