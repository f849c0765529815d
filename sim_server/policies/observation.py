"""What a learned policy sees, and what its answers mean; training and serving share this code and nothing else.

All vectors are in the heading frame: Y up, +Z where the pelvis faces, origin at the pelvis. Numbers are scaled to about
one. A policy is stateless: the next reference, where the body is, and how much assist is allowed say it all.
"""

from __future__ import annotations

import numpy as np

from motion import rotation
from motion.skeleton import ANKLES, NUM_JOINTS, TOES
from sim_server.body.humanoid import BODY_OF_JOINT, MASS_KG
from sim_server.body.retarget import SUBSTEPS, StepFields
from sim_server.engine.controller import BodyState
from sim_server.policies.policy import Residual

VERSION = 1
"""Of observation and action; a policy of another version is refused."""

OFFSET_RAD = 0.3
WRENCH = np.array([150.0, 150.0, 150.0, 60.0, 60.0, 60.0])  # N and Nm
ACTION_SIZE = 63 + 6
ACTION_LIMIT = 2.0

_WEIGHT_N = MASS_KG * 9.81
_FEET = [*ANKLES, *TOES]


def heading(turn: np.ndarray) -> np.ndarray:
    """The rotation (n, 4) about the vertical by which a pelvis turned by `turn` (n, 4) faces away from +Z."""
    forward = rotation.rotate(turn, np.array([0.0, 0.0, 1.0]))
    return rotation.about_y(np.arctan2(forward[:, 0], forward[:, 2]))


def _in_heading_frame(turn: np.ndarray, *groups: np.ndarray) -> list[np.ndarray]:
    """Vectors of the world as a pelvis turned by `turn` (n, 4) has them before it; each group comes back (n, width)."""
    count = len(turn)
    vectors = [group.reshape(count, -1, 3) for group in groups]
    turned = rotation.rotate(rotation.conjugate(heading(turn))[:, None], np.concatenate(vectors, axis=1))
    edges = np.cumsum([3 * group.shape[1] for group in vectors])
    return np.split(turned.reshape(count, -1), edges[:-1], axis=1)


def observe(state: BodyState, step: StepFields, limit: np.ndarray) -> np.ndarray:
    """(n, OBSERVATION_SIZE) float32 of n bodies in `state`, to follow `step`, with `limit` (n,) newtons allowed."""
    count = len(limit)
    turn, root, velocity = state.xquat[:, 1], state.xpos[:, 1], state.qvel[:, :3]
    joints = state.xpos[:, BODY_OF_JOINT]
    target = step.servo.reshape(count, SUBSTEPS, NUM_JOINTS - 1, 4)[:, -1]
    turn_errors = rotation.multiply(
        rotation.conjugate(np.concatenate([state.local_turns(), turn[:, None]], 1)),
        np.concatenate([target, step.root_turn[:, None]], 1),
    )
    turn_errors = 2 * rotation.log(turn_errors).reshape(count, -1)
    up, moving, pose, goal, way, change, wrench, soon = _in_heading_frame(
        turn,
        rotation.rotate(turn, np.array([0.0, 1.0, 0.0])),
        velocity,
        joints[:, 1:] - root[:, None],
        step.goal.reshape(count, NUM_JOINTS, 3) - joints,
        step.root - root,
        step.root_velocity - velocity,
        step.wrench,
        step.soon.reshape(count, -1, 3) - root[:, None],
    )
    parts = [
        root[:, 1:2],
        up,
        0.5 * moving,
        0.2 * state.qvel[:, 3:6],
        2 * pose,
        0.1 * state.qvel[:, 6:],
        turn_errors[:, :-3],
        4 * goal,
        4 * way,
        turn_errors[:, -3:],
        change,
        0.2 * (step.root_spin - state.qvel[:, 3:6]),
        wrench / np.repeat([_WEIGHT_N, 200.0], 3),
        4 * joints[:, _FEET, 1],
        step.contact,
        step.soon_contact,
        2 * soon,
        np.log1p(np.minimum(limit, 1000.0) / 10)[:, None] / 3,
    ]
    return np.clip(np.concatenate(parts, axis=1), -8, 8).astype(np.float32)


OBSERVATION_SIZE = 1 + 3 + 3 + 3 + 63 + 63 + 63 + 66 + 3 + 3 + 3 + 3 + 6 + 4 + 2 + 4 + 48 + 1


def residual_of(action: np.ndarray, state: BodyState) -> Residual:
    """What `action` (n, ACTION_SIZE), cut to +-ACTION_LIMIT, adds to the controller of bodies in `state`."""
    action = np.clip(action.astype(np.float64), -ACTION_LIMIT, ACTION_LIMIT)
    ahead = heading(state.xquat[:, 1])[:, None]
    wrench = rotation.rotate(ahead, (action[:, 63:] * WRENCH).reshape(-1, 2, 3)).reshape(-1, 6)
    return Residual(OFFSET_RAD * action[:, :63].reshape(-1, 21, 3), wrench)
