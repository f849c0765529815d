"""How much white noise a motion carries, and smoothing by that much."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

_CLEAN_M, _NOISY_M = 0.003, 0.006  # third differences of quick clean mocap look like noise of 2 mm, rarely of 4
_WIDTHS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8)  # frames, of the Gaussians to choose from


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
    """Positions (frames, 22, 3) with every joint smoothed as its noise calls for; clean ones as they are.

    Each joint gets the Gaussian with the least estimated risk, smoothing and distortion together: a still one a wide
    one, a quick one a narrow one. Stein, "Estimation of the mean of a multivariate normal distribution", Annals of
    Statistics 9, 1981: |y - S y|^2 + 2 s^2 tr S estimates the error of a linear smoother S under noise s, up to what
    all smoothers have in common.
    """
    noise = noise_level(positions)
    if noise <= _CLEAN_M:
        return positions
    variance = noise**2 * min((noise - _CLEAN_M) / (_NOISY_M - _CLEAN_M), 1)
    best = positions
    least = np.full(positions.shape[1], 2 * variance)  # no smoothing: trace 1
    for width in _WIDTHS:
        smooth = gaussian_filter1d(positions, width, axis=0, mode="nearest")
        centre = gaussian_filter1d(np.eye(1, 33, 16)[0], width)[16]
        risk = ((positions - smooth) ** 2).mean((0, 2)) + 2 * variance * centre
        best = np.where((risk < least)[:, None], smooth, best)
        least = np.minimum(risk, least)
    return best
