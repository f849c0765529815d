"""Effort: how a motion is simulated, by how much computing it may take."""

from __future__ import annotations

import math
from collections.abc import Sequence

from motion.protocols import CorrectionOptions
from sim_server.engine.job import AnyJob
from sim_server.engine.search import SearchSettings
from sim_server.engine.trial import Trial
from sim_server.policies.policy import ZERO, Policy

_SEARCHES = {"standard": SearchSettings(), "thorough": SearchSettings(candidates=64, rounds=3, failures=100)}


def plan_trials(policy: Policy, options: CorrectionOptions) -> list[Trial]:
    """Return the ways to simulate a motion that its effort allows.

    The policy `zero` is a baseline without a controller that a search could act on; it has the ladder at any effort.
    """
    if policy.name == ZERO:
        return [Trial(policy)]
    return [Trial(policy, search=_SEARCHES.get(options.effort))]


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
    best.plan.steps_simulated = sum(job.steps_simulated for job in jobs)
    return best
