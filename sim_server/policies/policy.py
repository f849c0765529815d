"""What a policy adds to the analytic controller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sim_server.body.retarget import StepFields
from sim_server.engine.controller import BodyState

BASE = "base"
ZERO = "zero"


@dataclass(frozen=True)
class Residual:
    """For n bodies: offsets of the servo targets (n, 21, 3), rotation vectors in the child's frame, depth-first, or
    None for none; a wrench (n, 6) on the root, world frame, N and Nm, that the feet are asked for; and (n,) where the
    analytic controller acts at all, or None for everywhere: elsewhere servos follow their targets, with whatever assist
    is allowed to keep the root."""

    offsets: np.ndarray | None
    wrench: np.ndarray
    analytic: np.ndarray | None = None


class Policy(Protocol):
    """A residual on the analytic controller, for many bodies at once, row by row.

    Attributes:
        name: of the policy; reports carry it.
        trip_m: mean joint distance to the reference, metres, from which it is not expected to find back.
        learned: whether it adds anything to the analytic controller.
    """

    name: str
    trip_m: float
    learned: bool

    def act(self, state: BodyState, step: StepFields, limit: np.ndarray) -> Residual:
        """The residual of n bodies in `state`, about to follow `step`, with `limit` (n,) newtons of assist allowed."""
        ...


class BasePolicy:
    """No residual: the analytic controller alone."""

    name = BASE
    trip_m = 0.08
    learned = False

    def act(self, state: BodyState, step: StepFields, limit: np.ndarray) -> Residual:
        return Residual(None, np.zeros((len(limit), 6)))


class ZeroPolicy:
    """Not even the analytic controller: servo targets, and the assist. What others are measured against."""

    name = ZERO
    trip_m = 0.08
    learned = False

    def act(self, state: BodyState, step: StepFields, limit: np.ndarray) -> Residual:
        return Residual(None, np.zeros((len(limit), 6)), np.zeros(len(limit), bool))


def residual_of_each(policies: Sequence[Policy], state: BodyState, step: StepFields, limit: np.ndarray) -> Residual:
    """The residual of n bodies, each from a policy of its own; a policy is asked once for all of its bodies."""
    if all(policy is policies[0] for policy in policies):
        return policies[0].act(state, step, limit)
    offsets, wrench, analytic = np.zeros((len(limit), 21, 3)), np.zeros((len(limit), 6)), np.ones(len(limit), bool)
    for policy in dict.fromkeys(policies):
        rows = np.flatnonzero([other is policy for other in policies])
        part = policy.act(state.of(rows), StepFields(*(field[rows] for field in step)), limit[rows])
        wrench[rows] = part.wrench
        if part.offsets is not None:
            offsets[rows] = part.offsets
        if part.analytic is not None:
            analytic[rows] = part.analytic
    return Residual(offsets, wrench, analytic)
