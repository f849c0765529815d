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
from sim_server.humanoid import BODY_OF_JOINT

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


def _angular_velocity(turns: np.ndarray, dt: float) -> np.ndarray:
    """World angular velocity (frames, ..., 3) of rotations over time, by central differences."""
    ahead = np.concatenate([turns[1:], turns[-1:]])
    behind = np.concatenate([turns[:1], turns[:-1]])
    span = np.full(len(turns), 2 * dt)
    span[[0, -1]] = dt
    step = rotation.log(rotation.multiply(ahead, rotation.conjugate(behind)))
    return step / span.reshape(-1, *([1] * (step.ndim - 1)))


def inverse_dynamics(model: mujoco.MjModel, positions: np.ndarray, turns: np.ndarray, dt: float) -> InverseDynamics:
    """Inverse dynamics of joint positions (frames, 22, 3) and world rotations (frames, 22, 4), `dt` seconds apart."""
    mass = model.body_mass[BODY_OF_JOINT]
    # Principal inertia -> the body's frame, once; then to the world frame by frame.
    axes = rotation.to_matrix(model.body_iquat[BODY_OF_JOINT])
    local_inertia = axes * model.body_inertia[BODY_OF_JOINT][:, None, :] @ np.swapaxes(axes, -1, -2)
    frames = rotation.to_matrix(turns)
    inertia = frames @ local_inertia @ np.swapaxes(frames, -1, -2)

    centres = positions + rotation.rotate(turns, model.body_ipos[BODY_OF_JOINT])
    acceleration = np.gradient(np.gradient(centres, dt, axis=0), dt, axis=0)
    spin = (inertia @ _angular_velocity(turns, dt)[..., None])[..., 0]
    force = mass[:, None] * (acceleration - _GRAVITY)
    moment = np.gradient(spin, dt, axis=0) + rotation.cross(centres, force)

    # Moments were taken about the origin, so that subtrees simply add; then each is moved to its joint.
    subtree_force = np.einsum("ji,tik->tjk", _SUBTREE, force)
    subtree_moment = np.einsum("ji,tik->tjk", _SUBTREE, moment)
    torque = subtree_moment - rotation.cross(positions, subtree_force)

    arms = centres - positions[:, :1]
    centre = np.einsum("i,tik->tk", mass, arms) / mass.sum()
    squares = (arms**2).sum(-1)[..., None, None] * np.eye(3) - arms[..., :, None] * arms[..., None, :]
    total = (inertia + mass[:, None, None] * squares).sum(1)
    return InverseDynamics(np.concatenate([subtree_force[:, 0], torque[:, 0]], -1), torque, centre, total)
