"""Estimate the white noise of a motion, and smooth it accordingly."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solveh_banded

from motion.array_types import FloatArray

CLEAN_M = 0.003
"""Third differences of fast clean mocap look like noise of 2 mm, rarely of 4 mm. Nothing is smoothed up to this."""
_NOISY_M = 0.006  # from here on noise is taken for what it is; in between smoothing sets in gradually
_STRENGTHS = 10.0 ** np.arange(-2, 6.1, 0.25)  # candidates for the weight of the third differences
_ORDER = 3
_DIFFERENCE = np.array([-1.0, 3.0, -3.0, 1.0])


def estimate_noise(positions: FloatArray) -> float:
    """Estimate the white noise that all joints of a motion carry.

    A third difference of white noise has 20 times its variance, while smooth motion at 20 frames/s has hardly any. The
    median over time ignores impacts, which last a few frames. A low percentile over the joints lets a slow joint
    decide, because fast limbs look like noise.

    Args:
        positions: (frames, 22, 3) joint positions [m].

    Returns:
        Standard deviation per coordinate [m]; 0 for fewer than four frames.
    """
    if len(positions) < 4:
        return 0.0
    joints = np.median(np.abs(np.diff(positions, 3, axis=0)), axis=(0, 2)) / 0.6745 / np.sqrt(20)
    return float(np.percentile(joints, 20))


def denoise(positions: FloatArray) -> FloatArray:
    """Smooth every joint as much as its noise calls for; a clean motion is returned unchanged.

    Each joint gets the path x that minimizes  |y - x|^2 + k |x'''|^2  (Whittaker, "On a new method of graduation",
    1923): the estimate of a Kalman smoother for a joint whose acceleration wanders. k is the one with the least
    estimated risk, which is the sum of remaining noise and distortion: a joint at rest gets a large one, a fast joint a
    small one. |y - S y|^2 + 2 s^2 tr S estimates the error of a linear smoother S under noise of variance s^2, up to a
    term that all smoothers share (Stein, "Estimation of the mean of a multivariate normal distribution", Annals of
    Statistics 9, 1981).

    Args:
        positions: (frames, 22, 3) joint positions [m] at 20 frames/s.

    Returns:
        Smoothed positions (frames, 22, 3) [m].
    """
    noise = estimate_noise(positions)
    if noise <= CLEAN_M:
        return positions
    variance = noise**2 * min((noise - CLEAN_M) / (_NOISY_M - CLEAN_M), 1)
    frames = len(positions)
    best = positions
    least = np.full(positions.shape[1], 2 * variance)  # the identity has a trace of 1 per frame
    for strength in _STRENGTHS:
        smooth = _smooth(positions, strength)
        risk = ((positions - smooth) ** 2).mean((0, 2)) + 2 * variance * _trace(frames, strength) / frames
        best = np.where((risk < least)[:, None], smooth, best)
        least = np.minimum(risk, least)
    return best


def _smooth(positions: FloatArray, strength: float) -> FloatArray:
    """Return the paths (frames, ...) that minimize the objective of `denoise`; its equations have seven bands."""
    frames = len(positions)
    bands = np.zeros((_ORDER + 1, frames))
    bands[_ORDER] = 1
    for i in range(_ORDER + 1):
        for j in range(i, _ORDER + 1):
            share = strength * _DIFFERENCE[i] * _DIFFERENCE[j]
            bands[_ORDER - (j - i), j : frames - _ORDER + j] += share
    return solveh_banded(bands, positions.reshape(frames, -1)).reshape(positions.shape)


def _trace(frames: int, strength: float) -> float:
    """Return the trace of the smoother, by the eigenvalues of third differences, to 0.3 of a frame.

    They are close to (2 sin(t / 2))^6 for t = pi (k - 1 / 2) / frames, k = 1, 2, ..., besides three that are 0.
    """
    angles = np.pi * (np.arange(_ORDER, frames) - 1.0) / frames
    return _ORDER + float((1 / (1 + strength * (2 * np.sin(angles / 2)) ** (2 * _ORDER))).sum())
