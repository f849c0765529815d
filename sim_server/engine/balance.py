"""Balance: swinging feet are put where the body can come to rest over them.

A foot is put down further out where the body moves faster than planned, by 0.3 s of the error in velocity and 0.3 of
the error in position, as at the capture point of a linear inverted pendulum (Pratt et al., "Capture point: a step
toward humanoid push recovery", Humanoids 2006). A displaced foot comes back while it stands.
"""

from __future__ import annotations

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.skeleton import ANKLES, JOINT
from sim_server.body.humanoid import BODY_OF_JOINT, CONTROL_FPS, NUM_SERVOS, SUBSTEP_S
from sim_server.body.reference_row import ReferenceStep
from sim_server.engine.body_state import BodyState
from sim_server.policies.policy import Action

_VELOCITY_SHARE_S = 0.3
_POSITION_SHARE = 0.3
_LARGEST_SHIFT_M = 0.25
_STANCE_S = 0.3
_LEG_M = 0.8  # length of the leg that turns a foot's displacement into an angle of the hip
_HORIZONTAL = np.array([1.0, 0.0, 1.0])
_HIPS = (JOINT["left_hip"], JOINT["right_hip"])


def next_foot_shift(foot_shift: FloatArray, body: BodyState, reference: ReferenceStep) -> FloatArray:
    """Compute where the feet of n bodies are to be put in a control step, relative to the reference.

    Args:
        foot_shift: (n, 2, 3) the displacement in the control step before [m].
        body: the states of the bodies.
        reference: what they follow.

    Returns:
        (n, 2, 3) horizontal displacement of the left and right foot [m].
    """
    velocity_error = (body.qvel[:, :3] - reference.root_velocity[:, 0]) * _HORIZONTAL
    error = (body.xpos[:, 1] + SUBSTEP_S * body.qvel[:, :3] - reference.root_position[:, 0]) * _HORIZONTAL
    wanted = _VELOCITY_SHARE_S * velocity_error + _POSITION_SHARE * error
    wanted *= np.minimum(1, _LARGEST_SHIFT_M / np.maximum(np.linalg.norm(wanted, axis=1, keepdims=True), 1e-9))
    swings = reference.foot_contact[..., None] < 0.5
    return np.where(swings, wanted[:, None], foot_shift * (1 - 1 / (_STANCE_S * CONTROL_FPS)))


def add_foot_shift(action: Action, body: BodyState, shift: FloatArray) -> Action:
    """Displace the feet of n bodies: the leg turns at the hip, and the ankle turns back.

    A displacement of zero changes nothing, to the last bit.

    Args:
        action: the actions of the bodies.
        body: their states.
        shift: (n, 2, 3) horizontal displacement of the left and right foot [m].
    """
    turn = np.zeros_like(shift)
    turn[..., 0], turn[..., 2] = -shift[..., 2] / _LEG_M, shift[..., 0] / _LEG_M
    offsets = np.zeros((len(shift), NUM_SERVOS, 3))
    for joints, sign in ((_HIPS, 1.0), (ANKLES, -1.0)):
        bodies = BODY_OF_JOINT[list(joints)]
        offsets[:, bodies - 2] += sign * rotation.rotate(rotation.conjugate(body.xquat[:, bodies]), turn)
    if action.target_offsets is not None:
        offsets += action.target_offsets
    return Action(offsets, action.wrench, action.controller_mask)
