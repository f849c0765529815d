"""Floating gait: a body is carried along although neither foot ever stands.

Generators whose samples degrade keep the path of a walker while its legs freeze in mid-stride, or swing as if for
another speed. No body can follow that; it would have to be carried. In a run, too, there are moments in which no foot
stands, but then the body falls.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter

from motion.skeleton import ANKLES, TOES
from sim_server.body.humanoid import CONTROL_FPS
from sim_server.preparation.foot_contacts import foot_speeds
from sim_server.preparation.spans import true_spans
from sim_server.preparation.support import airborne, upright

_STAND_M_S = 0.4  # a foot whose slower end is faster does not stand
_LOW_M = 0.08  # a foot that is higher cannot stand
_LONGEST_FLIGHT_FRAMES = 8  # a longer time without a stance is a floating gait, whether the body falls or not
# A shorter time is one, from this length on, if the body moves faster than _CARRIED_M_S and is nowhere as surely in
# free fall as _AIRBORNE.
_SHORTEST_CARRIED_FRAMES = 6
_CARRIED_M_S = 1.0
_AIRBORNE = 1 / 3
_GAP_FRAMES = 12  # a shorter gap between two floating spans is a turning point of a swing, or a stance of no walk
_WALKS = 0.7  # minimal share of frames that are upright with a foot low: else the body flies, or leans on something
_WALK_M_S = 1.5  # a body may always be carried at the speed of a walk
_PACE_FRAMES = 2.0


def floating_frames(positions: np.ndarray) -> np.ndarray:
    """Return a (frames,) mask of the frames with a floating gait.

    Args:
        positions: (frames, 22, 3) joint positions [m], floor at 0, at 20 frames/s.
    """
    low = _foot_heights(positions) < _LOW_M
    stands = ((foot_speeds(positions)[..., 0] < _STAND_M_S) & low).any(1)
    speed = np.linalg.norm(_horizontal_velocity(positions[:, 0]), axis=-1)
    could_walk, flies = low.any(1) & upright(positions), airborne(positions) >= _AIRBORNE
    floats = np.zeros(len(positions), bool)
    for start, stop in true_spans(np.logical_not(stands)):
        here = slice(start, stop)
        carried = speed[here].mean() > _CARRIED_M_S and not flies[here].any()
        shortest = _SHORTEST_CARRIED_FRAMES if carried else _LONGEST_FLIGHT_FRAMES + 1
        floats[here] = stop - start >= shortest and could_walk[here].mean() > _WALKS
    for start, stop in true_spans(np.logical_not(floats)):
        inside = 0 < start and stop < len(floats)
        if inside and stop - start <= _GAP_FRAMES and (could_walk & ~flies)[start:stop].all():
            floats[start:stop] = True
    return floats


def excess_path(positions: np.ndarray, floats: np.ndarray) -> np.ndarray:
    """Compute how far a floating gait has carried the body beyond what its legs can do.

    A floating body may move as fast as its legs move against the floor, or as fast as a walk: legs that swing as in a
    walk show that it is one, however fast the path.

    Args:
        positions: (frames, 22, 3) joint positions [m], floor at 0, at 20 frames/s.
        floats: (frames,) mask from `floating_frames`.

    Returns:
        Displacement (frames, 3) [m], horizontal, 0 in the first frame.
    """
    velocity = gaussian_filter1d(_horizontal_velocity(positions[:, 0]), _PACE_FRAMES, axis=0, mode="nearest")
    speed = np.maximum(np.linalg.norm(velocity, axis=-1), 1e-6)
    legs = speed - (_stance_velocity(positions) * velocity).sum(-1) / speed
    share = np.clip(1 - np.maximum(legs, _WALK_M_S) / speed, 0, 1) * gaussian_filter1d(floats.astype(float), 1.0)
    path = np.cumsum(share[:, None] * velocity, axis=0) / CONTROL_FPS
    return path - path[0]  # the first frame stays where it is


def _horizontal_velocity(path: np.ndarray) -> np.ndarray:
    """Return the horizontal velocity (frames, ..., 3) [m/s] of points (frames, ..., 3) [m]."""
    return np.gradient(path, 1 / CONTROL_FPS, axis=0) * (1, 0, 1)


def _foot_heights(positions: np.ndarray) -> np.ndarray:
    """Return the height of each foot over the floor (frames, 2) [m].

    It is measured at the toe or at the ankle, less the height of the ankle over the toe of a flat foot, whichever is
    lower.
    """
    toes, ankles = positions[:, TOES, 1], positions[:, ANKLES, 1]
    return np.minimum(toes, ankles - np.median(ankles - toes))


def _stance_velocity(positions: np.ndarray) -> np.ndarray:
    """Return the horizontal velocity (frames, 3) [m/s] of the slower end of the lower foot, smoothed over a step."""
    feet = _horizontal_velocity(positions[:, [*ANKLES, *TOES]])
    ends = feet.reshape(-1, 2, 2, 3)  # frame, ankle or toe, side, coordinate
    end = np.linalg.norm(ends, axis=-1).argmin(1)
    slower = np.take_along_axis(ends, end[:, None, :, None], axis=1)[:, 0]
    height = _foot_heights(positions)
    weight = np.exp(-(height - height.min(1, keepdims=True)) / 0.02)
    lower = (weight[..., None] * slower).sum(1) / weight.sum(1, keepdims=True)
    return gaussian_filter1d(median_filter(lower, size=(5, 1), mode="nearest"), 1.5, axis=0, mode="nearest")
