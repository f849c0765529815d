"""The interface of a policy, and the two policies that are not learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from motion.array_types import BoolArray, FloatArray
from motion.errors import InvalidInput
from sim_server.body.humanoid import NUM_SERVOS
from sim_server.body.reference_row import ReferenceStep
from sim_server.engine.body_state import BodyState

BASE = "base"
ZERO = "zero"
_ASSIST_THRESHOLD_M = 0.08  # of the policies that are not learned


@dataclass(frozen=True)
class Action:
    """The action of a policy on n bodies: what it adds to the analytic controller.

    Attributes:
        target_offsets: (n, 21, 3) offsets of the servo targets, rotation vectors in the child's frame [rad],
            depth-first; None for no offsets.
        wrench: (n, 6) wrench on the root that the feet are asked for, in the world frame [N, N m].
        controller_mask: (n,) bodies whose contact controller is active; None for all. In the others the servos follow
            their targets, and only the assist that is allowed keeps the root on its path.
    """

    target_offsets: FloatArray | None
    wrench: FloatArray
    controller_mask: BoolArray | None = None


class Policy(Protocol):
    """A policy that acts on many bodies at once, row by row, on top of the analytic controller.

    Attributes:
        name: name of the policy; reports carry it.
        assist_threshold_m: mean joint distance to the reference from which the policy is not expected to recover [m];
            there the assist is raised.
        learned: whether the policy adds anything to the analytic controller.
    """

    name: str
    assist_threshold_m: float
    learned: bool

    def act(self, body: BodyState, reference: ReferenceStep, assist_limit: FloatArray) -> Action:
        """Choose the action of n bodies for one control step.

        Args:
            body: the states of the bodies.
            reference: what they follow in this step.
            assist_limit: (n,) bound on the norm of the assist force [N] and torque [N m].
        """
        ...


class BasePolicy:
    """The analytic controller alone: a policy that adds nothing."""

    name = BASE
    assist_threshold_m = _ASSIST_THRESHOLD_M
    learned = False

    def act(self, body: BodyState, reference: ReferenceStep, assist_limit: FloatArray) -> Action:
        """Return an action of zeros."""
        return Action(None, np.zeros((len(assist_limit), 6)))


class ZeroPolicy:
    """Servo targets and the assist, without the contact controller: a baseline to compare the others with."""

    name = ZERO
    assist_threshold_m = _ASSIST_THRESHOLD_M
    learned = False

    def act(self, body: BodyState, reference: ReferenceStep, assist_limit: FloatArray) -> Action:
        """Return an action of zeros that switches the contact controller off."""
        count = len(assist_limit)
        return Action(None, np.zeros((count, 6)), np.zeros(count, bool))


def check_policy_name(name: str) -> None:
    """Check that a policy does not have the name of one that is not learned.

    Raises:
        InvalidInput: it has.
    """
    if name in (BASE, ZERO):
        raise InvalidInput.of("policy", f"has the name {name!r}; must have another, since that one is built in")


def act_each(
    policies: Sequence[Policy],
    body: BodyState,
    reference: ReferenceStep,
    assist_limit: FloatArray,
) -> Action:
    """Choose the action of n bodies, each by its own policy. Each policy is called once, for all of its bodies.

    Args:
        policies: the policy of each body.
        body: the states of the bodies.
        reference: what they follow in this step.
        assist_limit: (n,) bound on the norm of the assist force [N] and torque [N m].
    """
    if all(policy is policies[0] for policy in policies):
        return policies[0].act(body, reference, assist_limit)
    count = len(assist_limit)
    offsets, wrench, mask = np.zeros((count, NUM_SERVOS, 3)), np.zeros((count, 6)), np.ones(count, bool)
    for policy in dict.fromkeys(policies):
        rows = np.flatnonzero([other is policy for other in policies])
        if policy.learned:
            action = policy.act(body.select(rows), reference.select(rows), assist_limit[rows])
        else:  # it does not look at them, so that copies for it would be in vain
            action = policy.act(body, reference, assist_limit[rows])
        wrench[rows] = action.wrench
        if action.target_offsets is not None:
            offsets[rows] = action.target_offsets
        if action.controller_mask is not None:
            mask[rows] = action.controller_mask
    return Action(offsets, wrench, mask)
