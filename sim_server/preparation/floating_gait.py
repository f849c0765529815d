"""Gliding: a body carried along while neither foot ever stands.

Generators that lose their way keep a walker's path and forget its legs, which freeze in mid-stride or swing as if for
another speed. No body can follow that; it would have to be carried. In a run no foot stands for moments either, but
then the body falls.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter

from motion.skeleton import ANKLES, TOES
from sim_server.preparation.foot_contacts import foot_speeds
from sim_server.preparation.stretches import stretches
from sim_server.preparation.support import airborne, upright

_FPS = 20.0
_STAND_M_S = 0.4  # of its slower end: faster, and a foot does not stand
_LOW_M = 0.08  # higher, it could not
_LONGEST_FLIGHT_FRAMES = 8  # more without a stance, and a body glides whether it falls or not
_SHORTEST_CARRIED_FRAMES = 6  # without a stance, and a body glides that is carried:
_CARRIED_M_S = 1.0  # it is faster than this
_AIRBORNE = 1 / 3  # and never as surely in the air
_GAP_FRAMES = 12  # between two glides: a turning point of a swing, or a stance in no walk
_WALKS = 0.7  # share of the frames in which it is upright with a foot low: else it flies, or leans on something
_WALK_M_S = 1.5  # a body is carried no faster than its legs go, or than one walks
_PACE_FRAMES = 2.0


def gliding(positions: np.ndarray) -> np.ndarray:
    """The frames (frames,) in which a motion (frames, 22, 3), floor at 0, glides."""
    low = _foot_heights(positions) < _LOW_M
    stands = ((foot_speeds(positions)[..., 0] < _STAND_M_S) & low).any(1)
    speed = np.linalg.norm(_velocity(positions[:, 0]), axis=-1)
    could_walk, flies = low.any(1) & upright(positions), airborne(positions) >= _AIRBORNE
    glides = np.zeros(len(positions), bool)
    for start, stop in stretches(np.logical_not(stands)):
        here = slice(start, stop)
        carried = speed[here].mean() > _CARRIED_M_S and not flies[here].any()
        shortest = _SHORTEST_CARRIED_FRAMES if carried else _LONGEST_FLIGHT_FRAMES + 1
        glides[here] = stop - start >= shortest and could_walk[here].mean() > _WALKS
    for start, stop in stretches(np.logical_not(glides)):
        inside = 0 < start and stop < len(glides)
        if inside and stop - start <= _GAP_FRAMES and (could_walk & ~flies)[start:stop].all():
            glides[start:stop] = True
    return glides


def hurried_path(positions: np.ndarray, glides: np.ndarray) -> np.ndarray:
    """How far a gliding body has been carried, by each frame, beyond what its legs can do: (frames, 3) metres.

    Where it glides it may go as fast as its legs move against the floor, or as one walks: legs that swing for a walk
    say that it is one, however fast the path.
    """
    velocity = gaussian_filter1d(_velocity(positions[:, 0]), _PACE_FRAMES, axis=0, mode="nearest")
    speed = np.maximum(np.linalg.norm(velocity, axis=-1), 1e-6)
    legs = speed - (_ground_velocity(positions) * velocity).sum(-1) / speed
    share = np.clip(1 - np.maximum(legs, _WALK_M_S) / speed, 0, 1) * gaussian_filter1d(glides.astype(float), 1.0)
    path = np.cumsum(share[:, None] * velocity, axis=0) / _FPS
    return path - path[0]  # a motion begins where it began


def _velocity(path: np.ndarray) -> np.ndarray:
    """In the plane: of points (frames, ..., 3) the same, metres a second."""
    return np.gradient(path, 1 / _FPS, axis=0) * (1, 0, 1)


def _foot_heights(positions: np.ndarray) -> np.ndarray:
    """Height of each foot over the floor, (frames, 2), by its toe or, less what a flat foot's is higher, its ankle."""
    toes, ankles = positions[:, TOES, 1], positions[:, ANKLES, 1]
    return np.minimum(toes, ankles - np.median(ankles - toes))


def _ground_velocity(positions: np.ndarray) -> np.ndarray:
    """The horizontal velocity (frames, 3) that the slower end of the lower foot has, over about a step."""
    feet = _velocity(positions[:, [*ANKLES, *TOES]])
    ends = feet.reshape(-1, 2, 2, 3)  # ankle or toe, side
    end = np.linalg.norm(ends, axis=-1).argmin(1)
    slower = np.take_along_axis(ends, end[:, None, :, None], axis=1)[:, 0]
    height = _foot_heights(positions)
    weight = np.exp(-(height - height.min(1, keepdims=True)) / 0.02)
    lower = (weight[..., None] * slower).sum(1) / weight.sum(1, keepdims=True)
    return gaussian_filter1d(median_filter(lower, size=(5, 1), mode="nearest"), 1.5, axis=0, mode="nearest")
