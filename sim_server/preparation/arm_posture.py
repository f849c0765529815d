"""The posture of arms at the floor: lifted out of it, with hands that lie on it instead of pointing into it.

A motion of 22 joints has no hands: they continue the forearm. Who leans on his hands would have them in the floor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motion import rotation
from motion.array_types import BoolArray, FloatArray
from motion.skeleton import ARMS, JOINT
from sim_server.body.humanoid import CONTROL_FPS, SOLE_M, body_scale

_HAND_M, _HALF_HAND_M = 0.12, 0.015  # length and half the thickness of the hand of an adult
_MARGIN_M = 0.005
_CHEST = JOINT["spine3"]
_ARM_RADIUS_M = (0.042, 0.034)  # of an adult's upper arm and forearm
_LARGEST_BEND_RAD = 0.25  # by which an arm is lifted
_LYING_RAD = (0.5, 0.9)  # an arm up to the first slope is lifted, one from the second on is not: the body leans on it
_LEAST_BEND_RAD, _VISIBLE_RAD = 1e-6, 0.1
_REACH_M = (0.08, 0.11)  # a wrist up to the first height lets its hand down to the floor, from the second on not
_REST_M_S = (0.3, 0.8)  # likewise a wrist that moves so fast
_BLEND_RAD = 0.5  # bend of a wrist from which on the hand is laid down with its palm
_AHEAD = 0.7  # how much the trunk decides where the fingers point, against the forearm
_PALM_UP_RAD = 2.1  # a hand that has to roll further lies on its back
_SMOOTH_FRAMES = 1.0
_UP = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True, eq=False)
class ArmPosture:
    """A motion whose arms and hands are level where they were in the floor.

    Attributes:
        positions: (frames, 22, 3) joint positions [m].
        rotations: (frames, 22, 4) rotations of the joints in the world.
        lifted: (frames, 2) mask of the arms that were lifted visibly, left and right.
        bent: (frames, 2) mask of the hands that were bent visibly at the wrist, left and right.
    """

    positions: FloatArray
    rotations: FloatArray
    lifted: BoolArray
    bent: BoolArray


def level_arms(positions: FloatArray, rotations: FloatArray, offsets: FloatArray) -> ArmPosture:
    """Lift arms out of the floor, and bend hands at the wrist so that they touch it; others stay as they are.

    A segment that begins at height h over the floor, has the length L and points along the unit vector d, must have
    d_y >= -h / L. It is swung up to that, an arm by no more than `_LARGEST_BEND_RAD` and not if it is steep; the rest
    of the arm keeps its direction. A hand that rests near the floor is let down to it as well. One that is bent by an
    angle b points along

        d' = sqrt(1 - d'_y^2) f + d'_y u,   f ~ d_xz + c a t_xz,   a = min(|b| / `_BLEND_RAD`, 1),

    with u up and t the direction between those to the head and to the back of the trunk: on all fours, in a handstand
    and in between the fingers point that way. By a it is also rolled until its palm lies on the floor.

    Args:
        positions: (frames, 22, 3) joint positions [m] of a rigid body, floor at 0.
        rotations: (frames, 22, 4) rotations of the joints in the world.
        offsets: (22, 3) rest pose of the skeleton [m].
    """
    positions, rotations = positions.copy(), rotations.copy()
    lifted, bent = np.zeros((2, len(positions), 2), bool)
    scale = body_scale(offsets)
    trunk = rotation.rotate(rotations[:, _CHEST], np.array([0.0, 1.0, -1.0]) / np.sqrt(2)) * (1, 0, 1)
    for side, (_, shoulder, elbow, wrist) in enumerate(ARMS):
        for start, end, radius in zip((shoulder, elbow), (elbow, wrist), _ARM_RADIUS_M, strict=True):
            bone = positions[:, end] - positions[:, start]
            room = positions[:, start, 1] + SOLE_M - radius * scale
            bend = np.clip(_bend_to_floor(bone, room, float(np.linalg.norm(offsets[end]))), 0, _LARGEST_BEND_RAD)
            bend *= np.interp(np.abs(_slope_angle(bone)), _LYING_RAD, (1, 0))
            here = bend > _LEAST_BEND_RAD
            if here.any():
                swing = _upward_swing(bone[here], bend[here])
                rotations[here, start] = rotation.multiply(swing, rotations[here, start])
                moved = rotation.rotate(swing, bone[here]) - bone[here]
                positions[here, end] += moved
                if end == elbow:
                    positions[here, wrist] += moved
                lifted[:, side] |= bend > _VISIBLE_RAD
        along = np.array([np.sign(offsets[wrist, 0]) or 1.0, 0.0, 0.0])
        hand = rotation.rotate(rotations[:, wrist], along)
        bend = _hand_bend(hand, positions[:, wrist], scale)
        bent[:, side] = np.abs(bend) > _VISIBLE_RAD
        if (np.abs(bend) > _LEAST_BEND_RAD).any():
            rotations[:, wrist] = _lay_hands(rotations[:, wrist], hand, bend, trunk)
    return ArmPosture(positions, rotation.continuous(rotations), lifted, bent)


def _bend_to_floor(direction: FloatArray, room: FloatArray, length: float) -> FloatArray:
    """Return the angle (frames,) [rad] by which a segment has to swing up so that its end is at the floor.

    Args:
        direction: (frames, 3) of the segment.
        room: (frames,) height of its beginning over the floor [m].
        length: of the segment [m].
    """
    return np.arcsin(np.clip(-room / max(length, 1e-6), -1, 0)) - _slope_angle(direction)


def _slope_angle(direction: FloatArray) -> FloatArray:
    """Return the angles (frames,) [rad] by which directions (frames, 3) point up."""
    return np.arcsin(np.clip(rotation.normalized(direction)[:, 1], -1, 1))


def _hand_bend(hand: FloatArray, wrist: FloatArray, scale: float) -> FloatArray:
    """Return the angle (frames,) [rad] by which a hand is bent up, or down if it is negative."""
    bend = _bend_to_floor(hand, wrist[:, 1] + SOLE_M - _HALF_HAND_M - _MARGIN_M, _HAND_M * scale)
    speed = np.linalg.norm(np.gradient(wrist[:, [0, 2]], 1 / CONTROL_FPS, axis=0), axis=-1)
    rests = np.interp(wrist[:, 1] + SOLE_M, _REACH_M, (1, 0)) * np.interp(speed, _REST_M_S, (1, 0))
    return np.where(bend < 0, rests * bend, bend)


def _upward_swing(direction: FloatArray, angle: FloatArray) -> FloatArray:
    """Return the rotations (frames, 4) that swing directions (frames, 3) up by angles (frames,) [rad]."""
    axis = rotation.normalized(rotation.cross(direction, np.broadcast_to(_UP, direction.shape)))
    return rotation.exp(axis * angle[:, None])


def _lay_hands(hands: FloatArray, direction: FloatArray, bend: FloatArray, trunk: FloatArray) -> FloatArray:
    """Return the rotations (frames, 4) of hands that are bent up by angles `bend` (frames,) as `level_arms` says."""
    amount = np.clip(np.abs(bend) / _BLEND_RAD, 0, 1)[:, None]
    level = direction * (1, 0, 1)
    ahead = gaussian_filter1d(level + _AHEAD * amount * trunk, _SMOOTH_FRAMES, axis=0)
    ahead = rotation.normalized((1 - amount) * level + amount * ahead)
    slope = _slope_angle(direction) + bend
    along = ahead * np.cos(slope)[:, None] + np.sin(slope)[:, None] * _UP
    laid = rotation.multiply(rotation.between(direction, along), hands)
    laid = rotation.multiply(rotation.exp(along * amount * _roll(laid, along)[:, None]), laid)
    return np.where((np.abs(bend) > _LEAST_BEND_RAD)[:, None], laid, hands)


def _roll(hands: FloatArray, along: FloatArray) -> FloatArray:
    """Return the angle (frames,) [rad] about their direction `along` (frames, 3) that lays hands (frames, 4) flat.

    The palm comes to the floor, or the back of the hand if that is much nearer.
    """
    back = rotation.rotate(hands, _UP)
    up = _UP - along[:, 1:2] * along
    angle = np.arctan2((rotation.cross(back, up) * along).sum(-1), (back * up).sum(-1))
    return np.where(np.abs(angle) > _PALM_UP_RAD, angle - np.sign(angle) * np.pi, angle)
