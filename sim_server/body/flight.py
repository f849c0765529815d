"""Ballistic flight: moves the path of the root a little, so that a body without contacts falls freely.

A motion that was sampled at 20 frames/s, smoothed and repaired flies only roughly along a parabola. The assist would
have to supply the difference to gravity, times the mass of the body. The shift d(t) of the whole body minimises

    sum_t w(t) |d|^2  +  sum_flight |c'' + d'' - g|^2  +  r sum_support |d''|^2

with c the path of the centre of mass: a weighted smoothing (Whittaker, "On a new method of graduation", 1923) whose
normal equations have five bands. On the ground w is large, so that the feet stay where they are.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solveh_banded

from motion.array_types import BoolArray, FloatArray
from sim_server.body.dynamics import GRAVITY

_SUPPORT_WEIGHT, _FLIGHT_WEIGHT = 1e4, 1e2  # [1/s⁴]; a shift of 1 cm on the ground costs as much as 1 m/s² in flight
_SUPPORT_SMOOTHNESS = 0.01  # r, the weight of the shift's acceleration on the ground
_LONGEST_S = 0.4  # something else than the feet, perhaps the hands, is assumed to carry the body for longer
_LARGEST_M = 0.08  # a stretch that would have to move further is assumed to be no flight


def flight_shift(centre_of_mass: FloatArray, supported: BoolArray, dt: float) -> FloatArray:
    """Compute the shift of the body that makes its flights ballistic.

    Args:
        centre_of_mass: (n, 3) path [m], Y up, n >= 3.
        supported: (n,) whether a foot is down.
        dt: time between two samples [s].

    Returns:
        Shift of the whole body (n, 3) [m].
    """
    supported = supported.copy()
    for flight in _flights(supported):
        if len(flight) * dt > _LONGEST_S or flight[0] == 0 or flight[-1] == len(supported) - 1:
            supported[flight] = True
    while True:
        shift = _solve(centre_of_mass, supported, dt)
        too_far = [flight for flight in _flights(supported) if np.abs(shift[flight]).max() > _LARGEST_M]
        if not too_far:
            return shift
        supported[np.concatenate(too_far)] = True


def _flights(supported: np.ndarray) -> list[np.ndarray]:
    """Return the sample indices of each stretch without support."""
    up = np.flatnonzero(~supported)
    return np.split(up, np.flatnonzero(np.diff(up) > 1) + 1) if len(up) else []


def _solve(path: np.ndarray, supported: np.ndarray, dt: float) -> np.ndarray:
    """Return the shift (n, 3) that minimises the module's objective."""
    count = len(path)
    second = np.array([1.0, -2.0, 1.0]) / dt**2
    weight = np.where(supported, _SUPPORT_SMOOTHNESS, 1.0)[1:-1]
    acceleration = np.stack([path[i : count - 2 + i] for i in range(3)], -1) @ second
    missing = np.where(supported[1:-1, None], 0.0, GRAVITY - acceleration) * weight[:, None]
    bands, right = np.zeros((3, count)), np.zeros((count, 3))
    bands[2] = np.where(supported, _SUPPORT_WEIGHT, _FLIGHT_WEIGHT)
    for i in range(3):
        right[i : count - 2 + i] += missing * second[i]
        for j in range(i, 3):
            bands[2 - (j - i), j : count - 2 + j] += weight * second[i] * second[j]
    return solveh_banded(bands, right)
