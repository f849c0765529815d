"""Smooth curves through a few keys, and slow noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.interpolate import BPoly, PchipInterpolator
from scipy.ndimage import gaussian_filter1d

PLAN_FPS = 60.0
"""Motions are planned at this rate, three times the rate they are made at."""
_SOFTENING_S = 0.045


def minimum_jerk(phase: np.ndarray) -> np.ndarray:
    """From 0 to 1 while `phase` goes from 0 to 1, with velocity and acceleration zero at both ends.

    Flash and Hogan, "The coordination of arm movements", Journal of Neuroscience 5, 1985, equation 5.
    """
    s = np.clip(phase, 0.0, 1.0)
    return s**3 * (10 - 15 * s + 6 * s**2)


def glide(phase: np.ndarray) -> np.ndarray:
    """From 0 to 1 like `minimum_jerk`, less hurried in the middle: only the velocity is zero at both ends."""
    s = np.clip(phase, 0.0, 1.0)
    return s**2 * (3 - 2 * s)


def ramp(time: np.ndarray, start: float, end: float) -> np.ndarray:
    """From 0 before `start` to 1 after `end` by minimum jerk."""
    return minimum_jerk((time - start) / max(end - start, 1e-6))


def bump(phase: np.ndarray, peak: float = 0.5) -> np.ndarray:
    """From 0 up to 1 at phase `peak` and back to 0 at phase 1, smooth at both ends."""
    s = np.clip(phase, 0.0, 1.0) ** (np.log(0.5) / np.log(peak))
    return 16 * s**2 * (1 - s) ** 2


def through(keys: Sequence[tuple[float, ...]], time: np.ndarray) -> np.ndarray:
    """Values at `time` (n,) of a curve through keys (time, value...), level at both ends and beyond them.

    Monotone between keys (Fritsch and Carlson 1980), so that a hold holds. (n,) for keys of one value, else (n, k).
    """
    table = np.array(keys, float)
    moments, values = table[:, 0], table[:, 1:]
    moments = np.concatenate([[moments[0] - 1], moments, [moments[-1] + 1]])
    values = np.concatenate([values[:1], values, values[-1:]])
    curve = PchipInterpolator(moments, values)(np.clip(time, moments[0], moments[-1]))
    return curve[:, 0] if curve.shape[1] == 1 else curve


def softened(values: np.ndarray, seconds: float = _SOFTENING_S) -> np.ndarray:
    """`values` (n, ...) after a Gaussian of `seconds` over time."""
    return gaussian_filter1d(values, seconds * PLAN_FPS, axis=0, mode="nearest")


def slow_noise(rng: np.random.Generator, time: np.ndarray, period: float) -> np.ndarray:
    """A smooth random curve (n,) of about unit size: three sines of periods around `period` seconds."""
    periods = period * rng.uniform(0.6, 1.8, 3)
    phases = rng.uniform(0, 2 * np.pi, 3)
    return np.sin(2 * np.pi * time[:, None] / periods + phases).sum(1) / np.sqrt(1.5)


def hermite(keys: Sequence[tuple[float, float, float, float]], time: np.ndarray) -> np.ndarray:
    """A curve (n,) through keys (time, value, velocity, acceleration) by quintics; constant beyond them.

    Between the take-off and the landing of a flight, with -g at both, it is the parabola itself.
    """
    table = np.array(keys, float)
    curve = BPoly.from_derivatives(table[:, 0], table[:, 1:])
    return curve(np.clip(time, table[0, 0], table[-1, 0]))
