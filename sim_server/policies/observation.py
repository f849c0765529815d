"""The observation and the action of learned policies, as numbers for a network; training and serving share this code.

All vectors are in the heading frame: Y up, +Z where the pelvis faces, origin at the pelvis. Numbers are scaled to about
one. A policy has no memory: it observes the next reference, the state of the body and the assist that is allowed.
"""

from __future__ import annotations

import math

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.skeleton import ANKLES, NUM_JOINTS, TOES
from sim_server.body.compiled import compiled
from sim_server.body.contact_points import CONTACT_POINT_JOINT, NUM_BODY_POINTS
from sim_server.body.humanoid import (
    BODY_OF_JOINT,
    NUM_SERVOS,
    NUM_SOLE_POINTS,
    ROOT_DOFS,
    ROTATION_DOFS,
    WEIGHT_N,
)
from sim_server.body.reference_row import LOOKAHEAD_FRAMES, LOOKAHEAD_JOINTS, ReferenceStep, SubstepReference
from sim_server.body.vectors import minus, multiply, rotate, rotate_back, rotation_vector
from sim_server.engine.body_state import CHILD_BODY, PARENT_BODY, BodyState
from sim_server.policies.policy import Action

OBSERVATION_VERSION = 2
"""Version of observation and action. Each version adds numbers at the end, so that older policies see what they saw."""

TARGET_OFFSET_RAD = 0.3
"""The offset of a servo target for an action of 1."""
WRENCH_SCALE = np.array([150.0, 150.0, 150.0, 60.0, 60.0, 60.0])
"""The wrench on the root for an action of 1 [N, N m]."""
ACTION_SIZE = ROTATION_DOFS + len(WRENCH_SCALE)
ACTION_LIMIT = 2.0

_FEET = (*ANKLES, *TOES)
_MOMENT_NM = 200.0  # the moment of a wrench that is seen as 1
_FIRST_BODY_POINTS = np.unique(CONTACT_POINT_JOINT[NUM_SOLE_POINTS:], return_index=True)[1]
_SEGMENTS = np.column_stack([_FIRST_BODY_POINTS, [*_FIRST_BODY_POINTS[1:], NUM_BODY_POINTS]])


def heading(root_rotation: FloatArray) -> FloatArray:
    """Return the rotations about the vertical by which pelvises face away from +Z: (n, 4) -> (n, 4)."""
    rotations = np.empty((len(root_rotation), 4))
    _heading_each(np.ascontiguousarray(root_rotation), rotations)
    return rotations


@compiled
def _heading_each(root_rotation, rotations):
    for row in range(len(rotations)):
        rotations[row] = _heading(root_rotation[row])


@compiled
def _heading(root_rotation):
    x, _, z = rotate(root_rotation, (0.0, 0.0, 1.0))
    half = math.atan2(x, z) / 2
    return math.cos(half), 0.0, math.sin(half), 0.0


def observe(body: BodyState, reference: ReferenceStep, assist_limit: FloatArray) -> FloatArray:
    """Compute the observations of n bodies before a control step.

    Args:
        body: the states of the bodies.
        reference: what they follow in the step.
        assist_limit: (n,) bound on the norm of the assist force [N] and torque [N m].

    Returns:
        (n, OBSERVATION_SIZE) float32, cut to ±8.
    """
    observations = np.empty((len(assist_limit), OBSERVATION_SIZE))
    follow = SubstepReference(*(np.ascontiguousarray(field) for field in reference.substep(0)))
    _observe_each(
        body.xpos,
        body.xquat,
        body.qvel,
        follow,
        np.ascontiguousarray(reference.servo_targets[:, -1]),
        np.ascontiguousarray(reference.target_joints),
        reference.lookahead_joints.reshape(len(observations), -1, 3),
        reference.lookahead_contact.reshape(len(observations), -1),
        np.log1p(np.minimum(assist_limit, 1000.0) / 10) / 3,
        observations,
    )
    return np.clip(observations, -8, 8).astype(np.float32)


