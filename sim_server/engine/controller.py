"""The analytic controller: keeps the root on its path by pushing through the feet.

Each control step starts from a wrench on the root: what the reference asks for by inverse dynamics, plus critically
damped feedback with the reference's own inertia. This wrench is distributed over the sole points that touch the floor
and may carry load, as forces in their friction cones; the torques of the legs follow from those forces. What the
contacts cannot supply acts on the root as the assist, cut to the limit that is allowed. The literature calls such a
force a residual force (residual force control, RFC).

All functions work on many bodies at once, row by row: the result of a row does not depend on the other rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motion import rotation
from motion.array_types import BoolArray, FloatArray, IntArray
from motion.skeleton import LEGS, PARENTS, TOES
from sim_server.body.contact_distribution import (
    FRICTION_EDGES,
    WRENCH_WEIGHT,
    contact_matrix,
    distribute_wrench,
)
from sim_server.body.humanoid import (
    BODY_OF_JOINT,
    DOF_OF_JOINT,
    MASS_KG,
    NUM_DOFS,
    NUM_SOLE_POINTS,
    ROOT_DOFS,
    SERVO_JOINTS,
    SOLE_POINT_JOINT,
    SOLE_POINT_SIDE,
    TORQUE_LIMIT,
)
from sim_server.body.reference_row import ReferenceStep

POSITION_FREQUENCY = 7.0  # of the feedback on the root's position [rad/s]
ROTATION_FREQUENCY = 12.0  # of the feedback on the root's orientation [rad/s]
CONTACT_HEIGHT_M = 0.012  # sole points below this height may carry load
_LEG_JOINTS = np.array(LEGS).T.ravel()  # both hips, both knees, both ankles, both toes
_LEG_DOFS = DOF_OF_JOINT[_LEG_JOINTS][:, None] + np.arange(3)
# (8, 12): 1 where a leg's joint carries a sole point. Hip, knee and ankle carry all six of their side, the toes two.
_CARRIES = (
    (SOLE_POINT_SIDE == np.arange(len(_LEG_JOINTS))[:, None] % 2)
    & (~np.isin(_LEG_JOINTS, TOES)[:, None] | np.isin(SOLE_POINT_JOINT, TOES))
).astype(float)
_CHILD_BODY = BODY_OF_JOINT[SERVO_JOINTS]
_PARENT_BODY = BODY_OF_JOINT[[PARENTS[joint] for joint in SERVO_JOINTS]]
SERVO_LIMIT = np.repeat(TORQUE_LIMIT[SERVO_JOINTS], 3)
"""(63,) bound on the torques of the ball joints [N m]."""


@dataclass(frozen=True)
class BodyState:
    """The positions and velocities of n bodies, as MuJoCo has them.

    Attributes:
        xpos: (n, 23, 3) positions in the world frame [m]; row 0 of each body is the world, row 1 the root.
        xquat: (n, 23, 4) rotations in the world frame.
        qvel: (n, 69) velocities [m/s, rad/s]; angular velocities are in the frame of their own body.
    """

    xpos: FloatArray
    xquat: FloatArray
    qvel: FloatArray

    def local_rotations(self) -> FloatArray:
        """Return the rotation of each joint but the root relative to its parent (n, 21, 4), depth-first."""
        return rotation.multiply(rotation.conjugate(self.xquat[:, _PARENT_BODY]), self.xquat[:, _CHILD_BODY])

    def select(self, bodies: IntArray) -> BodyState:
        """Return the states of some of the bodies."""
        return BodyState(self.xpos[bodies], self.xquat[bodies], self.qvel[bodies])


@dataclass(frozen=True)
class ControlForces:
    """The forces of one control step on n bodies.

    Attributes:
        applied: (n, 69) generalized forces [N, N m]; the part on the root is the assist.
        assist: (n, 6) assist force [N] and torque [N m] on the root, in the world frame.
        dual: (n, 6) dual solution, from which the next control step starts its search.
    """

    applied: FloatArray
    assist: FloatArray
    dual: FloatArray


def tracking_wrench(body: BodyState, reference: ReferenceStep) -> FloatArray:
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
    reference: ReferenceStep,
    sole_points: FloatArray,
    assist_limit: FloatArray,
    warm_start: FloatArray,
    policy_wrench: FloatArray,
    controller_mask: BoolArray | None = None,
) -> ControlForces:
    """Compute generalized forces for one control step.

    Args:
        body: the states of n bodies.
        reference: what they follow in this step.
        sole_points: (n, 12, 3) points of the soles in the frames of their segments [m].
        assist_limit: (n,) bound on the norm of the assist force [N] and torque [N m].
        warm_start: (n, 6) dual solution of the previous step, zeros at the start.
        policy_wrench: (n, 6) wrench that the policy adds before the distribution, in the world frame [N, N m].
        controller_mask: (n,) bodies whose contact controller is active; None for all.

    Returns:
        Forces (n, 69) [N, N m], with the assist (n, 6) in the world frame.
    """
    count = len(assist_limit)
    wrench = tracking_wrench(body, reference) + policy_wrench
    sole_bodies = BODY_OF_JOINT[SOLE_POINT_JOINT]
    points = body.xpos[:, sole_bodies] + rotation.rotate(body.xquat[:, sole_bodies], sole_points)
    carrying = (points[..., 1] < CONTACT_HEIGHT_M) & (reference.foot_contact[:, SOLE_POINT_SIDE] > 0.5)
    feed_forward = reference.joint_torque.reshape(count, -1)
    if controller_mask is not None:
        carrying &= controller_mask[:, None]
        feed_forward = np.where(controller_mask[:, None], feed_forward, 0.0)
    matrix = contact_matrix(points - body.xpos[:, None, 1], carrying)
    edge_forces, dual = distribute_wrench(matrix, wrench * WRENCH_WEIGHT, warm_start)
    forces = edge_forces.reshape(count, NUM_SOLE_POINTS, len(FRICTION_EDGES)) @ FRICTION_EDGES
    assist = _limit_norms(dual / WRENCH_WEIGHT, assist_limit)

    applied = np.empty((count, NUM_DOFS))
    applied[:, :3] = assist[:, :3]
    applied[:, 3:ROOT_DOFS] = rotation.rotate(rotation.conjugate(body.xquat[:, 1]), assist[:, 3:])
    applied[:, ROOT_DOFS:] = feed_forward
    moments = _CARRIES @ rotation.cross(points, forces)
    leg_bodies = BODY_OF_JOINT[_LEG_JOINTS]
    moments -= rotation.cross(body.xpos[:, leg_bodies], _CARRIES @ forces)
    applied[:, _LEG_DOFS] -= rotation.rotate(rotation.conjugate(body.xquat[:, leg_bodies]), moments)
    applied[:, ROOT_DOFS:] = np.clip(applied[:, ROOT_DOFS:], -SERVO_LIMIT, SERVO_LIMIT)
    return ControlForces(applied, assist, dual)


def _limit_norms(wrench: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Return wrenches (n, 6) with the norms of their forces and torques cut to the limits (n,)."""
    parts = wrench.reshape(-1, 2, 3)
    norms = np.linalg.norm(parts, axis=-1)
    scale = np.minimum(1.0, limit[:, None] / np.maximum(norms, 1e-9))
    return (parts * scale[..., None]).reshape(-1, 6)
