"""The imitation reward: close to the clean motion, correct foot contacts, little assist, calm and small actions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motion import rotation
from motion.skeleton import ANKLES, TOES
from sim_server.body.humanoid import BODY_OF_JOINT, DAMPING, ROOT_DOFS, SERVO_JOINTS
from sim_server.body.reference_row import ReferenceStep
from sim_server.engine.body_state import BodyState

_JOINT_DAMPING = np.repeat(DAMPING[SERVO_JOINTS], 3)
_TOE_DOWN_M, _ANKLE_DOWN_M = 0.035, 0.085  # the joints of a standing foot are lower


@dataclass(frozen=True)
class RewardWeights:
    """Weights of the terms of the reward, and the sharpness of the kernels exp(-kernel * error²).

    Attributes:
        position: weight of joint positions in the world.
        local: weight of joint positions relative to the pelvis.
        rotation: weight of joint rotations.
        velocity: weight of joint and root velocities.
        contact: weight of feet that are down when they should be.
        assist: penalty on the assist.
        change: penalty on changes of the action.
        effort: penalty on large actions.
        position_kernel: sharpness for positions in the world [1/m²].
        local_kernel: sharpness for positions relative to the pelvis [1/m²].
        rotation_kernel: sharpness for rotations [1/rad²].
        slide: penalty on feet that move while they should stand.
    """

    position: float = 0.35
    local: float = 0.2
    rotation: float = 0.2
    velocity: float = 0.15
    contact: float = 0.05
    assist: float = 0.25
    change: float = 0.01
    effort: float = 0.002
    position_kernel: float = 80.0
    local_kernel: float = 200.0
    rotation_kernel: float = 4.0
    slide: float = 0.05


def reward(
    weights: RewardWeights,
    truth: np.ndarray,
    body: BodyState,
    reference: ReferenceStep,
    assist: np.ndarray,
    last_joints: np.ndarray,
    action: np.ndarray,
    last_action: np.ndarray,
) -> np.ndarray:
    """Compute the reward of one control step.

    Args:
        weights: weights of the terms.
        truth: (n, 22, 3) joints of the clean motion after the step [m].
        body: the states of the n bodies after the step.
        reference: what they followed in the step.
        assist: (n, 6) assist force [N] and torque [N m] that acted in the step.
        last_joints: (n, 22, 3) joints before the step [m].
        action: (n, ACTION_SIZE) action of the step.
        last_action: (n, ACTION_SIZE) action of the step before.

    Returns:
        Rewards (n,).
    """
    count = len(truth)
    joints = body.xpos[:, BODY_OF_JOINT]
    error = joints - truth
    local_error = error - error[:, :1]
    target = reference.servo_targets[:, -1]
    rotation_error = rotation.log(rotation.multiply(rotation.conjugate(body.local_rotations()), target))
    rates = reference.damping_torque[:, -1].reshape(count, -1) / _JOINT_DAMPING
    rate_error = ((body.qvel[:, ROOT_DOFS:] - rates) ** 2).mean(-1)
    root_error = ((body.qvel[:, :3] - reference.root_velocity[:, -1]) ** 2).sum(-1)
    down = np.minimum(joints[:, ANKLES, 1] - _ANKLE_DOWN_M, joints[:, TOES, 1] - _TOE_DOWN_M) < 0
    slide = np.linalg.norm((joints - last_joints)[:, TOES][..., [0, 2]], axis=-1) * reference.foot_contact
    force, torque = np.linalg.norm(assist.reshape(count, 2, 3), axis=-1).T
    return (
        weights.position * np.exp(-weights.position_kernel * (error**2).sum(-1).mean(-1))
        + weights.local * np.exp(-weights.local_kernel * (local_error**2).sum(-1).mean(-1))
        + weights.rotation * np.exp(-weights.rotation_kernel * (rotation_error**2).sum(-1).mean(-1))
        + weights.velocity * np.exp(-0.05 * rate_error - root_error)
        + weights.contact * (down == (reference.foot_contact > 0.5)).mean(-1)
        - weights.slide * np.minimum(slide.sum(-1) / 0.02, 2)
        # The penalty grows with the logarithm: a linear one makes falling better than much assist.
        - weights.assist * np.log1p(force / 100 + torque / 50)
        - weights.change * ((action - last_action) ** 2).mean(-1)
        - weights.effort * (action**2).mean(-1)
    )
