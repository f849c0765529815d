"""What a motion asks of a body: inverse dynamics of a kinematic reference, all frames at once, in numpy.

Newton-Euler over the 22 segments: forces and moments are summed over each joint's subtree, so the root's share is the
wrench that contacts, or the assist, must supply, and each other joint's is the torque its servo feeds forward.
Servo armature is left out; it is three orders of magnitude below the segments' own inertia.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from motion import rotation
from motion.skeleton import NUM_JOINTS, PARENTS
from sim_server.body.humanoid import BODY_OF_JOINT

_GRAVITY = np.array([0.0, -9.81, 0.0])


def _subtree_matrix() -> np.ndarray:
    """(22, 22): entry (j, i) is 1 where segment i hangs from joint j."""
    below = np.zeros((NUM_JOINTS, NUM_JOINTS))
    for segment in range(NUM_JOINTS):
        joint = segment
        while joint >= 0:
            below[joint, segment] = 1
            joint = PARENTS[joint]
    return below


_SUBTREE = _subtree_matrix()


@dataclass(frozen=True)
class InverseDynamics:
    """Per frame, in the world's frame.

    Attributes:
        wrench: (frames, 6) force N and moment about the root Nm that the world must put on the body.
        torque: (frames, 22, 3) Nm about each joint; row 0 is not used.
        centre: (frames, 3) metres from the root to the centre of mass.
        inertia: (frames, 3, 3) kg m2 of the whole body about its root.
    """

    wrench: np.ndarray
    torque: np.ndarray
    centre: np.ndarray
    inertia: np.ndarray


def centre_of_mass(model: mujoco.MjModel, positions: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """(samples, 3) metres, of a body whose joints are at `positions` (samples, 22, 3), turned by `turns`
    (samples, 22, 4)."""
    mass = model.body_mass[BODY_OF_JOINT]
    centres = positions + rotation.rotate(turns, model.body_ipos[BODY_OF_JOINT])
    return (mass[:, None] * centres).sum(1) / mass.sum()


def inverse_dynamics(
    model: mujoco.MjModel, positions: np.ndarray, turns: np.ndarray, spins: np.ndarray, dt: float, at: np.ndarray
) -> InverseDynamics:
    """Inverse dynamics at samples `at` (frames,) of a path that is sampled every `dt` seconds.

    Args:
        model: the body.
        positions: (samples, 22, 3) metres of the joints.
        turns: (samples, 22, 4) world rotations.
        spins: (samples, 22, 3) rad/s, angular velocities in each joint's own frame.
        dt: seconds.
        at: the samples that are wanted.
    """
    mass = model.body_mass[BODY_OF_JOINT]
    axes = rotation.to_matrix(model.body_iquat[BODY_OF_JOINT])
    local_inertia = axes * model.body_inertia[BODY_OF_JOINT][:, None, :] @ np.swapaxes(axes, -1, -2)

    centres = positions + rotation.rotate(turns, model.body_ipos[BODY_OF_JOINT])
    acceleration = np.gradient(np.gradient(centres, dt, axis=0), dt, axis=0)[at]
    momentum = rotation.rotate(turns, (local_inertia @ spins[..., None])[..., 0])
    centres, positions = centres[at], positions[at]
    force = mass[:, None] * (acceleration - _GRAVITY)
    moment = np.gradient(momentum, dt, axis=0)[at] + rotation.cross(centres, force)

    # Moments were taken about the origin, so that subtrees simply add; then each is moved to its joint.
    subtree_force = _SUBTREE @ force
    torque = _SUBTREE @ moment - rotation.cross(positions, subtree_force)

    arms = centres - positions[:, :1]
    centre = (mass @ arms) / mass.sum()
    frames = rotation.to_matrix(turns[at])
    inertia = (frames @ local_inertia @ np.swapaxes(frames, -1, -2)).sum(1)
    # Steiner: a point of mass m at r adds m (r.r 1 - r r').
    weighted = mass[:, None] * arms
    inertia += (weighted * arms).sum((1, 2))[:, None, None] * np.eye(3) - np.swapaxes(weighted, 1, 2) @ arms
    return InverseDynamics(np.concatenate([subtree_force[:, 0], torque[:, 0]], -1), torque, centre, inertia)
