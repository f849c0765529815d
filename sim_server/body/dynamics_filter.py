"""The dynamics filter: moves the root's path a little, so that the planned contacts can carry the motion.

The pelvis of a recorded or generated motion moves where the picture has it, not where the forces of its feet would take
it. The assist would have to supply the difference. A shift d(t) of the root's path by a few millimetres makes up for
most of it. All that hangs on the root moves along, except feet that stand and what they hold back of their legs. So the
centre of mass moves by kappa d, with kappa a little below 1, and the wrench that the motion asks for changes to

    force  = f0 + M a                      a = A (kappa d), the change of the acceleration [m/s²]
    moment = m0 + p x f0 + M c x a         p = P (kappa d), the change of the place [m]

about the place where the root was before the shift. f0 and m0 are force and moment of the inverse dynamics, c leads
from the root to the centre of mass, M is the mass of the body, A and P are the operators of `root_operators`: what is
balanced here is what the controller will be asked for. About this fixed place forces on standing feet act as before the
shift. Left out are p x M a, the change of the legs' spin, and the shift of hands and trunk along the floor. This one
linearisation is enough, because d is small; a smooth bound keeps it below `_LARGEST_M`.

Contacts are planned where the motion has soles, hands, knees or any other part of the body close to the floor.
`root_shift` finds the d with which forces in the friction cones of these contacts come closest to the wrench that is
asked for. A contact that is missing altogether cannot be replaced by a shift. A step that lacks |y| without one has the
weight 1 / (1 + (|y| / `_HOPELESS_N`)^2), the first step of reweighted least squares with Cauchy's loss; otherwise it
would drag the root away from the steps around it.
"""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter1d

from motion import kinematics, rotation
from motion.array_types import BoolArray, FloatArray
from motion.skeleton import ANKLES, TOES
from sim_server.body.contact_distribution import WRENCH_WEIGHT, contact_matrix, distribute_wrench
from sim_server.body.contact_points import contact_points, lowest_points, sole_heights
from sim_server.body.dynamics import inverse_dynamics
from sim_server.body.humanoid import (
    NUM_SOLE_POINTS,
    SEGMENT_MASS_KG,
    SOLE_M,
    SOLE_POINT_SIDE,
    SUBSTEP_S,
)
from sim_server.body.leg_ik import place_feet
from sim_server.body.prepared_motion import PreparedMotion
from sim_server.body.retarget import BODY_CONTACT_M, FOOT_CONTACT_M
from sim_server.body.root_operators import FRAMES_AFTER, FRAMES_BEFORE, SAMPLES, WIDTH, root_operators, step_samples
from sim_server.body.root_shift import BalanceProblem, solve_root_shift
from sim_server.body.substep_path import angular_velocity, build_substep_path

_SOLE_POINT_M = 0.03  # a foot that is down carries at those of its points that are lower than this
_CARRIED_N = 5.0  # a motion of which no step lacks more is carried; standing ones lack 1 to 4 by regularization alone
_HOPELESS_N = 150.0  # steps that lack more pull less, for a shift cannot replace a contact that is not there
_LARGEST_M = 0.08  # no frame is moved further
_HELD_FRAMES, _EASE_FRAMES = 1.0, 3.0  # a foot stays for so long around a contact, then comes to follow the root
# The part of the body that a standing foot holds back: about a quarter of the thigh and three quarters of the shin.
_HELD_SHARE = float(SEGMENT_MASS_KG[[1, 4, 7, 10]] @ (0.25, 0.75, 1, 1) / SEGMENT_MASS_KG.sum())


def filter_dynamics(prepared: PreparedMotion, model: mujoco.MjModel) -> PreparedMotion:
    """Shift the root's path so that the planned contacts can carry the motion; standing feet stay where they are.

    Args:
        prepared: a motion of at least four frames.
        model: its body.

    Returns:
        The shifted motion, or the very motion that was given if its contacts can carry it as it is.

    Raises:
        numpy.linalg.LinAlgError: the motion's numbers are not finite.
    """
    down = sole_heights(prepared.positions, prepared.rotations, prepared.offsets) < FOOT_CONTACT_M
    follow = _follow(down)
    problem = balance_problem(prepared, model, down, follow)
    _, dual = distribute_wrench(problem.matrix, problem.wrench, np.zeros_like(problem.wrench))
    unexplained = np.linalg.norm(dual, axis=-1)
    if unexplained.max() < _CARRIED_N:
        return prepared
    weight = 1 / (1 + (unexplained / _HOPELESS_N) ** 2) / SAMPLES
    shift, _ = solve_root_shift(problem.weighted(weight), np.sqrt(weight)[:, None] * dual)
    length = np.linalg.norm(shift, axis=-1, keepdims=True)
    return _shifted(prepared, shift * np.tanh(length / _LARGEST_M) * _LARGEST_M / np.maximum(length, 1e-12), follow)


