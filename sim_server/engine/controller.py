"""The analytic controller: keeps the root on its path by pushing through the feet.

Each substep starts from a wrench on the root: what the reference asks for by inverse dynamics, plus critically damped
feedback with the reference's own inertia. This wrench is distributed over the points that touch the floor and may carry
load - soles, and hands, knees or trunk where the reference lies on them - as forces in their friction cones; the
torques of the joints above those points follow from the forces. What the contacts cannot supply acts on the root as the
assist, cut to the limit that is allowed. The literature calls such a force a residual force (residual force control,
RFC).

All functions work on many bodies at once, row by row: the result of a row does not depend on the other rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motion import rotation
from motion.array_types import BoolArray, FloatArray, IntArray
from sim_server.body.contact_distribution import (
    FRICTION_EDGES,
    WRENCH_WEIGHT,
    contact_matrix,
    distribute_wrench,
)
from sim_server.body.contact_points import CONTACT_POINT_JOINT
from sim_server.body.dynamics import SUBTREE
from sim_server.body.humanoid import (
    BODY_OF_JOINT,
    MASS_KG,
    NUM_DOFS,
    NUM_SOLE_POINTS,
    ROOT_DOFS,
    SERVO_JOINTS,
    SOLE_POINT_JOINT,
    SOLE_POINT_SIDE,
    TORQUE_LIMIT,
)
from sim_server.body.reference_row import SubstepReference
from sim_server.engine.body_state import BodyState

POSITION_FREQUENCY = 7.0  # of the feedback on the root's position [rad/s]
ROTATION_FREQUENCY = 12.0  # of the feedback on the root's orientation [rad/s]
CONTACT_HEIGHT_M = 0.012  # sole points below this height may carry load
BODY_CONTACT_HEIGHT_M = 0.02  # any other point below this height may; hands and knees are not held as flat as soles
_MOST_BODY_POINTS = 12  # the lowest of them, besides the soles
_BODY_POINT_JOINT = CONTACT_POINT_JOINT[NUM_SOLE_POINTS:]
_SERVO_BODY = BODY_OF_JOINT[SERVO_JOINTS]
SERVO_LIMIT = np.repeat(TORQUE_LIMIT[SERVO_JOINTS], 3)
"""(63,) bound on the torques of the ball joints [N m]."""
# (22, 21): 1 at (i, j) where segment i hangs from servo j, so that its weight goes through it.
_HANGS_FROM = SUBTREE[SERVO_JOINTS].T.copy()


@dataclass(frozen=True)
class ControlForces:
    """The forces of one substep on n bodies.

    Attributes:
        applied: (n, 69) generalized forces [N, N m]; the part on the root is the assist.
        assist: (n, 6) assist force [N] and torque [N m] on the root, in the world frame.
        dual: (n, 6) dual solution, from which the next substep starts its search.
    """

    applied: FloatArray
    assist: FloatArray
    dual: FloatArray


def tracking_wrench(body: BodyState, reference: SubstepReference) -> FloatArray:
    """Compute the wrench on the root that follows the reference and corrects the errors of the root.

    Returns:
        (n, 6) force [N] and moment about the root [N m], in the world frame.
    """
    root_rotation = body.xquat[:, 1]
    position_error = reference.root_position - body.xpos[:, 1]
    velocity_error = reference.root_velocity - body.qvel[:, :3]
    # Both are in the root's own frame, in which MuJoCo has the angular velocity of a free joint.
    rotation_error = rotation.log(rotation.multiply(rotation.conjugate(root_rotation), reference.root_rotation))
    angular_error = reference.root_angular_velocity - body.qvel[:, 3:6]
    linear = POSITION_FREQUENCY**2 * position_error + 2 * POSITION_FREQUENCY * velocity_error
    angular = rotation.rotate(
        root_rotation, ROTATION_FREQUENCY**2 * rotation_error + 2 * ROTATION_FREQUENCY * angular_error
    )
    force = MASS_KG * (linear + rotation.cross(angular, reference.centre_of_mass))
    moment = (reference.inertia @ angular[..., None])[..., 0] + MASS_KG * rotation.cross(
        reference.centre_of_mass, linear
    )
    return reference.wrench + np.concatenate([force, moment], -1)


def compute_control(
    body: BodyState,
    reference: SubstepReference,
    contact_points: FloatArray,
    assist_limit: FloatArray,
    warm_start: FloatArray,
    policy_wrench: FloatArray,
    controller_mask: BoolArray | None = None,
) -> ControlForces:
    """Compute generalized forces for one substep.

    Args:
        body: the states of n bodies.
        reference: what they follow in this substep.
        contact_points: (n, 53, 4) points of the bodies that can touch the floor, as `contact_points` has them.
        assist_limit: (n,) bound on the norm of the assist force [N] and torque [N m].
        warm_start: (n, 6) dual solution of the previous substep, zeros at the start.
        policy_wrench: (n, 6) wrench that the policy adds before the distribution, in the world frame [N, N m].
        controller_mask: (n,) bodies whose contact controller is active; None for all.

    Returns:
        Forces (n, 69) [N, N m], with the assist (n, 6) in the world frame.
    """
    count = len(assist_limit)
    wrench = (tracking_wrench(body, reference) + policy_wrench) * WRENCH_WEIGHT
    active = np.ones(count, bool) if controller_mask is None else controller_mask
    lying = active & (reference.body_contact > 0.5).any(1)
    dual = np.empty((count, 6))
    torque = np.where(active[:, None], reference.joint_torque.reshape(count, -1), 0.0)
    # Most bodies stand on their feet alone. Each kind has arrays of one shape, so that a body's forces do not depend,
    # to the last bit, on whether another one in the batch lies.
    for rows, select in ((np.flatnonzero(~lying), _sole_contacts), (np.flatnonzero(lying), _all_contacts)):
        if not len(rows):
            continue
        state = body if len(rows) == count else body.select(rows)
        contacts = select(state, contact_points[rows], reference.foot_contact[rows], reference.body_contact[rows])
        contacts.carrying &= active[rows, None]
        matrix = contact_matrix(contacts.points - state.xpos[:, None, 1], contacts.carrying)
        edge_forces, dual[rows] = distribute_wrench(matrix, wrench[rows], warm_start[rows])
        forces = edge_forces.reshape(*contacts.points.shape[:2], len(FRICTION_EDGES)) @ FRICTION_EDGES
        torque[rows] -= _joint_torques(state, contacts, forces)
    assist = _limit_norms(dual / WRENCH_WEIGHT, assist_limit)

    applied = np.empty((count, NUM_DOFS))
    applied[:, :3] = assist[:, :3]
    applied[:, 3:ROOT_DOFS] = rotation.rotate(rotation.conjugate(body.xquat[:, 1]), assist[:, 3:])
    applied[:, ROOT_DOFS:] = np.clip(torque, -SERVO_LIMIT, SERVO_LIMIT)
    return ControlForces(applied, assist, dual)


@dataclass
class _Contacts:
    """Points that may carry bodies.

    Attributes:
        joints: (n, points) the joint that each point is fixed to.
        points: (n, points, 3) where they are, in the world frame [m].
        carrying: (n, points) whether they may carry load.
    """

    joints: IntArray
    points: FloatArray
    carrying: BoolArray


def _sole_contacts(
    body: BodyState, contact_points: FloatArray, foot_contact: FloatArray, body_contact: FloatArray
) -> _Contacts:
    """Return the contacts of bodies that only their feet may carry."""
    bodies = BODY_OF_JOINT[SOLE_POINT_JOINT]
    soles = contact_points[:, :NUM_SOLE_POINTS, :3]
    points = body.xpos[:, bodies] + rotation.rotate(body.xquat[:, bodies], soles)
    carrying = (points[..., 1] < CONTACT_HEIGHT_M) & (foot_contact[:, SOLE_POINT_SIDE] > 0.5)
    return _Contacts(np.broadcast_to(SOLE_POINT_JOINT, carrying.shape), points, carrying)


def _all_contacts(
    body: BodyState, contact_points: FloatArray, foot_contact: FloatArray, body_contact: FloatArray
) -> _Contacts:
    """Return the contacts of bodies that more than their feet may carry: the soles, and the lowest other points."""
    soles = _sole_contacts(body, contact_points, foot_contact, body_contact)
    bodies = BODY_OF_JOINT[_BODY_POINT_JOINT]
    others = contact_points[:, NUM_SOLE_POINTS:]
    points = body.xpos[:, bodies] + rotation.rotate(body.xquat[:, bodies], others[..., :3])
    points[..., 1] -= others[..., 3]
    height = np.where(body_contact > 0.5, points[..., 1], np.inf)
    lowest = np.argsort(height, axis=1, kind="stable")[:, :_MOST_BODY_POINTS]
    return _Contacts(
        np.concatenate([soles.joints, _BODY_POINT_JOINT[lowest]], 1),
        np.concatenate([soles.points, np.take_along_axis(points, lowest[..., None], 1)], 1),
        np.concatenate([soles.carrying, np.take_along_axis(height, lowest, 1) < BODY_CONTACT_HEIGHT_M], 1),
    )


def _joint_torques(body: BodyState, contacts: _Contacts, forces: FloatArray) -> FloatArray:
    """Return what contact forces do to the joints above them.

    Args:
        body: the states of n bodies.
        contacts: where the forces act.
        forces: (n, points, 3) in the world frame [N].

    Returns:
        (n, 63) torques about the ball joints, in the child's frame [N m].
    """
    hangs = _HANGS_FROM[contacts.joints].swapaxes(1, 2)
    moments = hangs @ rotation.cross(contacts.points, forces) - rotation.cross(
        body.xpos[:, _SERVO_BODY], hangs @ forces
    )
    return rotation.rotate(rotation.conjugate(body.xquat[:, _SERVO_BODY]), moments).reshape(len(forces), -1)


def _limit_norms(wrench: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Return wrenches (n, 6) with the norms of their forces and torques cut to the limits (n,)."""
    parts = wrench.reshape(-1, 2, 3)
    norms = np.linalg.norm(parts, axis=-1)
    scale = np.minimum(1.0, limit[:, None] / np.maximum(norms, 1e-9))
    return (parts * scale[..., None]).reshape(-1, 6)
