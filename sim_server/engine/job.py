"""A job of the engine: one motion on its way through the simulation, by a strategy of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TypeVar

import numpy as np

from motion.array_types import FloatArray
from motion.metrics import COMPLETION_LIMIT_M
from motion.protocols import CorrectionOptions
from sim_server.body.retarget import Reference
from sim_server.engine.rollout import Path, Rollout
from sim_server.engine.trial import Trial
from sim_server.policies.policy import Policy


class Job:
    """One motion on its way through the engine.

    A strategy decides what is simulated: it yields rollouts that may run side by side, gets them back when all of them
    are done, settles a part of the motion's path by them, and yields the next ones.

    Args:
        reference: what the body follows.
        options: how to correct the motion.
        policy: what acts on top of the analytic controller.
        trial: the way to simulate the motion; by default the ladder.
        seed: seed of everything random.

    Attributes:
        path: the way of the motion that is settled so far.
        plan: the rung of the assist ladder for each control step.
        steps_simulated: control steps simulated so far, with those that were thrown away.
        cancelled: set from outside to drop the job.
    """

    def __init__(
        self,
        reference: Reference,
        options: CorrectionOptions,
        policy: Policy,
        trial: Trial | None = None,
        seed: int = 0,
    ) -> None:
        trial = trial or Trial(policy)
        self.reference = reference
        self.policy = policy
        self.path = Path(reference)
        self.plan = trial.plan_assist(options, reference.steps)
        self.cancelled = False
        self._strategy: Iterator[list[Rollout]] = trial.start(self.path, self.plan, seed)
        self._waiting: deque[Rollout] = deque()
        self._unfinished = 0
        self._steps_of_done = 0
        self._finished = False
        self._next_rollouts()

    @property
    def done(self) -> bool:
        """Whether there is nothing left to simulate."""
        return self.cancelled or self._finished

    @property
    def has_waiting(self) -> bool:
        """Whether a rollout waits for a slot."""
        return bool(self._waiting) and not self.cancelled

    @property
    def size(self) -> int:
        """Rollouts that wait for a slot or are in one."""
        return self._unfinished

    def start_rollout(self) -> Rollout:
        """Return the next rollout that waits for a slot."""
        return self._waiting.popleft()

    def finish_rollout(self, rollout: Rollout) -> None:
        """Take back a rollout that is done; with the last one of them the strategy goes on."""
        self.plan.steps_simulated += len(rollout)
        self._unfinished -= 1
        if not self._unfinished:
            self._next_rollouts()

    def _next_rollouts(self) -> None:
        rollouts = next(self._strategy, None)
        if rollouts is None:
            self._finished = True
            return
        self._waiting.extend(rollouts)
        self._unfinished = len(rollouts)

    @property
    def positions(self) -> FloatArray:
        """Simulated joints (frames, 22, 3), raised by `humanoid.SOLE_M` [m]."""
        return self.path.positions

    @property
    def assist(self) -> FloatArray:
        """Force [N] and torque [N m] on the root in each control step (frames - 1, 6), in the world frame."""
        return self.path.assist

    @property
    def distance(self) -> FloatArray:
        """Mean joint distance to the reference (frames,) [m]."""
        return self.path.distance

    @property
    def diverged_at(self) -> int | None:
        """The control step in which the simulated state diverged; None if it did not."""
        return self.path.diverged_at

    @property
    def steps_simulated(self) -> int:
        """Control steps simulated so far, with those that were thrown away."""
        return self.plan.steps_simulated

    @property
    def progress(self) -> float:
        """The share of the control steps that was reached, from 0 to 1; it never falls when the job goes back."""
        return 1.0 if self.done else self.path.furthest_step / self.reference.steps

    @property
    def failed(self) -> bool:
        """Whether the state diverged, or the body left its reference at any time."""
        return self.diverged_at is not None or not bool((self.distance < COMPLETION_LIMIT_M).all())

    @property
    def force_norms(self) -> FloatArray:
        """The norm of the assist force in each control step, (frames - 1,) [N]."""
        return np.linalg.norm(self.assist[:, :3], axis=-1)


AnyJob = TypeVar("AnyJob", bound=Job)
