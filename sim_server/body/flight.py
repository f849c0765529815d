"""Flight as gravity has it: the path of the root, moved by a little, so that nothing need hold the body in the air.

A motion sampled at 20 frames/s, smoothed and put right, flies along something near a parabola. Near is not enough: what
is missing to gravity, times the body's mass, would be asked of the assist. The shift d(t) of the whole body minimises

    sum_t w(t) |d|^2  +  sum_flight |c'' + d'' - g|^2  +  r sum_support |d''|^2

with c the path of the centre of mass: a weighted smoothing (Whittaker, "On a new method of graduation", 1923) whose
normal equations have five bands. On the ground w is large, so the feet stay where they are.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solveh_banded

_GRAVITY = np.array([0.0, -9.81, 0.0])
_STAND_WEIGHT, _FLY_WEIGHT = 1e4, 1e2  # 1/s4: a shift of 1 cm on the ground is as bad as 1 m/s2 to gravity
_CALM = 0.01
_LONGEST_S = 0.4  # who has no foot down for longer leans on something else
_LARGEST_M = 0.08  # a flight that needs to be moved by more is none


def flight_shift(centre: np.ndarray, supported: np.ndarray, dt: float) -> np.ndarray:
    """Shifts of the body (n, 3), metres.

    Args:
        centre: (n, 3) path of the centre of mass, metres, Y up, n >= 3.
        supported: (n,) where a foot is down.
        dt: seconds between samples.
    """
    held = supported.copy()
    for flight in _flights(held):
        if len(flight) * dt > _LONGEST_S or flight[0] == 0 or flight[-1] == len(held) - 1:
            held[flight] = True
    while True:
        shift = _solved(centre, held, dt)
        wrong = [flight for flight in _flights(held) if np.abs(shift[flight]).max() > _LARGEST_M]
        if not wrong:
            return shift
        held[np.concatenate(wrong)] = True


def _flights(held: np.ndarray) -> list[np.ndarray]:
    """The samples of each stretch without support."""
    up = np.flatnonzero(~held)
    return np.split(up, np.flatnonzero(np.diff(up) > 1) + 1) if len(up) else []


def _solved(centre: np.ndarray, held: np.ndarray, dt: float) -> np.ndarray:
    count = len(centre)
    second = np.array([1.0, -2.0, 1.0]) / dt**2
    weight = np.where(held, _CALM, 1.0)[1:-1]
    acceleration = np.stack([centre[i : count - 2 + i] for i in range(3)], -1) @ second
    wanted = np.where(held[1:-1, None], 0.0, _GRAVITY - acceleration) * weight[:, None]
    bands, right = np.zeros((3, count)), np.zeros((count, 3))
    bands[2] = np.where(held, _STAND_WEIGHT, _FLY_WEIGHT)
    for i in range(3):
        right[i : count - 2 + i] += wanted * second[i]
        for j in range(i, 3):
            bands[2 - (j - i), j : count - 2 + j] += weight * second[i] * second[j]
    return solveh_banded(bands, right)
