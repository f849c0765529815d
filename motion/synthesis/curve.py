"""Smooth curves through a few keys, smoothing, and slow noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.interpolate import BPoly, PchipInterpolator
from scipy.ndimage import gaussian_filter1d

PLAN_FPS = 60.0
"""Frame rate of plans, three times that of clips."""
_SMOOTHING_S = 0.045


def minimum_jerk(phase: np.ndarray) -> np.ndarray:
    """Rise from 0 to 1 while `phase` goes from 0 to 1, with zero velocity and acceleration at both ends.

    Flash and Hogan, "The coordination of arm movements", Journal of Neuroscience 5, 1985, equation 5.
    """
    s = np.clip(phase, 0.0, 1.0)
    return s**3 * (10 - 15 * s + 6 * s**2)


def smoothstep(phase: np.ndarray) -> np.ndarray:
    """Rise from 0 to 1 like `minimum_jerk`, but slower in the middle; only the velocity is zero at both ends."""
    s = np.clip(phase, 0.0, 1.0)
    return s**2 * (3 - 2 * s)


def ramp(time: np.ndarray, start: float, end: float) -> np.ndarray:
    """Rise from 0 before `start` to 1 after `end` by minimum jerk."""
    return minimum_jerk((time - start) / max(end - start, 1e-6))


def bump(phase: np.ndarray, peak: float = 0.5) -> np.ndarray:
    """Rise from 0 to 1 at phase `peak` and return to 0 at phase 1, smoothly at both ends."""
    s = np.clip(phase, 0.0, 1.0) ** (np.log(0.5) / np.log(peak))
    return 16 * s**2 * (1 - s) ** 2


def interpolate_keys(keys: Sequence[tuple[float, ...]], time: np.ndarray) -> np.ndarray:
    """Evaluate a curve through keys, with zero slope at both ends and constant beyond them.

    The curve is monotone between keys (Fritsch and Carlson 1980), so it is constant between equal values.

    Args:
        keys: (time, value, ...), with one or several values.
        time: (n,) where to evaluate the curve, s.

    Returns:
        Values (n,) for keys of one value, else (n, k).
    """
    table = np.array(keys, float)
    moments, values = table[:, 0], table[:, 1:]
    moments = np.concatenate([[moments[0] - 1], moments, [moments[-1] + 1]])
    values = np.concatenate([values[:1], values, values[-1:]])
    curve = PchipInterpolator(moments, values)(np.clip(time, moments[0], moments[-1]))
    return curve[:, 0] if curve.shape[1] == 1 else curve


def smooth(values: np.ndarray, seconds: float = _SMOOTHING_S) -> np.ndarray:
    """Smooth `values` (n, ...) over time, at `PLAN_FPS`, by a Gaussian with a standard deviation of `seconds`."""
    return gaussian_filter1d(values, seconds * PLAN_FPS, axis=0, mode="nearest")


def slow_noise(rng: np.random.Generator, time: np.ndarray, period: float) -> np.ndarray:
    """Return a smooth random curve (n,) of about unit size: a sum of three sines with periods around `period` s."""
    periods = period * rng.uniform(0.6, 1.8, 3)
    phases = rng.uniform(0, 2 * np.pi, 3)
    return np.sin(2 * np.pi * time[:, None] / periods + phases).sum(1) / np.sqrt(1.5)


def hermite(keys: Sequence[tuple[float, float, float, float]], time: np.ndarray) -> np.ndarray:
    """Evaluate a curve (n,) of quintics through keys (time, value, velocity, acceleration), constant beyond them.

    Between the take-off and the landing of a jump, with the acceleration -g at both, the curve is exactly the parabola.
    """
    table = np.array(keys, float)
    curve = BPoly.from_derivatives(table[:, 0], table[:, 1:])
    return curve(np.clip(time, table[0, 0], table[-1, 0]))