@compiled
def _observe_each(
    xpos, xquat, qvel, follow, servo_targets, target_joints, lookahead_joints, lookahead_contact, assist, observations
):
    """Write the observation of one body after the other, in the order of `_PART_SIZES`."""
    for row in range(len(observations)):
        seen, velocity = observations[row], qvel[row]
        root, root_rotation = xpos[row, 1], xquat[row, 1]
        facing = _heading(root_rotation)
        at = _put(seen, 0, 1.0, root[1:2])
        at = _put(seen, at, 1.0, rotate_back(facing, rotate(root_rotation, (0.0, 1.0, 0.0))))
        at = _put(seen, at, 0.5, rotate_back(facing, velocity))
        at = _put(seen, at, 0.2, velocity[3:ROOT_DOFS])
        for joint in range(1, NUM_JOINTS):
            at = _put(seen, at, 2.0, rotate_back(facing, minus(xpos[row, BODY_OF_JOINT[joint]], root)))
        at = _put(seen, at, 0.1, velocity[ROOT_DOFS:])
        for servo in range(NUM_SERVOS):
            target = multiply(xquat[row, PARENT_BODY[servo]], servo_targets[row, servo])
            at = _put(seen, at, 2.0, rotation_vector(xquat[row, CHILD_BODY[servo]], target))
        for joint in range(NUM_JOINTS):
            error = minus(target_joints[row, joint], xpos[row, BODY_OF_JOINT[joint]])
            at = _put(seen, at, 4.0, rotate_back(facing, error))
        at = _put(seen, at, 4.0, rotate_back(facing, minus(follow.root_position[row], root)))
        at = _put(seen, at, 2.0, rotation_vector(root_rotation, follow.root_rotation[row]))
        at = _put(seen, at, 1.0, rotate_back(facing, minus(follow.root_velocity[row], velocity)))
        at = _put(seen, at, 0.2, minus(follow.root_angular_velocity[row], velocity[3:]))
        at = _put(seen, at, 1 / WEIGHT_N, rotate_back(facing, follow.wrench[row]))
        at = _put(seen, at, 1 / _MOMENT_NM, rotate_back(facing, follow.wrench[row, 3:]))
        for joint in _FEET:
            body = BODY_OF_JOINT[joint]
            at = _put(seen, at, 4.0, xpos[row, body, 1:2])
        at = _put(seen, at, 1.0, follow.foot_contact[row])
        at = _put(seen, at, 1.0, lookahead_contact[row])
        for place in lookahead_joints[row]:
            at = _put(seen, at, 2.0, rotate_back(facing, minus(place, root)))
        at = _put(seen, at, 1.0, assist[row : row + 1])
        for first, stop in _SEGMENTS:
            seen[at] = follow.body_contact[row, first:stop].max()
            at += 1


@compiled
def _put(seen, at, scale, values):
    """Write values times a scale from one place on, and return the place after them."""
    for i in range(len(values)):
        seen[at + i] = scale * values[i]
    return at + len(values)


_PART_SIZES = (
    1,  # height of the root
    3,  # direction of the vertical
    ROOT_DOFS,  # velocities of the root
    3 * (NUM_JOINTS - 1),  # joints relative to the root
    ROTATION_DOFS,  # velocities of the joints
    ROTATION_DOFS,  # rotation errors of the joints
    3 * NUM_JOINTS,  # position errors of the joints
    2 * ROOT_DOFS,  # errors of the root and of its velocities
    6,  # wrench of the reference
    len(_FEET),  # heights of the feet
    2,  # contacts
    2 * len(LOOKAHEAD_FRAMES),  # contacts to come
    3 * len(LOOKAHEAD_FRAMES) * len(LOOKAHEAD_JOINTS),  # joints to come
    1,  # limit of the assist
)
OBSERVATION_SIZES = {1: sum(_PART_SIZES), 2: sum(_PART_SIZES) + len(_FIRST_BODY_POINTS)}
"""Length of an observation by its version; the second adds which segments besides the feet may carry load."""
OBSERVATION_SIZE = OBSERVATION_SIZES[OBSERVATION_VERSION]


def decode_action(action: FloatArray, body: BodyState) -> Action:
    """Turn the output of a network into an action.

    Args:
        action: (n, ACTION_SIZE) output, cut here to ±ACTION_LIMIT.
        body: the states of the n bodies.
    """
    action = np.clip(action.astype(np.float64), -ACTION_LIMIT, ACTION_LIMIT)
    offsets, wrench = action[:, :ROTATION_DOFS], action[:, ROTATION_DOFS:]
    world = rotation.rotate(heading(body.xquat[:, 1])[:, None], (wrench * WRENCH_SCALE).reshape(-1, 2, 3))
    return Action(TARGET_OFFSET_RAD * offsets.reshape(-1, NUM_SERVOS, 3), world.reshape(-1, 6))
