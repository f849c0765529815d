"""Inverse dynamics of a kinematic reference: the forces that a motion asks of a body, all frames at once, in numpy.

Newton-Euler over the 22 segments. Forces and moments are summed over the subtree of each joint. The root's sum is the
wrench that the contacts or the assist must supply; the sum of any other joint is the torque that its servo feeds
forward. The armature of the servos is left out: it is three orders of magnitude smaller than the segments' inertia.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from motion import rotation
from motion.array_types import FloatArray, IntArray
from motion.physics import GRAVITY_M_S2
from motion.skeleton import NUM_JOINTS, PARENTS
from sim_server.body.humanoid import BODY_OF_JOINT

GRAVITY = np.array([0.0, -GRAVITY_M_S2, 0.0])
"""The acceleration of free fall (3,) [m/s²]."""


def _subtree_matrix() -> FloatArray:
    """Return a (22, 22) matrix with 1 at (j, i) where segment i hangs from joint j."""
    below = np.zeros((NUM_JOINTS, NUM_JOINTS))
    for segment in range(NUM_JOINTS):
        joint = segment
        while joint >= 0:
            below[joint, segment] = 1
            joint = PARENTS[joint]
    return below


SUBTREE = _subtree_matrix()
"""(22, 22) 1 at (j, i) where segment i hangs from joint j."""


@dataclass(frozen=True)
class InverseDynamics:
    """The forces that a motion asks for, frame by frame, in the world frame.

    Attributes:
        wrench: (frames, 6) force [N] and moment about the root [N m] that the world must exert on the body.
        torque: (frames, 22, 3) about each joint [N m]; row 0 is not used.
        centre_of_mass: (frames, 3) from the root to the centre of mass [m].
        inertia: (frames, 3, 3) of the whole body about its root [kg m²].
    """

    wrench: FloatArray
    torque: FloatArray
    centre_of_mass: FloatArray
    inertia: FloatArray


def centre_of_mass(model: mujoco.MjModel, positions: FloatArray, rotations: FloatArray) -> FloatArray:
    """Return the centre of mass of a body in each sample of a path.

    Args:
        model: the body.
        positions: (samples, 22, 3) of the joints [m].
        rotations: (samples, 22, 4) of the joints, in the world frame.

    Returns:
        (samples, 3) [m], in the world frame.
    """
    mass = model.body_mass[BODY_OF_JOINT]
    centres = positions + rotation.rotate(rotations, model.body_ipos[BODY_OF_JOINT])
    return (mass[:, None] * centres).sum(1) / mass.sum()


def inverse_dynamics(
    model: mujoco.MjModel,
    positions: FloatArray,
    rotations: FloatArray,
    angular_velocity: FloatArray,
    dt: float,
    samples: IntArray,
) -> InverseDynamics:
    """Compute the inverse dynamics at some samples of a path.

    Args:
        model: the body.
        positions: (n, 22, 3) of the joints [m].
        rotations: (n, 22, 4) of the joints, in the world frame.
        angular_velocity: (n, 22, 3) of each joint, in its own frame [rad/s].
        dt: time between two samples [s].
        samples: (frames,) indices of the samples that are wanted.
    """
    mass = model.body_mass[BODY_OF_JOINT]
    axes = rotation.to_matrix(model.body_iquat[BODY_OF_JOINT])
    local_inertia = axes * model.body_inertia[BODY_OF_JOINT][:, None, :] @ np.swapaxes(axes, -1, -2)

    centres = positions + rotation.rotate(rotations, model.body_ipos[BODY_OF_JOINT])
    acceleration = np.gradient(np.gradient(centres, dt, axis=0), dt, axis=0)[samples]
    momentum = rotation.rotate(rotations, (local_inertia @ angular_velocity[..., None])[..., 0])
    centres, positions = centres[samples], positions[samples]
    force = mass[:, None] * (acceleration - GRAVITY)
    moment = np.gradient(momentum, dt, axis=0)[samples] + rotation.cross(centres, force)

    # Moments are taken about the origin, so that subtrees simply add up; then each is moved to its joint.
    subtree_force = SUBTREE @ force
    torque = SUBTREE @ moment - rotation.cross(positions, subtree_force)

    arms = centres - positions[:, :1]
    centre = (mass @ arms) / mass.sum()
    frames = rotation.to_matrix(rotations[samples])
    inertia = (frames @ local_inertia @ np.swapaxes(frames, -1, -2)).sum(1)
    # The parallel axis theorem: a point of mass m at r adds m (r.r 1 - r r').
    weighted = mass[:, None] * arms
    inertia += (weighted * arms).sum((1, 2))[:, None, None] * np.eye(3) - np.swapaxes(weighted, 1, 2) @ arms
    return InverseDynamics(np.concatenate([subtree_force[:, 0], torque[:, 0]], -1), torque, centre, inertia)
