"""The analytic controller: keeps the root on its path by pushing through the feet.

Each substep starts from a wrench on the root: what the reference asks for by inverse dynamics, plus critically damped
feedback with the reference's own inertia. This wrench is distributed over the points that touch the floor and may carry
load - soles, and hands, knees or trunk where the reference lies on them - as forces in their friction cones; the
torques of the joints above those points follow from the forces. What the contacts cannot supply acts on the root as the
assist, cut to the limit that is allowed. The literature calls such a force a residual force (residual force control,
RFC).

Bodies are controlled one after the other by compiled functions, so the result of one does not depend on the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from motion.array_types import BoolArray, FloatArray, IntArray
from sim_server.body.compiled import compiled
from sim_server.body.contact_distribution import (
    FRICTION_EDGES,
    NUM_EDGES,
    WRENCH_WEIGHT,
    distribute_one,
    edge_wrenches,
    newton_memory,
)
from sim_server.body.contact_points import CONTACT_POINT_JOINT, NUM_BODY_POINTS
from sim_server.body.dynamics import SUBTREE
from sim_server.body.humanoid import (
    BODY_OF_JOINT,
    MASS_KG,
    NUM_DOFS,
    NUM_SERVOS,
    NUM_SOLE_POINTS,
    ROOT_DOFS,
    SERVO_JOINTS,
    SOLE_POINT_SIDE,
    TORQUE_LIMIT,
)
from sim_server.body.reference_row import SubstepReference
from sim_server.body.vectors import cross, rotate, rotate_back, rotation_vector
from sim_server.engine.body_state import BodyState

POSITION_FREQUENCY = 7.0  # of the feedback on the root's position [rad/s]
ROTATION_FREQUENCY = 12.0  # of the feedback on the root's orientation [rad/s]
CONTACT_HEIGHT_M = 0.012  # sole points below this height may carry load
BODY_CONTACT_HEIGHT_M = 0.02  # any other point below this height may; hands and knees are not held as flat as soles
_MOST_BODY_POINTS = 12  # the lowest of them, besides the soles
_MOST_POINTS = NUM_SOLE_POINTS + _MOST_BODY_POINTS
_SERVO_BODY = BODY_OF_JOINT[SERVO_JOINTS]
_POINT_BODY = BODY_OF_JOINT[CONTACT_POINT_JOINT]
SERVO_LIMIT = np.repeat(TORQUE_LIMIT[SERVO_JOINTS], 3)
"""(63,) bound on the torques of the ball joints [N m]."""
# (53, 21): whether a contact point hangs from a servo, so that its load goes through it.
_HANGS_FROM = SUBTREE[np.ix_(SERVO_JOINTS, CONTACT_POINT_JOINT)].T > 0


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


class ContactLimits(NamedTuple):
    """Bounds of what carries.

    Attributes:
        sole_height: sole points below it may carry load [m].
        body_height: any other point below it may [m].
        torque: (63,) bound on the torques of the ball joints [N m].
    """

    sole_height: float
    body_height: float
    torque: FloatArray


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
    forces = ControlForces(np.empty((count, NUM_DOFS)), np.empty((count, 6)), warm_start.copy())
    _control_each(
        body.xpos,
        body.xquat,
        body.qvel,
        reference,
        contact_points,
        np.asarray(assist_limit, float),
        policy_wrench,
        np.ones(count, bool) if controller_mask is None else controller_mask,
        ContactLimits(CONTACT_HEIGHT_M, BODY_CONTACT_HEIGHT_M, SERVO_LIMIT),
        forces.applied,
        forces.assist,
        forces.dual,
    )
    return forces


class _Contacts(NamedTuple):
    """The points that carry a body.

    Attributes:
        point: (24,) which of the contact points each is.
        place: (24, 3) where it touches the floor, in the world frame [m].
        height: (41,) of the points that are not of the soles; infinite for those that may not carry [m].
    """

    point: IntArray
    place: FloatArray
    height: FloatArray


@compiled
def _control_each(
    xpos, xquat, qvel, reference, points, assist_limit, policy_wrench, active, limits, applied, assist, dual
):
    """Compute `ControlForces` of one body after the other; `dual` has the warm start before."""
    wrench, edges = np.empty(6), np.empty(_MOST_POINTS * NUM_EDGES)
    matrix, memory = np.empty((_MOST_POINTS * NUM_EDGES, 6)), newton_memory(_MOST_POINTS * NUM_EDGES)
    contacts = _Contacts(np.empty(_MOST_POINTS, np.int64), np.empty((_MOST_POINTS, 3)), np.empty(NUM_BODY_POINTS))
    for row in range(len(assist_limit)):
        _tracking_wrench(xpos[row, 1], xquat[row, 1], qvel[row], reference, row, wrench)
        for i in range(6):
            wrench[i] = (wrench[i] + policy_wrench[row, i]) * WRENCH_WEIGHT[i]
        torque = applied[row, ROOT_DOFS:]
        torque[:] = 0.0
        count = 0
        if active[row]:
            for dof in range(len(torque)):
                torque[dof] = reference.joint_torque[row, dof // 3, dof % 3]
            count = _find_contacts(xpos[row], xquat[row], points[row], reference, row, limits, contacts)
        for point in range(count):
            place, root = contacts.place[point], xpos[row, 1]
            arm = (place[0] - root[0], place[1] - root[1], place[2] - root[2])
            edge_wrenches(arm, matrix[point * NUM_EDGES : (point + 1) * NUM_EDGES])
        distribute_one(matrix[: count * NUM_EDGES], wrench, dual[row], edges[: count * NUM_EDGES], memory)
        for point in range(count):
            pushes = edges[point * NUM_EDGES : (point + 1) * NUM_EDGES]
            _subtract_joint_torques(xpos[row], xquat[row], contacts.point[point], contacts.place[point], pushes, torque)
        for dof in range(len(torque)):
            torque[dof] = min(max(torque[dof], -limits.torque[dof]), limits.torque[dof])
        _limit_assist(dual[row], assist_limit[row], assist[row])
        applied[row, :3] = assist[row, :3]
        applied[row, 3:ROOT_DOFS] = rotate_back(xquat[row, 1], assist[row, 3:])


@compiled
def _tracking_wrench(position, rotation, velocity, reference, row, wrench):
    """Compute the wrench (6,) on the root that follows the reference and corrects the errors of the root."""
    # Both angular errors are in the root's own frame, in which MuJoCo has the angular velocity of a free joint.
    error = rotation_vector(rotation, reference.root_rotation[row])
    linear, turning = np.empty(3), np.empty(3)
    for i in range(3):
        position_error = reference.root_position[row, i] - position[i]
        velocity_error = reference.root_velocity[row, i] - velocity[i]
        angular_error = reference.root_angular_velocity[row, i] - velocity[3 + i]
        linear[i] = POSITION_FREQUENCY**2 * position_error + 2 * POSITION_FREQUENCY * velocity_error
        turning[i] = ROTATION_FREQUENCY**2 * error[i] + 2 * ROTATION_FREQUENCY * angular_error
    angular = rotate(rotation, turning)
    centre = reference.centre_of_mass[row]
    carried, moment = cross(angular, centre), cross(centre, linear)
    for i in range(3):
        inertia = reference.inertia[row, i]
        turned = inertia[0] * angular[0] + inertia[1] * angular[1] + inertia[2] * angular[2]
        wrench[i] = reference.wrench[row, i] + MASS_KG * (linear[i] + carried[i])
        wrench[3 + i] = reference.wrench[row, 3 + i] + turned + MASS_KG * moment[i]


@compiled
def _find_contacts(xpos, xquat, points, reference, row, limits, contacts):
    """Find the points that carry a body: those of its soles, and the lowest others; return how many they are."""
    count = 0
    for point in range(NUM_SOLE_POINTS):
        if reference.foot_contact[row, SOLE_POINT_SIDE[point]] > 0.5:
            place = _place(xpos, xquat, points, point)
            if place[1] < limits.sole_height:
                contacts.point[count], contacts.place[count] = point, place
                count += 1
    if reference.body_contact[row].max() > 0.5:
        for other in range(NUM_BODY_POINTS):
            contacts.height[other] = np.inf
            if reference.body_contact[row, other] > 0.5:
                contacts.height[other] = _place(xpos, xquat, points, NUM_SOLE_POINTS + other)[1]
        for other in np.argsort(contacts.height, kind="mergesort")[:_MOST_BODY_POINTS]:
            if contacts.height[other] < limits.body_height:
                point = NUM_SOLE_POINTS + other
                contacts.point[count], contacts.place[count] = point, _place(xpos, xquat, points, point)
                count += 1
    return count


@compiled
def _place(xpos, xquat, points, point):
    """Return where a contact point touches the floor first: the lowest point of its sphere [m]."""
    body = _POINT_BODY[point]
    x, y, z = rotate(xquat[body], points[point])
    return xpos[body, 0] + x, xpos[body, 1] + y - points[point, 3], xpos[body, 2] + z


@compiled
def _subtract_joint_torques(xpos, xquat, point, place, pushes, torque):
    """Subtract what the force at a contact point does to the joints above it, in the child's frames [N m].

    Args:
        xpos: (23, 3) positions of the bodies [m].
        xquat: (23, 4) their rotations.
        point: which of the contact points it is.
        place: (3,) where it is [m].
        pushes: (4,) forces along the edges of its friction pyramid [N].
        torque: (63,) torques about the ball joints.
    """
    force = np.zeros(3)
    for edge in range(NUM_EDGES):
        for i in range(3):
            force[i] += pushes[edge] * FRICTION_EDGES[edge, i]
    for servo in range(NUM_SERVOS):
        if _HANGS_FROM[point, servo]:
            body = _SERVO_BODY[servo]
            arm = (place[0] - xpos[body, 0], place[1] - xpos[body, 1], place[2] - xpos[body, 2])
            moment = rotate_back(xquat[body], cross(arm, force))
            for i in range(3):
                torque[3 * servo + i] -= moment[i]


@compiled
def _limit_assist(dual, limit, assist):
    """Compute the assist (6,): the wrench that no contact supplies, with the norms of both halves cut to a limit."""
    for part in (0, 3):
        for i in range(part, part + 3):
            assist[i] = dual[i] / WRENCH_WEIGHT[i]
        norm = np.sqrt(assist[part] ** 2 + assist[part + 1] ** 2 + assist[part + 2] ** 2)
        scale = min(1.0, limit / max(norm, 1e-9))
        for i in range(part, part + 3):
            assist[i] *= scale
