"""The assist ladder: raises the limit of the assist only where a motion would otherwise fall, and only around there.

A motion is simulated at the lowest rung first: by the analytic controller alone, without assist. Where the body leaves
its reference, the simulation goes back to a little before that moment and continues on the next rung for a while. First
comes the learned policy that does without assist; then rungs where the analytic controller has a little of it, because
it stays closest to what it can track at all; then the learned policy with as much, then with more. If a rung is not
enough, the next retry starts further back and one rung higher. What was already right is not simulated twice, and a
second of assist in a motion of ten seconds stays a second.

A motion that keeps falling has a budget of simulated time, and a smaller one while nearly nothing but the assist
carries the body. Once it is spent, the search is given up: from there to its end the motion has the last rung, and
nothing is simulated again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from motion.array_types import FloatArray
from motion.metrics import COMPLETION_LIMIT_M
from motion.protocols import CorrectionOptions
from sim_server.body.humanoid import CONTROL_FPS, WEIGHT_N
from sim_server.engine.rollout import Path, Rollout, StepControl
from sim_server.policies.policy import BasePolicy, Policy

RUNGS_N = (0.0, 10.0, 25.0, 50.0, 100.0, 200.0, 400.0, 1000.0)
"""The limits of the assist, from the lowest rung to the highest [N] and [N m]."""
_LEARNED_FROM_N = 25.0  # the analytic controller is tried first up to this limit, the learned policy from it on
_BACK_STEPS = 8  # control steps from the failure back to the start of a retry, for the first rung above the lowest
_BACK_MORE = 3  # control steps more for each further rung
_NEAR_REFERENCE_M = 0.05  # a retry starts where the mean joint distance was below this
_AHEAD_STEPS = 5  # control steps after the failure for which the raised limit stays
_BUDGET_LENGTHS = 30  # simulated time after which the search for the least assist is given up, in motion lengths
# The same for a body that was carried by more than _HOPELESS of its weight so far.
_HOPELESS = 0.75
_HOPELESS_BUDGET_STEPS = round(90 * CONTROL_FPS)
_HOPELESS_BUDGET_LENGTHS = 3
_ANALYTIC = BasePolicy()


class Rung(NamedTuple):
    """A rung of the ladder.

    Attributes:
        limit_n: bound on the norm of the assist force [N] and torque [N m].
        policy: what acts on top of the analytic controller.
    """

    limit_n: float
    policy: Policy


@dataclass
class AssistPlan:
    """The rung of each control step of one motion.

    Attributes:
        rungs: the ladder, from the lowest rung to the highest.
        rung_of_step: (steps,) level of the assist: index into `rungs`; after a search it may lie between two of them.
        attempts: simulations begun: the first one, and every one that went back.
        given_up: the control step from which the motion has the last rung, and the control steps simulated until then,
            if its budget was spent.
        steps_simulated: control steps simulated so far, with those that were thrown away.
        steps_of_search: those of them that a search simulated before the ladder was climbed.
    """

    rungs: tuple[Rung, ...]
    rung_of_step: FloatArray
    attempts: int = 1
    given_up: tuple[int, int] | None = None
    steps_simulated: int = 0
    steps_of_search: int = 0

    @classmethod
    def create(
        cls, options: CorrectionOptions, steps: int, policy: Policy = _ANALYTIC, proposer: Policy | None = None
    ) -> AssistPlan:
        """Create the plan of a motion, with every control step on the lowest rung.

        Args:
            options: how to correct the motion.
            steps: number of control steps.
            policy: what acts on top of the analytic controller, a learned one from 25 N on.
            proposer: the learned policy that acts before there is any assist; None for none.
        """
        match options.assist:
            case "auto":
                rungs = tuple(Rung(n, policy) for n in RUNGS_N if not policy.learned or n >= _LEARNED_FROM_N)
                if policy.learned:
                    lowest, *low = (Rung(n, _ANALYTIC) for n in RUNGS_N if n <= _LEARNED_FROM_N)
                    free = () if proposer is None else (Rung(lowest.limit_n, proposer),)
                    rungs = (lowest, *free, *low, *rungs)
            case "none":
                rungs = (Rung(0.0, policy),)
            case limit:
                rungs = (Rung(float(limit), policy),)
        return cls(rungs, np.zeros(steps))

    def rung_at(self, step: int) -> Rung:
        """Return the rung of a control step; of two rungs the higher one."""
        return self.rungs[math.ceil(self.rung_of_step[step])]

    def limits_n(self, levels: FloatArray) -> FloatArray:
        """Return the limits of the assist at some levels [N] and [N m], linear between two rungs."""
        return np.interp(levels, np.arange(len(self.rungs)), [rung.limit_n for rung in self.rungs])

    def control(self, step: int) -> StepControl:
        """Return what acts in a control step."""
        limit_n, policy = self.rung_at(step)
        return StepControl(policy, limit_n, policy.assist_threshold_m)

    @property
    def highest_limit_n(self) -> float:
        """The highest limit of any control step [N] and [N m]."""
        return float(self.limits_n(self.rung_of_step.max()))

    @property
    def can_rise(self) -> bool:
        """Whether there is more than one rung."""
        return len(self.rungs) > 1

    def begin_ladder(self) -> None:
        """Begin to climb the ladder after a search, with a budget of its own, from the rung above each level."""
        self.steps_of_search = self.steps_simulated
        self.rung_of_step = np.ceil(self.rung_of_step)

    def raise_around(self, failed_step: int, distance: FloatArray, mean_force: float = 0.0) -> int | None:
        """Raise the rung around a failure.

        Args:
            failed_step: the control step in which the body left its reference.
            distance: (failed_step + 1,) mean joint distance to the reference at the start of each step so far [m].
            mean_force: mean norm of the assist force up to the failure [N].

        Returns:
            The control step to retry from, at which the body was still near its reference; None if there is no higher
            rung.
        """
        reached = int(self.rung_of_step[max(0, failed_step - _BACK_STEPS) : failed_step + 1].min())
        if reached + 1 >= len(self.rungs):
            return None
        latest = max(0, failed_step - _BACK_STEPS - _BACK_MORE * reached)
        near_reference = np.flatnonzero(distance[: latest + 1] < _NEAR_REFERENCE_M)
        start = int(near_reference[-1]) if len(near_reference) else 0
        if self.steps_simulated - self.steps_of_search >= self._budget(mean_force):
            self.given_up = start, self.steps_simulated
            self.rung_of_step[start:] = len(self.rungs) - 1
        else:
            window = self.rung_of_step[start : failed_step + 1 + _AHEAD_STEPS]
            np.maximum(window, reached + 1, out=window)
        self.attempts += 1
        return start

    def _budget(self, mean_force: float) -> int:
        """Return the control steps that may be simulated before the search is given up."""
        steps = len(self.rung_of_step)
        most = _BUDGET_LENGTHS * steps
        if mean_force <= _HOPELESS * WEIGHT_N:
            return most
        return min(most, _HOPELESS_BUDGET_STEPS + _HOPELESS_BUDGET_LENGTHS * steps)

    def hold(self, step: int) -> None:
        """Extend the rung of a control step over the next ones: it is still needed, and there is no higher one."""
        window = self.rung_of_step[step : step + 1 + _AHEAD_STEPS]
        np.maximum(window, self.rung_of_step[step], out=window)


def climb_ladder(path: Path, plan: AssistPlan) -> Iterator[list[Rollout]]:
    """Simulate a motion from where its path ends, and raise the assist where the body leaves its reference.

    Args:
        path: the way of the motion; extended to its end.
        plan: the rung of each control step; raised.

    Yields:
        One rollout at a time.
    """
    gave_up = False
    while not path.done:
        controls = [plan.control(step) for step in range(path.step, len(plan.rung_of_step))]
        if gave_up:
            controls = [control._replace(threshold_m=np.inf) for control in controls]
        rollout = Rollout(path.reference, path.step, path.snapshot, controls)
        yield [rollout]
        path.extend(rollout)
        if not rollout.failed:
            continue
        failed_step = rollout.start + len(rollout) - 1
        mean_force = float(np.linalg.norm(path.assist[: failed_step + 1, :3], axis=-1).mean())
        retry_step = None if gave_up else plan.raise_around(failed_step, path.distance[: failed_step + 1], mean_force)
        if retry_step is not None:
            path.cut(retry_step)
        else:
            plan.hold(failed_step)
            gave_up = gave_up or rollout.distances[-1] > COMPLETION_LIMIT_M
