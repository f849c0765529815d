"""What a learned policy adds to the analytic controller."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from motion.errors import NotFound
from sim_server.controller import BodyState
from sim_server.retarget import StepFields

BASE = "base"


class Policy(Protocol):
    """A residual on the analytic controller, for many bodies at once, row by row."""

    name: str

    def act(self, state: BodyState, step: StepFields, limit: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
        """For n bodies: offsets of the servo targets (n, 21, 3), rotation vectors in the child's frame, depth-first,
        or None for none; and a wrench (n, 6) on the root, world frame, N and Nm, that the feet are asked for."""
        ...


class BasePolicy:
    """No residual: the analytic controller alone."""

    name = BASE

    def act(self, state: BodyState, step: StepFields, limit: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
        return None, np.zeros((len(limit), 6))


def policy_names() -> tuple[str, ...]:
    """The policies that can be asked for by name."""
    return (BASE,)


def load_policy(name: str) -> Policy:
    """The policy called `name`; empty means the default.

    Raises:
        NotFound: there is none of that name.
    """
    if name in ("", BASE):
        return BasePolicy()
    raise NotFound(f"no policy {name!r}; there is {', '.join(policy_names())}")
