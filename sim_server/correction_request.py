"""A motion that waits for its correction, its stretches, and the jobs that make them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace

from motion.mending import MendedMotion, mend
from motion.motion import Motion
from motion.protocols import CorrectionOptions, ProgressCallback
from motion.report import Correction
from sim_server.body.retarget import Reference
from sim_server.engine.job import Job
from sim_server.engine.trial import Trial
from sim_server.joining import join_corrections
from sim_server.policies.policy import Policy
from sim_server.stretches import Stretch, plan_stretches

_PROGRESS_SECONDS = 0.25


@dataclass(eq=False)
class StretchRequest:
    """A stretch of a motion, which is simulated on its own.

    Attributes:
        whole: the request of the motion.
        motion: the frames of the stretch.
        stretch: where it lies in the motion.
        job: the job in the engine; None before it was started and after the correction.
        correction: the result; None until it is there.
    """

    whole: CorrectionRequest
    motion: Motion
    stretch: Stretch
    job: StretchJob | None = None
    correction: Correction | None = None

    @property
    def progress(self) -> float:
        """The share of the control steps that was reached; 1 with the correction."""
        if self.correction is not None:
            return 1.0
        return self.job.progress if self.job else 0.0

    @property
    def is_waiting(self) -> bool:
        """Whether the stretch was not started yet."""
        return self.correction is None and self.job is None

    @property
    def start_s(self) -> float:
        """Time of the first frame in the motion [s]."""
        return self.stretch.start / self.motion.fps

    @property
    def options(self) -> CorrectionOptions:
        """How to correct the stretch.

        The mean assist of several stretches is judged when they are joined. Those that are blended are all simulated:
        feet of a simulated stretch and of one that came back as it was are not at the same places.
        """
        options, stretches = self.whole.options, self.whole.stretches
        if len(stretches) == 1:
            return options
        index = stretches.index(self)
        blended = any(each.stretch.blends for each in stretches[index : index + 2])  # into this one, or this into next
        return replace(options, max_assist_n=None, always_simulate=options.always_simulate or blended)

    def start(self, reference: Reference, policy: Policy) -> StretchJob:
        """Return the job of the stretch."""
        self.job = StretchJob(self, reference, policy)
        return self.job

    def finish(self, correction: Correction) -> None:
        """Keep the result, and let go of what led to it, so that the memory of a long motion is bounded."""
        self.correction = correction
        self.job = None


@dataclass(eq=False)
class CorrectionRequest:
    """A motion that someone waits for.

    Attributes:
        motion: the checked motion.
        options: how to correct it.
        seed: the seed that the report carries.
        future: the answer.
        mended: the motion without its defects; None until it was looked at.
        stretches: what is simulated, in the order of the frames; empty until the motion was looked at.
    """

    motion: Motion
    options: CorrectionOptions
    seed: int
    future: Future[Correction] = field(default_factory=Future)
    mended: MendedMotion | None = None
    stretches: list[StretchRequest] = field(default_factory=list)

    @property
    def progress(self) -> float:
        """The share of the motion's control steps that was reached, 1 with the answer."""
        if self.future.done():
            return 1.0
        frames = sum(len(stretch.motion) for stretch in self.stretches)
        return sum(stretch.progress * len(stretch.motion) for stretch in self.stretches) / max(1, frames)

    def next_stretch(self) -> StretchRequest | None:
        """Return the first stretch that waits; None if there is none. The motion is looked at if need be."""
        if self.mended is None:
            self.mended = mend(self.motion)
            mended = self.mended.motion
            self.stretches = [
                StretchRequest(self, mended.with_positions(mended.positions[each.start : each.stop]), each)
                for each in plan_stretches(mended, self.mended.sections)
            ]
        return next((stretch for stretch in self.stretches if stretch.is_waiting), None)

    def answer_if_complete(self) -> None:
        """Answer with the joined corrections of all stretches, once they are there."""
        corrections = [each.correction for each in self.stretches if each.correction is not None]
        if self.mended is None or len(corrections) < len(self.stretches):
            return
        if self.mended.is_whole and not self.mended.defects and len(corrections) == 1:
            self.answer(corrections[0])
            return
        stretches = [each.stretch for each in self.stretches]
        self.answer(join_corrections(self.motion, self.mended, stretches, corrections, self.options))

    def answer(self, correction: Correction) -> None:
        """Set the answer, unless the caller has cancelled the request."""
        if not self.future.done() and self.future.set_running_or_notify_cancel():
            self.future.set_result(correction)

    def fail(self, error: Exception) -> None:
        """Answer with an error, unless the caller has cancelled the request."""
        if not self.future.done() and self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)


class StretchJob(Job):
    """A stretch as a job for the engine.

    Args:
        stretch: the stretch that the result is for.
        reference: what the body follows.
        policy: what acts on top of the analytic controller.
    """

    def __init__(self, stretch: StretchRequest, reference: Reference, policy: Policy) -> None:
        options = stretch.options
        super().__init__(reference, options, policy, Trial.of(policy, options), stretch.whole.seed)
        self.stretch = stretch
        self.request = stretch.whole


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
