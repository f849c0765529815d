"""The analytic controller: keep the root on its path by pushing through the feet.

Each control step: the wrench that the reference asks for (inverse dynamics) plus root feedback (critically damped, with
the reference's own inertia) is distributed over the sole points that touch the floor and are meant to, as forces in
their friction cones; the legs' torques follow from those forces. What no contact can supply is the residual: it acts on
the root as the assist, cut to the limit that is allowed.

The distribution is  min_x |A'x - b|^2 + rho |x|^2,  x >= 0,  with one row of A for each edge of each friction pyramid.
Its dual has six unknowns, y = b - A'x, the residual itself:  y + A' max(0, A y) / rho = b,  a monotone piecewise linear
equation that semismooth Newton (Qi and Sun, "A nonsmooth version of Newton's method", Mathematical Programming 58,
1993) solves in a few steps from the last control step's y.

All functions work on many bodies at once, row by row: a row's result does not depend on the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motion import rotation
from motion.skeleton import PARENTS
from sim_server.body.humanoid import (
    BODY_OF_JOINT,
    DEPTH_FIRST,
    DOF_OF_JOINT,
    MASS_KG,
    SOLE_POINT_JOINT,
    SOLE_POINT_SIDE,
    TORQUE_LIMIT,
)
from sim_server.body.retarget import StepFields

ROOT_FREQUENCY = 7.0  # rad/s, of the root's position feedback
TURN_FREQUENCY = 12.0  # rad/s, of its orientation's
FRICTION = 0.7  # of the cones that forces are planned in; the floor's own is 1
TOUCH_M = 0.012  # a sole point this low carries load
_MOMENT_WEIGHT = 3.0  # 1/m: an error of 1 Nm counts as much as one of 3 N
_RHO = 0.05
_NEWTON_STEPS = (1.0,) * 8 + (0.5,) * 6  # full ones nearly always end it; halved ones break a rare cycle
_TOLERANCE_N = 0.05

_EDGES = np.array([[FRICTION, 1, 0], [-FRICTION, 1, 0], [0, 1, FRICTION], [0, 1, -FRICTION]])
_WEIGHT = np.array([1, 1, 1, _MOMENT_WEIGHT, _MOMENT_WEIGHT, _MOMENT_WEIGHT])
_LEG_JOINTS = np.array([1, 2, 4, 5, 7, 8, 10, 11])
_LEG_DOFS = DOF_OF_JOINT[_LEG_JOINTS][:, None] + np.arange(3)
# (8, 12): 1 where a sole point hangs from a leg's joint: all six of a side from hip, knee and ankle, two from the toe.
_CARRIES = (
    (SOLE_POINT_SIDE == np.arange(8)[:, None] % 2) & ((_LEG_JOINTS[:, None] < 10) | (SOLE_POINT_JOINT >= 10))
).astype(float)
_CHILD_BODY = BODY_OF_JOINT[DEPTH_FIRST[1:]]
_PARENT_BODY = BODY_OF_JOINT[[PARENTS[joint] for joint in DEPTH_FIRST[1:]]]
_SERVO_LIMIT = np.repeat(TORQUE_LIMIT[DEPTH_FIRST[1:]], 3)


@dataclass(frozen=True)
class BodyState:
    """Where the bodies are: positions (n, 23, 3), rotations (n, 23, 4) as MuJoCo has them (row 0 the world), and
    velocities (n, 69)."""

    xpos: np.ndarray
    xquat: np.ndarray
    qvel: np.ndarray

    def local_turns(self) -> np.ndarray:
        """(n, 21, 4) the rotation of each joint but the root relative to its parent, depth-first."""
        return rotation.multiply(rotation.conjugate(self.xquat[:, _PARENT_BODY]), self.xquat[:, _CHILD_BODY])

    def of(self, rows: np.ndarray) -> BodyState:
        """Some of the bodies."""
        return BodyState(self.xpos[rows], self.xquat[rows], self.qvel[rows])


@dataclass(frozen=True)
class Command:
    """Generalised forces to apply over one control step (n, 69), N and Nm; the root's part of them is the assist,
    `residual` (n, 6) in the world's frame; `dual` (n, 6) starts the next solution; `load` (n, 2) N on each foot."""

    applied: np.ndarray
    residual: np.ndarray
    dual: np.ndarray
    load: np.ndarray


def wanted_wrench(state: BodyState, step: StepFields) -> np.ndarray:
    """The wrench (n, 6) on the root, world frame, that follows the reference and takes its errors out."""
    turn = state.xquat[:, 1]
    position_error = step.root - state.xpos[:, 1]
    velocity_error = step.root_velocity - state.qvel[:, :3]
    # Both in the root's own frame, where MuJoCo has the spin of a free joint.
    turn_error = rotation.log(rotation.multiply(rotation.conjugate(turn), step.root_turn))
    spin_error = step.root_spin - state.qvel[:, 3:6]
    linear = ROOT_FREQUENCY**2 * position_error + 2 * ROOT_FREQUENCY * velocity_error
    angular = rotation.rotate(turn, TURN_FREQUENCY**2 * turn_error + 2 * TURN_FREQUENCY * spin_error)
    inertia = step.inertia.reshape(-1, 3, 3)
    force = MASS_KG * (linear + rotation.cross(angular, step.centre))
    moment = (inertia @ angular[..., None])[..., 0] + MASS_KG * rotation.cross(step.centre, linear)
    return step.wrench + np.concatenate([force, moment], -1)


