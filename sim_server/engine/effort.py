"""More effort for one motion: several simulations that differ in when they take help, and the best of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from motion.protocols import MOST_EFFORT, CorrectionOptions
from sim_server.engine.engine import Job
from sim_server.policies.policy import BasePolicy, Policy


@dataclass(frozen=True)
class Trial:
    """One simulation of a motion: its policy, and the factor on the distance at which that takes help."""

    policy: Policy
    patience: float


def trials(policy: Policy, options: CorrectionOptions) -> list[Trial]:
    """What is tried for a motion, the usual first: then earlier help, the controller alone (or, where that was first,
    later help), and still earlier help. With a fixed limit help does not wait, so that patience makes no difference."""
    other = Trial(BasePolicy(), 1.0) if policy.learned else Trial(policy, 1.6)
    if options.assist != "auto":
        return [Trial(policy, 1.0), other][: options.effort if policy.learned else 1]
    return [Trial(policy, 1.0), Trial(policy, 0.6), other, Trial(policy, 0.4)][: options.effort]


def best(jobs: Sequence[Job]) -> Job:
    """The job that did best: one that did not break down or fail, and with the least help and error, where a newton, a
    newton metre and a millimetre weigh the same; the first of equals. It takes on the others' attempts and time."""
    chosen = min(jobs, key=lambda job: (job.failed, job.help_used + 1e3 * float(job.distance.mean())))
    chosen.plan.attempts = sum(job.plan.attempts for job in jobs)
    chosen.steps_made = sum(job.steps_made for job in jobs)
    return chosen


assert len(trials(BasePolicy(), CorrectionOptions(effort=MOST_EFFORT))) == MOST_EFFORT
