"""What is good imitation: near the sound motion, feet as they should be, little help, calm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motion import rotation
from motion.skeleton import ANKLES, TOES
from sim_server.body.humanoid import BODY_OF_JOINT, DAMPING, DEPTH_FIRST
from sim_server.body.retarget import SUBSTEPS, StepFields
from sim_server.engine.controller import BodyState

_JOINT_DAMPING = np.repeat(DAMPING[DEPTH_FIRST[1:]], 3)
_TOE_DOWN_M, _ANKLE_DOWN_M = 0.035, 0.085  # joints of a foot that stands are lower


@dataclass(frozen=True)
class RewardWeights:
    """Weights of the terms, and how sharp the kernels of those that are errors are.

    Attributes:
        position, local, turn, rate: of joints in the world, to the pelvis, of their rotations, of their velocities.
        contact: of feet that are down when they should be.
        slide: against feet that move while they should stand.
        help: against the assist.
        change, effort: against restless and against large actions.
        position_kernel, local_kernel, turn_kernel: 1 / m2, 1 / m2 and 1 / rad2.
    """

    position: float = 0.35
    local: float = 0.2
    turn: float = 0.2
    rate: float = 0.15
    contact: float = 0.05
    help: float = 0.25
    change: float = 0.01
    effort: float = 0.002
    position_kernel: float = 80.0
    local_kernel: float = 200.0
    turn_kernel: float = 4.0
    slide: float = 0.05


def reward(
    weights: RewardWeights,
    truth: np.ndarray,
    state: BodyState,
    step: StepFields,
    residual: np.ndarray,
    before: np.ndarray,
    action: np.ndarray,
    last_action: np.ndarray,
) -> np.ndarray:
    """(n,) of one control step.

    Args:
        weights: of the terms.
        truth: (n, 22, 3) the joints as they should be now.
        state: where the bodies are now.
        step: the step that led here.
        residual: (n, 6) the assist that acted, N and Nm.
        before: (n, 22, 3) the joints one step ago.
        action, last_action: (n, ...) of this step and the one before.
    """
    count = len(truth)
    joints = state.xpos[:, BODY_OF_JOINT]
    error = joints - truth
    local_error = error - error[:, :1]
    target = step.servo.reshape(count, SUBSTEPS, 21, 4)[:, -1]
    turn_error = rotation.log(rotation.multiply(rotation.conjugate(state.local_turns()), target))
    rates = step.servo_rate.reshape(count, SUBSTEPS, 63)[:, -1] / _JOINT_DAMPING
    rate_error = ((state.qvel[:, 6:] - rates) ** 2).mean(-1)
    root_error = ((state.qvel[:, :3] - step.root_velocity) ** 2).sum(-1)
    down = np.minimum(joints[:, ANKLES, 1] - _ANKLE_DOWN_M, joints[:, TOES, 1] - _TOE_DOWN_M) < 0
    slide = np.linalg.norm((joints - before)[:, TOES][..., [0, 2]], axis=-1) * step.contact
    force, torque = np.linalg.norm(residual.reshape(count, 2, 3), axis=-1).T
    return (
        weights.position * np.exp(-weights.position_kernel * (error**2).sum(-1).mean(-1))
        + weights.local * np.exp(-weights.local_kernel * (local_error**2).sum(-1).mean(-1))
        + weights.turn * np.exp(-weights.turn_kernel * (turn_error**2).sum(-1).mean(-1))
        + weights.rate * np.exp(-0.05 * rate_error - root_error)
        + weights.contact * (down == (step.contact > 0.5)).mean(-1)
        - weights.slide * np.minimum(slide.sum(-1) / 0.02, 2)
        - weights.help * np.log1p(force / 100 + torque / 50)  # not linear: no help is worth falling for
        - weights.change * ((action - last_action) ** 2).mean(-1)
        - weights.effort * (action**2).mean(-1)
    )