def _contact_matrix(arms: np.ndarray, carrying: np.ndarray) -> np.ndarray:
    """(n, 48, 6): weighted root wrench of a unit force along each friction edge; zero rows where nothing carries."""
    count = len(arms)
    matrix = np.empty((count, 12, 4, 6))
    matrix[..., :3] = _EDGES
    matrix[..., 3:] = _MOMENT_WEIGHT * rotation.cross(arms[:, :, None], np.broadcast_to(_EDGES, (count, 12, 4, 3)))
    matrix *= carrying[:, :, None, None]
    return matrix.reshape(count, 48, 6)


def distribute(matrix: np.ndarray, wanted: np.ndarray, dual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edge forces (n, 48) and residual (n, 6), both weighted, for `matrix` (n, 48, 6) and `wanted` (n, 6).

    `dual` (n, 6) is where the search starts. A row that has converged stays as it is, so no row feels its neighbours.
    """
    dual = dual.copy()
    for damping in _NEWTON_STEPS:
        pushed = np.maximum((matrix @ dual[..., None])[..., 0], 0)
        gradient = dual + (pushed[:, None] @ matrix)[:, 0] / _RHO - wanted
        unsolved = np.abs(gradient).max(-1) > _TOLERANCE_N
        if not unsolved.any():
            break
        active = np.where(pushed[..., None] > 0, matrix, 0)
        hessian = np.eye(6) + np.swapaxes(active, 1, 2) @ matrix / _RHO
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        dual -= np.where(unsolved, damping, 0.0)[:, None] * step
    return np.maximum((matrix @ dual[..., None])[..., 0], 0) / _RHO, dual


def command(
    state: BodyState,
    step: StepFields,
    sole: np.ndarray,
    limit: np.ndarray,
    dual: np.ndarray,
    request: np.ndarray,
    analytic: np.ndarray | None = None,
) -> Command:
    """Forces for one control step.

    Args:
        state: where the bodies are.
        step: the references' rows for this step.
        sole: (n, 12, 3) sole points in their segments' frames.
        limit: (n,) newtons of residual force, and newton metres of residual torque, that are allowed.
        dual: (n, 6) the last step's `Command.dual`; zeros at the start.
        request: (n, 6) a wrench to add before the distribution: the policy's.
        analytic: (n,) where feet and joints are given forces at all; None for everywhere.
    """
    count = len(limit)
    wanted = wanted_wrench(state, step) + request
    soles = BODY_OF_JOINT[SOLE_POINT_JOINT]
    points = state.xpos[:, soles] + rotation.rotate(state.xquat[:, soles], sole)
    carrying = (points[..., 1] < TOUCH_M) & (step.contact[:, SOLE_POINT_SIDE] > 0.5)
    if analytic is not None:
        carrying &= analytic[:, None]
    matrix = _contact_matrix(points - state.xpos[:, None, 1], carrying)
    edges, dual = distribute(matrix, wanted * _WEIGHT, dual)
    forces = edges.reshape(count, 12, 4) @ _EDGES
    residual = _limited(dual / _WEIGHT, limit)

    applied = np.empty((count, 69))
    applied[:, :3] = residual[:, :3]
    applied[:, 3:6] = rotation.rotate(rotation.conjugate(state.xquat[:, 1]), residual[:, 3:])
    applied[:, 6:] = step.torque if analytic is None else np.where(analytic[:, None], step.torque, 0.0)
    moments = _CARRIES @ rotation.cross(points, forces)
    bodies = BODY_OF_JOINT[_LEG_JOINTS]
    moments -= rotation.cross(state.xpos[:, bodies], _CARRIES @ forces)
    applied[:, _LEG_DOFS] -= rotation.rotate(rotation.conjugate(state.xquat[:, bodies]), moments)
    applied[:, 6:] = np.clip(applied[:, 6:], -_SERVO_LIMIT, _SERVO_LIMIT)
    load = (_CARRIES @ forces[..., 1:2])[:, :2, 0]  # what hangs from the hips
    return Command(applied, residual, dual, load)


def _limited(wrench: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """`wrench` (n, 6) with the norms of force and torque cut to `limit` (n,)."""
    parts = wrench.reshape(-1, 2, 3)
    norms = np.linalg.norm(parts, axis=-1)
    scale = np.minimum(1.0, limit[:, None] / np.maximum(norms, 1e-9))
    return (parts * scale[..., None]).reshape(-1, 6)
