"""Drift: a whole body carried along while its feet stand.

A planted foot does not move, so the velocity that planted feet share is the drift of the motion, not of the person.
"""

from __future__ import annotations

import numpy as np

from motion.skeleton import TOES

_FPS = 20.0
_LOW_M = 0.035  # a toe this low over the floor may be planted
_NEAR_M_S = 0.10  # velocities this close count as the same
_DEAD_BAND_M_S = 0.06  # heel-to-toe roll and soft soles look like this much in clean motion
_SHARE = 0.3  # of the frames that must agree before a whole motion is moved
_BETTER = 1.5  # times as many frames as agree on standing still


def drift_velocity(positions: np.ndarray) -> np.ndarray:
    """The constant horizontal velocity (2,) in m/s, x and z, that the most planted feet share; 0 if they stand still.

    The mode of the low toes' velocities, found by letting each of them vote (mean shift, Comaniciu and Meer 2002).
    `positions` are (frames, 22, 3) over their floor.
    """
    velocity = np.diff(positions[:, TOES][..., [0, 2]], axis=0) * _FPS
    low = np.maximum(positions[1:, TOES, 1], positions[:-1, TOES, 1]) < _LOW_M
    votes = velocity[low]
    frames = int(low.any(1).sum())
    if frames < 10:
        return np.zeros(2)
    apart = np.linalg.norm(votes[:, None] - votes[None], axis=-1)
    agreeing = (apart < _NEAR_M_S).sum(1)
    mode = votes[np.argmax(agreeing)]
    for _ in range(5):
        weight = np.exp(-0.5 * ((votes - mode) ** 2).sum(-1) / (_NEAR_M_S / 2) ** 2)
        mode = (weight[:, None] * votes).sum(0) / weight.sum()
    still = int((np.linalg.norm(votes, axis=-1) < _NEAR_M_S).sum())
    if np.linalg.norm(mode) < _DEAD_BAND_M_S or agreeing.max() < max(_SHARE * frames, _BETTER * still):
        return np.zeros(2)
    return mode


def without_drift(positions: np.ndarray) -> np.ndarray:
    """The motion (frames, 22, 3) in the frame in which its planted feet stand still."""
    path = np.zeros((len(positions), 1, 3))
    path[:, 0, [0, 2]] = drift_velocity(positions) * (np.arange(len(positions)) / _FPS)[:, None]
    return positions - path
