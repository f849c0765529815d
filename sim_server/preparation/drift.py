"""Drift: a constant velocity that carries the whole body along although its feet stand.

Planted feet do not move, so a velocity that they share belongs to the motion's frame, not to the person.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from motion.array_types import BoolArray
from motion.skeleton import TOES
from sim_server.body.humanoid import CONTROL_FPS
from sim_server.preparation.denoise import estimate_noise

_LONGEST_SPAN = 4  # frames over which a velocity is measured at most: less than the stance of a step
_NOISE_M = 0.008  # noise that calls for the longest span, to average it out
_LOW_M = 0.035  # a toe below this height may be planted
_NEAR_M_S = 0.10  # velocities this close count as equal
_DEAD_BAND_M_S = 0.06  # heel-to-toe roll and soft soles look like this much in clean motion
_MIN_VOTES = 10
# A drift is believed if at least this share of all frames agrees with it, ...
_MIN_SHARE = 0.1
# ... and this many times as many as agree with standing still. Clean mocap reaches 1.7, drifting motion 2.7.
_MIN_RATIO = 2.5


def drift_velocity(positions: np.ndarray, dangling: BoolArray | None = None, noise: float | None = None) -> np.ndarray:
    """Estimate the constant horizontal velocity that most planted feet share.

    It is the mode of the velocities of low toes, found by mean shift (Comaniciu and Meer, "Mean shift: a robust
    approach toward feature space analysis", IEEE TPAMI 24, 2002).

    Args:
        positions: (frames, 22, 3) joint positions over their floor [m] at 20 frames/s.
        dangling: (frames,) mask of the frames in which the feet carry nothing; None for none.
        noise: that the motion carried before it was smoothed [m]; None for a motion that was not smoothed.

    Returns:
        Velocity (2,) along x and z [m/s]; zeros if the planted feet stand still or do not agree.
    """
    noise = estimate_noise(positions) if noise is None else noise
    span = 1 + round((_LONGEST_SPAN - 1) * min(noise / _NOISE_M, 1))
    if len(positions) <= span:
        return np.zeros(2)
    toes = positions[:, TOES]
    velocity = (toes[span:] - toes[:-span])[..., [0, 2]] * (CONTROL_FPS / span)
    low = sliding_window_view(toes[..., 1], span + 1, axis=0).mean(-1) < _LOW_M
    if dangling is not None:
        low &= ~(dangling[span:] | dangling[:-span])[:, None]
    votes = velocity[low]
    if len(votes) < _MIN_VOTES:
        return np.zeros(2)

    def share_near(center: np.ndarray) -> float:
        return float((low & (np.linalg.norm(velocity - center, axis=-1) < _NEAR_M_S)).any(1).mean())

    agreeing = (np.linalg.norm(votes[:, None] - votes[None], axis=-1) < _NEAR_M_S).sum(1)
    mode = votes[np.argmax(agreeing)]
    for _ in range(5):
        weight = np.exp(-0.5 * ((votes - mode) ** 2).sum(-1) / (_NEAR_M_S / 2) ** 2)
        mode = (weight[:, None] * votes).sum(0) / weight.sum()
    too_slow = np.linalg.norm(mode) < _DEAD_BAND_M_S
    if too_slow or share_near(mode) < max(_MIN_SHARE, _MIN_RATIO * share_near(np.zeros(2))):
        return np.zeros(2)
    return mode


def drift_path(positions: np.ndarray, dangling: BoolArray | None = None, noise: float | None = None) -> np.ndarray:
    """Compute how far the drift of a motion has carried it by each frame.

    Args:
        positions: (frames, 22, 3) joint positions over their floor [m] at 20 frames/s.
        dangling: (frames,) mask of the frames in which the feet carry nothing; None for none.
        noise: that the motion carried before it was smoothed [m]; None for a motion that was not smoothed.

    Returns:
        Displacement (frames, 3) [m], horizontal, 0 in the first frame.
    """
    path = np.zeros((len(positions), 3))
    path[:, [0, 2]] = drift_velocity(positions, dangling, noise) * (np.arange(len(positions)) / CONTROL_FPS)[:, None]
    return path
