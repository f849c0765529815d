"""A motion that waits for its correction, and the jobs that make it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field

from motion.motion import Motion
from motion.protocols import CorrectionOptions, ProgressCallback
from motion.report import Correction
from sim_server.body.retarget import Reference
from sim_server.engine.effort import Trial
from sim_server.engine.job import Job

_PROGRESS_SECONDS = 0.25


@dataclass(eq=False)
class CorrectionRequest:
    """A motion that someone waits for.

    Attributes:
        motion: the checked motion.
        options: how to correct it.
        seed: the seed that the report carries.
        future: the answer.
        reference: what the simulation follows; None until the motion is prepared.
        trials: the ways to simulate the motion; empty until the motion is prepared.
        jobs: the jobs of the trials that were started, in their order.
        ended: number of jobs that the engine is done with.
    """

    motion: Motion
    options: CorrectionOptions
    seed: int
    future: Future[Correction] = field(default_factory=Future)
    reference: Reference | None = None
    trials: list[Trial] = field(default_factory=list)
    jobs: list[TrialJob] = field(default_factory=list)
    ended: int = 0

    @property
    def progress(self) -> float:
        """The share of the motion's control steps that was reached, over all trials; 1 with the answer."""
        if self.future.done():
            return 1.0
        return sum(job.progress for job in self.jobs) / max(1, len(self.trials))

    @property
    def has_more_trials(self) -> bool:
        """Whether some trials were not started yet."""
        return len(self.jobs) < len(self.trials)

    def start_trial(self, reference: Reference) -> TrialJob:
        """Return a job for the next trial."""
        job = TrialJob(self, reference, self.trials[len(self.jobs)])
        self.jobs.append(job)
        return job

    def answer(self, correction: Correction) -> None:
        """Set the answer, unless the caller has cancelled the request."""
        if not self.future.done() and self.future.set_running_or_notify_cancel():
            self.future.set_result(correction)

    def fail(self, error: Exception) -> None:
        """Answer with an error, unless the caller has cancelled the request."""
        if not self.future.done() and self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)


class TrialJob(Job):
    """One trial of a request, as a job for the engine.

    Args:
        request: the request that the result is for.
        reference: what the body follows.
        trial: how to simulate the motion.
    """

    def __init__(self, request: CorrectionRequest, reference: Reference, trial: Trial) -> None:
        super().__init__(reference, request.options, trial.policy, trial.threshold_scale)
        self.request = request


def report_progress(requests: Sequence[CorrectionRequest], progress: ProgressCallback) -> None:
    """Call `progress` at most four times a second and after each motion, until all requests are answered.

    Args:
        requests: what is waited for.
        progress: called with (done, all), where `done` includes the shares of the motions that are under way.

    Raises:
        Exception: the error that a request failed with; the first one in their order.
    """
    reported = 0.0
    for request in requests:
        answered = False
        while not answered:
            answered = bool(wait([request.future], _PROGRESS_SECONDS).done)
            reported = max(reported, sum(each.progress for each in requests))
            progress(reported, len(requests))
        request.future.result()
