"""Effort: simulates a motion in several ways that differ in when they raise the assist, and keeps the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from motion.protocols import MAX_EFFORT, CorrectionOptions
from sim_server.engine.job import AnyJob
from sim_server.policies.policy import BasePolicy, Policy


@dataclass(frozen=True)
class Trial:
    """One way to simulate a motion.

    Attributes:
        policy: what acts on top of the analytic controller.
        threshold_scale: factor on the distance at which the assist is raised.
    """

    policy: Policy
    threshold_scale: float


def plan_trials(policy: Policy, options: CorrectionOptions) -> list[Trial]:
    """Return the trials of a motion, as many as its effort allows; the usual way comes first.

    The second trial raises the assist earlier. The third is the analytic controller alone or, where that is the usual
    way, one that raises the assist later. The fourth raises it earlier still. With a fixed limit nothing is raised, so
    that only different policies make different trials.
    """
    other = Trial(BasePolicy(), 1.0) if policy.learned else Trial(policy, 1.6)
    if options.assist != "auto":
        return [Trial(policy, 1.0), other][: options.effort if policy.learned else 1]
    return [Trial(policy, 1.0), Trial(policy, 0.6), other, Trial(policy, 0.4)][: options.effort]


def best_job(jobs: Sequence[AnyJob], options: CorrectionOptions) -> AnyJob:
    """Return the best of a motion's jobs, with the attempts and the simulated steps of all of them.

    A job that diverged or failed comes last, before it one that needed a larger mean force than `max_assist_n`. Then
    the least assist and error count, where a newton, a newton metre and a millimetre weigh the same. The first of
    equals is kept.
    """
    most = math.inf if options.max_assist_n is None else options.max_assist_n

    def badness(job: AnyJob) -> tuple[bool, bool, float]:
        too_much = float(job.force_norms.mean()) > most
        return job.failed, too_much, job.mean_assist + 1e3 * float(job.distance.mean())

    best = min(jobs, key=badness)
    best.plan.attempts = sum(job.plan.attempts for job in jobs)
    best.steps_simulated = sum(job.steps_simulated for job in jobs)
    return best


assert len(plan_trials(BasePolicy(), CorrectionOptions(effort=MAX_EFFORT))) == MAX_EFFORT
