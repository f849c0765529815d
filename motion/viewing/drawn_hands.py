"""Hands that are drawn on the floor instead of through it.

A motion of 22 joints has no hands: drawn along their forearms, those of a body on all fours would point into the floor.
The simulated body bends its wrists there, and so does the body that is drawn.
"""

from __future__ import annotations

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.skeleton import ARMS, JOINT

_HALF_THICKNESS_M, _MARGIN_M = 0.015, 0.003
_HAND_OF_SHANKS = 0.12 / 0.78  # the length of a hand for that of both bones of a leg
_FULL_BEND_RAD = 0.2  # bend of a wrist from which on the palm lies flat
_AHEAD = 0.7  # how much the trunk decides where the fingers point, against the forearm
_UP = np.array([0.0, 1.0, 0.0])


def hands_on_floor(positions: FloatArray, rotations: FloatArray, offsets: FloatArray, floor: float = 0.0) -> FloatArray:
    """Bend hands at the wrist that would be in the floor, until they lie on it.

    The fingers then point where the forearm does and, the more the wrist bends, where the trunk does.

    Args:
        positions: (frames, 22, 3) joint positions [m].
        rotations: (frames, 22, 4) world rotations of the joints.
        offsets: (22, 3) rest offsets of the body [m].
        floor: height of the floor [m].

    Returns:
        World rotations (frames, 22, 4), which differ from the given ones in the wrists alone.
    """
    rotations = rotations.copy()
    length = _HAND_OF_SHANKS * float(
        np.linalg.norm(offsets[JOINT["left_knee"]]) + np.linalg.norm(offsets[JOINT["left_ankle"]])
    )
    trunk = rotation.rotate(rotations[:, JOINT["spine3"]], np.array([0.0, 1.0, -1.0]) / np.sqrt(2)) * (1, 0, 1)
    for *_, wrist in ARMS:
        hand = rotation.rotate(rotations[:, wrist], np.array([np.sign(offsets[wrist, 0]) or 1.0, 0.0, 0.0]))
        room = positions[:, wrist, 1] - floor - _HALF_THICKNESS_M - _MARGIN_M
        lowest = np.clip(-room / max(length, 1e-6), -1, 0)
        bend = np.arcsin(lowest) - np.arcsin(np.clip(hand[:, 1], -1, 1))
        amount = np.clip(bend / _FULL_BEND_RAD, 0, 1)[:, None]
        ahead = rotation.normalized(hand * (1, 0, 1) + _AHEAD * amount * trunk)
        along = ahead * np.sqrt(1 - lowest**2)[:, None] + lowest[:, None] * _UP
        laid = rotation.multiply(rotation.between(hand, along), rotations[:, wrist])
        laid = rotation.multiply(rotation.exp(along * amount * _roll(laid, along)[:, None]), laid)
        rotations[:, wrist] = np.where((bend > 0)[:, None], laid, rotations[:, wrist])
    return rotations


def _roll(hands: FloatArray, along: FloatArray) -> FloatArray:
    """Return the angles (frames,) [rad] about their direction `along` (frames, 3) that lay hands (frames, 4) flat."""
    back = rotation.rotate(hands, _UP)
    up = _UP - along[:, 1:2] * along
    angle = np.arctan2((rotation.cross(back, up) * along).sum(-1), (back * up).sum(-1))
    return np.where(np.abs(angle) > np.pi / 2, angle - np.sign(angle) * np.pi, angle)
