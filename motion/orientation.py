"""Find from a motion which way is up and whether its left side is left.

Most files say neither. The motion does:

- The head of a body is over its feet, and its feet are what touches the ground. A body that lies on the ground of a
  file with Y up looks like one that stands along another axis. It is told apart by its level: a lying body stays on one
  height, while one that walks along another axis moves through all of them, and stands on the zero of its own axis.
- Toes point forward from the ankles, and knees bend forward. Forward, the way up the leg, and the way from the right
  hip to the left make a right-handed system in every pose, unless sides are exchanged or the world is mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from motion.array_types import FloatArray
from motion.skeleton import JOINT

Axis = Literal["x", "y", "z", "-x", "-y", "-z"]
"""A direction along an axis of the coordinates."""

# Column and sign of each new coordinate after the rotation that takes an axis to Y. (x, y, z) -> (x, z, -y) for Z is
# the usual one. Permutations with signs leave every digit as it was.
_TURNS: dict[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "y": ((0, 1, 2), (1, 1, 1)),
    "-y": ((0, 1, 2), (1, -1, -1)),
    "z": ((0, 2, 1), (1, 1, -1)),
    "-z": ((0, 2, 1), (1, -1, 1)),
    "x": ((1, 0, 2), (-1, 1, 1)),
    "-x": ((1, 0, 2), (1, -1, 1)),
}
_HEAD = JOINT["head"]
_LEFT_RIGHT = {part: [JOINT[f"left_{part}"], JOINT[f"right_{part}"]] for part in ("hip", "knee", "ankle", "foot")}
_FEET = _LEFT_RIGHT["ankle"] + _LEFT_RIGHT["foot"]
_WRISTS = [JOINT["left_wrist"], JOINT["right_wrist"]]

_STANDS_SHARE = 0.8  # of the frames, in which a standing body has its head over its feet
_LIES_SHARE = 0.1  # the same at most for an axis that is not up
_TOUCH = 0.03  # heights within this share of the body's length are the same
_MOVES = 0.2  # range of the lowest height, in body lengths, that no body on the ground has
_GROUND = 0.06  # distance of the ground from zero in files that put it there, in body lengths
_BED = 0.6  # height on which people lie, in body lengths
_TRAVEL = 0.5  # way of the pelvis that is walked rather than rolled, in body lengths
_ROLL = np.radians(120)
_REACH = 0.2  # wrists of a body on its hands or head are that close to the height of its lowest joint, in body lengths
_EXCHANGED = 0.5  # size of the triple product of unit vectors that is beyond doubt; people have 0.55 to 1
_BENT = 0.15  # the same for knees where a body has no toes
_NO_TOES = 0.15


@dataclass(frozen=True)
class UpAxis:
    """The axis that points up in a motion.

    Attributes:
        axis: the axis along which the body stands; `y` where it stands along none.
        certain: whether nothing else could explain the motion.
    """

    axis: Axis
    certain: bool


def find_up(positions: FloatArray) -> UpAxis:
    """Find the axis that points up.

    Args:
        positions: (frames, 22, 3) finite joint positions in any unit.
    """
    with_y_up = _Standing.along(positions, "y")
    if with_y_up.share > _LIES_SHARE:
        return UpAxis("y", with_y_up.share >= _STANDS_SHARE)
    for axis in get_args(Axis)[::-1]:
        body = _Standing.along(positions, axis)
        if body.share >= _STANDS_SHARE and body.on_feet >= _STANDS_SHARE:
            return UpAxis(axis, _no_other_explains(positions, axis, body, with_y_up))
    return UpAxis("y", False)


def turn_to_y(positions: FloatArray, axis: Axis) -> FloatArray:
    """Rotate positions (..., 3) so that `axis` becomes Y."""
    columns, signs = _TURNS[axis]
    return positions[..., columns] * np.array(signs, positions.dtype) + positions.dtype.type(0)


def turn_from_y(positions: FloatArray, axis: Axis) -> FloatArray:
    """Rotate positions (..., 3) so that Y becomes `axis`; the inverse of `turn_to_y`."""
    columns, signs = _TURNS[axis]
    turned = np.empty_like(positions)
    turned[..., columns] = positions * np.array(signs, positions.dtype) + positions.dtype.type(0)
    return turned


def sides_are_exchanged(positions: FloatArray) -> bool:
    """Return whether the left joints of a body are on its right, which a mirrored world does as well.

    Args:
        positions: (frames, 22, 3) finite joint positions in any unit, whichever axis is up.
    """
    hip, knee, ankle, toe = (positions[:, joints] for joints in _LEFT_RIGHT.values())
    left = _unit(hip[:, 0] - hip[:, 1])[:, None]
    foot = (left * np.cross(_unit(knee - ankle), _unit(toe - ankle))).sum(axis=-1).mean(axis=1)
    bend = (left * np.cross(_unit(hip - ankle), _unit(knee - ankle))).sum(axis=-1).mean(axis=1)
    toes_say, knees_say = float(np.median(foot)), float(np.median(bend))
    if abs(toes_say) < _NO_TOES:
        return knees_say < -_BENT and float((bend < 0).mean()) >= _STANDS_SHARE
    return toes_say < -_EXCHANGED and knees_say < 0 and float((foot < 0).mean()) >= _STANDS_SHARE


@dataclass(frozen=True, eq=False)
class _Standing:
    """How a body stands along an axis; lengths are in body lengths.

    Attributes:
        share: share of the frames in which the head is over the feet, within 45 degrees.
        on_feet: share of the frames in which a foot is the lowest joint.
        lowest: (frames,) height of the lowest joint.
        on_hands: share of the frames in which both wrists are near the height of the highest joint.
        size: body length in the unit of the positions: the median distance from the feet to the head.
    """

    share: float
    on_feet: float
    lowest: FloatArray
    on_hands: float
    size: float

    @classmethod
    def along(cls, positions: FloatArray, axis: Axis) -> _Standing:
        turned = turn_to_y(positions.astype(np.float64), axis)
        body = turned[:, _HEAD] - turned[:, _LEFT_RIGHT["ankle"]].mean(axis=1)
        length = np.linalg.norm(body, axis=-1)
        size = max(float(np.median(length)), 1e-9)
        height = turned[..., 1] / size
        lowest = height.min(axis=1)
        return cls(
            share=float((body[:, 1] > np.sqrt(0.5) * length).mean()),
            on_feet=float((height[:, _FEET].min(axis=1) <= lowest + _TOUCH).mean()),
            lowest=lowest,
            on_hands=float((height[:, _WRISTS].min(axis=1) > height.max(axis=1) - _REACH).mean()),
            size=size,
        )


def _no_other_explains(positions: FloatArray, axis: Axis, body: _Standing, lying: _Standing) -> bool:
    """Return whether a body that stands along `axis` cannot be one that lies, or stands on its hands, with Y up."""
    if axis == "-y":
        return body.on_hands < 0.5
    low, high = np.percentile(lying.lowest, [5, 95])
    if high - low > _MOVES:
        return True
    ground = float(np.median(lying.lowest))
    pelvis = float(np.median(positions[:, JOINT["pelvis"], 1])) / lying.size
    may_lie = -_GROUND < ground < _BED and pelvis > _TOUCH
    if abs(np.median(body.lowest)) < _GROUND and not may_lie:
        return True
    turned = turn_to_y(positions.astype(np.float64), axis)
    way = turned[-1, JOINT["pelvis"]] - turned[0, JOINT["pelvis"]]
    left = turned[:, JOINT["left_hip"]] - turned[:, JOINT["right_hip"]]
    yaw = np.unwrap(np.arctan2(left[:, 0], left[:, 2]))
    return bool(np.hypot(way[0], way[2]) > _TRAVEL * body.size and np.ptp(yaw) < _ROLL)


def _unit(vectors: FloatArray) -> FloatArray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