def balance_problem(
    prepared: PreparedMotion, model: mujoco.MjModel, down: BoolArray, follow: FloatArray
) -> BalanceProblem:
    """Set up the balance of a motion under a shift of its root, as the module describes it.

    Args:
        prepared: a motion of n frames.
        model: its body.
        down: (n, 2) whether the left and right sole are down.
        follow: (n, 2) how far each foot follows the root.
    """
    raised = prepared.positions + (0, SOLE_M, 0)
    path = build_substep_path(raised, prepared.rotations, prepared.offsets)
    rates = angular_velocity(path.rotations)
    samples = step_samples(len(raised))
    dynamics = inverse_dynamics(model, path.joints, path.rotations, rates, SUBSTEP_S, samples)
    points = contact_points(model, prepared.offsets)
    low = lowest_points(points[NUM_SOLE_POINTS:], raised, prepared.rotations)[..., 1] < BODY_CONTACT_M
    planned = np.concatenate([down[:, SOLE_POINT_SIDE], low], 1)
    planned = np.repeat(planned[:-1] | planned[1:], SAMPLES, axis=0)
    # Most motions never touch the floor with most of the body.
    used = np.flatnonzero(planned.any(0))
    joints = path.joints[samples]
    places = lowest_points(points, joints, path.rotations[samples])[:, used]
    carrying = planned[:, used] & ((used >= NUM_SOLE_POINTS) | (places[..., 1] < _SOLE_POINT_M))
    matrix = contact_matrix(places - joints[:, :1], carrying)
    jacobian = _jacobian(dynamics.wrench[:, :3], dynamics.centre_of_mass, model.body_mass.sum(), follow)
    return BalanceProblem(matrix, dynamics.wrench * WRENCH_WEIGHT, jacobian)


def _follow(down: BoolArray) -> FloatArray:
    """Return how far each foot (n, 2) follows the root, from 0 while it stands to 1 in mid-swing."""
    away = np.full(down.shape, np.inf)
    for side in np.flatnonzero(down.any(0)):
        away[:, side] = distance_transform_edt(~down[:, side])
    return gaussian_filter1d(np.clip((away - _HELD_FRAMES) / _EASE_FRAMES, 0, 1), 0.7, axis=0) * ~down


def _jacobian(force: FloatArray, centre: FloatArray, mass: float, follow: FloatArray) -> FloatArray:
    """Return the change of the weighted wrench with the shift, as `BalanceProblem` has it.

    Args:
        force: (n - 1, 3) the force f0 [N].
        centre: (n - 1, 3) from the root to the centre of mass [m].
        mass: of the body [kg].
        follow: (n, 2) how far each foot follows the root.
    """
    operators = root_operators(len(follow))
    kappa = np.pad(1 - _HELD_SHARE * (1 - follow).sum(1), (FRAMES_BEFORE, FRAMES_AFTER - 1))
    kappa = np.lib.stride_tricks.sliding_window_view(kappa, WIDTH)[:, None]
    acceleration = (operators.acceleration * kappa).reshape(-1, 1, WIDTH, 1)
    place = (operators.place * kappa).reshape(-1, 1, WIDTH, 1)
    identity = np.broadcast_to(np.eye(3), (len(force), 3, 3))
    by_acceleration = np.concatenate([identity, _cross_matrix(centre)], 1) * mass * WRENCH_WEIGHT[:, None]
    by_place = np.concatenate([0 * identity, -_cross_matrix(force)], 1) * WRENCH_WEIGHT[:, None]
    jacobian = by_acceleration[:, :, None] * acceleration + by_place[:, :, None] * place
    return jacobian.reshape(len(force), 6, -1)


def _cross_matrix(vectors: FloatArray) -> FloatArray:
    """Return the matrices (n, 3, 3) of the cross products of vectors (n, 3) from the left."""
    return rotation.cross(vectors[:, None], np.eye(3)).swapaxes(1, 2)


def _shifted(prepared: PreparedMotion, shift: FloatArray, follow: FloatArray) -> PreparedMotion:
    """Shift the root (n, 3) and all that hangs on it; feet follow as far as they may (n, 2)."""
    if not shift.any():
        return prepared
    ankles, toes = prepared.positions[:, ANKLES], prepared.positions[:, TOES]
    positions = place_feet(
        prepared.positions + shift[:, None], ankles + follow[..., None] * shift[:, None], toes - ankles
    )
    rotations = kinematics.update_leg_rotations(prepared.rotations, positions, prepared.offsets)
    return replace(prepared, positions=positions, rotations=rotations)
