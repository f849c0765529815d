"""The observation and the action of learned policies, as numbers for a network; training and serving share this code.

All vectors are in the heading frame: Y up, +Z where the pelvis faces, origin at the pelvis. Numbers are scaled to about
one. A policy has no memory: it observes the next reference, the state of the body and the assist that is allowed.
"""

from __future__ import annotations

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.skeleton import ANKLES, NUM_JOINTS, TOES
from sim_server.body.contact_points import CONTACT_POINT_JOINT
from sim_server.body.humanoid import (
    BODY_OF_JOINT,
    NUM_SERVOS,
    NUM_SOLE_POINTS,
    ROOT_DOFS,
    ROTATION_DOFS,
    WEIGHT_N,
)
from sim_server.body.reference_row import LOOKAHEAD_FRAMES, LOOKAHEAD_JOINTS, ReferenceStep
from sim_server.engine.body_state import BodyState
from sim_server.policies.policy import Action

OBSERVATION_VERSION = 2
"""Version of observation and action. Each version adds numbers at the end, so that older policies see what they saw."""

TARGET_OFFSET_RAD = 0.3
"""The offset of a servo target for an action of 1."""
WRENCH_SCALE = np.array([150.0, 150.0, 150.0, 60.0, 60.0, 60.0])
"""The wrench on the root for an action of 1 [N, N m]."""
ACTION_SIZE = ROTATION_DOFS + len(WRENCH_SCALE)
ACTION_LIMIT = 2.0

_FEET = [*ANKLES, *TOES]
_FIRST_BODY_POINTS = np.unique(CONTACT_POINT_JOINT[NUM_SOLE_POINTS:], return_index=True)[1]


def heading(root_rotation: FloatArray) -> FloatArray:
    """Return the rotations about the vertical by which pelvises face away from +Z: (n, 4) -> (n, 4)."""
    forward = rotation.rotate(root_rotation, np.array([0.0, 0.0, 1.0]))
    return rotation.about_y(np.arctan2(forward[:, 0], forward[:, 2]))


def _to_heading_frame(root_rotation: np.ndarray, *groups: np.ndarray) -> list[np.ndarray]:
    """Rotate groups of world vectors (n, ..., 3) into the heading frame; each group comes back as (n, width)."""
    count = len(root_rotation)
    vectors = [group.reshape(count, -1, 3) for group in groups]
    rotated = rotation.rotate(rotation.conjugate(heading(root_rotation))[:, None], np.concatenate(vectors, axis=1))
    edges = np.cumsum([3 * group.shape[1] for group in vectors])
    return np.split(rotated.reshape(count, -1), edges[:-1], axis=1)


def observe(body: BodyState, reference: ReferenceStep, assist_limit: FloatArray) -> FloatArray:
    """Compute the observations of n bodies before a control step.

    Args:
        body: the states of the bodies.
        reference: what they follow in the step.
        assist_limit: (n,) bound on the norm of the assist force [N] and torque [N m].

    Returns:
        (n, OBSERVATION_SIZE) float32, cut to ±8.
    """
    count = len(assist_limit)
    follow = reference.substep(0)
    root_rotation, root, velocity = body.xquat[:, 1], body.xpos[:, 1], body.qvel[:, :3]
    joints = body.xpos[:, BODY_OF_JOINT]
    rotation_errors = rotation.multiply(
        rotation.conjugate(np.concatenate([body.local_rotations(), root_rotation[:, None]], 1)),
        np.concatenate([reference.servo_targets[:, -1], follow.root_rotation[:, None]], 1),
    )
    rotation_errors = 2 * rotation.log(rotation_errors).reshape(count, -1)
    up, root_velocity, pose, joint_errors, position_error, velocity_error, wrench, lookahead = _to_heading_frame(
        root_rotation,
        rotation.rotate(root_rotation, np.array([0.0, 1.0, 0.0])),
        velocity,
        joints[:, 1:] - root[:, None],
        reference.target_joints - joints,
        follow.root_position - root,
        follow.root_velocity - velocity,
        follow.wrench,
        reference.lookahead_joints.reshape(count, -1, 3) - root[:, None],
    )
    parts = [
        root[:, 1:2],
        up,
        0.5 * root_velocity,
        0.2 * body.qvel[:, 3:ROOT_DOFS],
        2 * pose,
        0.1 * body.qvel[:, ROOT_DOFS:],
        rotation_errors[:, :-3],
        4 * joint_errors,
        4 * position_error,
        rotation_errors[:, -3:],
        velocity_error,
        0.2 * (follow.root_angular_velocity - body.qvel[:, 3:ROOT_DOFS]),
        wrench / np.repeat([WEIGHT_N, 200.0], 3),
        4 * joints[:, _FEET, 1],
        reference.foot_contact,
        reference.lookahead_contact.reshape(count, -1),
        2 * lookahead,
        np.log1p(np.minimum(assist_limit, 1000.0) / 10)[:, None] / 3,
        np.maximum.reduceat(reference.body_contact, _FIRST_BODY_POINTS, axis=1),
    ]
    return np.clip(np.concatenate(parts, axis=1), -8, 8).astype(np.float32)


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
