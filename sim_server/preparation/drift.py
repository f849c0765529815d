"""Drift: a whole body carried along while its feet stand.

A planted foot does not move, so the velocity that planted feet share is the drift of the motion, not of the person.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from motion.skeleton import TOES
from sim_server.preparation.denoise import noise_level

_FPS = 20.0
_LONGEST_SPAN = 4  # frames over which a velocity is taken, at most: less than the stance of a step
_NOISE_M = 0.008  # noise that calls for the longest span, to average out
_LOW_M = 0.035  # a toe this low over the floor may be planted
_NEAR_M_S = 0.10  # velocities this close count as the same
_DEAD_BAND_M_S = 0.06  # heel-to-toe roll and soft soles look like this much in clean motion
_FEWEST = 10  # votes
_SHARE = 0.1  # of all frames must agree before a whole motion is moved,
_BETTER = 2.5  # and this many times as many as agree on standing still: clean mocap reaches 1.7, drifting motion 2.7


def drift_velocity(positions: np.ndarray) -> np.ndarray:
    """The constant horizontal velocity (2,) in m/s, x and z, that the most planted feet share; 0 if they stand still.

    The mode of the low toes' velocities, found by letting each of them vote (mean shift, Comaniciu and Meer 2002).
    `positions` are (frames, 22, 3) over their floor.
    """
    span = 1 + round((_LONGEST_SPAN - 1) * min(noise_level(positions) / _NOISE_M, 1))
    if len(positions) <= span:
        return np.zeros(2)
    toes = positions[:, TOES]
    velocity = (toes[span:] - toes[:-span])[..., [0, 2]] * (_FPS / span)
    low = sliding_window_view(toes[..., 1], span + 1, axis=0).mean(-1) < _LOW_M
    votes = velocity[low]
    if len(votes) < _FEWEST:
        return np.zeros(2)

    def frames_at(center: np.ndarray) -> float:
        return float((low & (np.linalg.norm(velocity - center, axis=-1) < _NEAR_M_S)).any(1).mean())

    agreeing = (np.linalg.norm(votes[:, None] - votes[None], axis=-1) < _NEAR_M_S).sum(1)
    mode = votes[np.argmax(agreeing)]
    for _ in range(5):
        weight = np.exp(-0.5 * ((votes - mode) ** 2).sum(-1) / (_NEAR_M_S / 2) ** 2)
        mode = (weight[:, None] * votes).sum(0) / weight.sum()
    if np.linalg.norm(mode) < _DEAD_BAND_M_S or frames_at(mode) < max(_SHARE, _BETTER * frames_at(np.zeros(2))):
        return np.zeros(2)
    return mode


def drift_path(positions: np.ndarray) -> np.ndarray:
    """Where the drift of a motion (frames, 22, 3) has carried it by each frame: (frames, 3) metres."""
    path = np.zeros((len(positions), 3))
    path[:, [0, 2]] = drift_velocity(positions) * (np.arange(len(positions)) / _FPS)[:, None]
    return path
