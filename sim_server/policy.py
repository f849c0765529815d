"""What a policy adds to the analytic controller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sim_server.controller import BodyState
from sim_server.retarget import StepFields

BASE = "base"


@dataclass(frozen=True)
class Residual:
    """For n bodies: offsets of the servo targets (n, 21, 3), rotation vectors in the child's frame, depth-first, or
    None for none; and a wrench (n, 6) on the root, world frame, N and Nm, that the feet are asked for."""

    offsets: np.ndarray | None
    wrench: np.ndarray


class Policy(Protocol):
    """A residual on the analytic controller, for many bodies at once, row by row.

    Attributes:
        name: of the policy; reports carry it.
        trip_m: mean joint distance to the reference, metres, from which it is not expected to find back.
    """

    name: str
    trip_m: float

    def act(self, state: BodyState, step: StepFields, limit: np.ndarray) -> Residual:
        """The residual of n bodies in `state`, about to follow `step`, with `limit` (n,) newtons of assist allowed."""
        ...


class BasePolicy:
    """No residual: the analytic controller alone."""

    name = BASE
    trip_m = 0.08

    def act(self, state: BodyState, step: StepFields, limit: np.ndarray) -> Residual:
        return Residual(None, np.zeros((len(limit), 6)))


def residual_of_each(policies: Sequence[Policy], state: BodyState, step: StepFields, limit: np.ndarray) -> Residual:
    """The residual of n bodies, each from a policy of its own; a policy is asked once for all of its bodies."""
    if all(policy is policies[0] for policy in policies):
        return policies[0].act(state, step, limit)
    offsets, wrench = np.zeros((len(limit), 21, 3)), np.zeros((len(limit), 6))
    for policy in dict.fromkeys(policies):
        rows = np.flatnonzero([other is policy for other in policies])
        part = policy.act(state.of(rows), StepFields(*(field[rows] for field in step)), limit[rows])
        wrench[rows] = part.wrench
        if part.offsets is not None:
            offsets[rows] = part.offsets
    return Residual(offsets, wrench)
