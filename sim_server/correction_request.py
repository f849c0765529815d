"""A motion that waits for its correction, its stretches, and the jobs that make them.

Nothing here refers back to what holds it: a request that was answered must leave memory at once, not when Python next
looks for cycles, because long motions and their simulations are large.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from motion.mending import MendedMotion, mend
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.report import Correction
from sim_server.body.retarget import Reference
from sim_server.engine.job import Job
from sim_server.engine.trial import Trial
from sim_server.fair_queue import ANYONE, Sender
from sim_server.joining import join_corrections
from sim_server.policies.policy import Policy
from sim_server.queued_corrector import WorkClock
from sim_server.stretches import Stretch, plan_stretches


@dataclass(eq=False)
class StretchRequest:
    """A stretch of a motion, which is simulated on its own.

    Attributes:
        motion: the frames of the stretch.
        stretch: where it lies in the motion.
        options: how to correct it.
        job: the job in the engine; None before it was started and after the correction.
        correction: the result; None until it is there.
    """

    motion: Motion
    stretch: Stretch
    options: CorrectionOptions
    job: Job | None = None
    correction: Correction | None = None

    @property
    def progress(self) -> float:
        """The share of the control steps that was reached; 1 with the correction."""
        if self.correction is not None:
            return 1.0
        job = self.job
        return job.progress if job else 0.0

    @property
    def is_waiting(self) -> bool:
        """Whether the stretch was not started yet."""
        return self.correction is None and self.job is None

    @property
    def start_s(self) -> float:
        """Time of the first frame in the motion [s]."""
        return self.stretch.start / self.motion.fps

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
        sender: who waits for it.
        future: the answer.
        clock: when the motion arrived and was begun.
        started: done when work on the motion begins.
        mended: the motion without its defects; None until it was looked at.
        stretches: what is simulated, in the order of the frames; empty until the motion was looked at.
        steps_simulated: control steps that were simulated for the stretches that are done.
    """

    motion: Motion
    options: CorrectionOptions
    seed: int
    sender: Sender = ANYONE
    future: Future[Correction] = field(default_factory=Future)
    clock: WorkClock = field(default_factory=WorkClock)
    started: Future[None] = field(default_factory=Future)
    mended: MendedMotion | None = None
    stretches: list[StretchRequest] = field(default_factory=list)
    steps_simulated: int = 0

    @property
    def progress(self) -> float:
        """The share of the motion's control steps that was reached, 1 with the answer."""
        if self.future.done():
            return 1.0
        stretches = self.stretches
        frames = sum(len(stretch.motion) for stretch in stretches)
        return sum(stretch.progress * len(stretch.motion) for stretch in stretches) / max(1, frames)

    def start(self) -> None:
        """Tell who wants to know that work on the motion begins."""
        self.clock.begin()
        if not self.started.done():
            self.started.set_result(None)

    def next_stretch(self) -> StretchRequest | None:
        """Return the first stretch that waits; None if there is none. The motion is looked at if need be."""
        if self.future.done():
            return None
        if self.mended is None:
            self.mended = mend(self.motion)
            mended = self.mended.motion
            planned = plan_stretches(mended, self.mended.sections)
            self.stretches = [
                StretchRequest(mended.with_positions(mended.positions[each.start : each.stop]), each, options)
                for each, options in zip(planned, self._options_of(planned), strict=True)
            ]
        return next((stretch for stretch in self.stretches if stretch.is_waiting), None)

    def _options_of(self, stretches: list[Stretch]) -> list[CorrectionOptions]:
        """Return how to correct each stretch.

        The mean assist of several stretches is judged when they are joined. Those that are blended are all simulated:
        feet of a simulated stretch and of one that came back as it was are not at the same places.
        """
        if len(stretches) == 1:
            return [self.options]
        always = self.options.always_simulate
        blended = [
            any(each.blends for each in stretches[index : index + 2])  # into this one, or this into the next
            for index in range(len(stretches))
        ]
        return [replace(self.options, max_assist_n=None, always_simulate=always or each) for each in blended]

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
        request: the motion that the stretch is of.
        stretch: the stretch that the result is for.
        reference: what the body follows.
        policy: what acts on top of the analytic controller.
        proposer: the learned policy that proposes in a search; None for none.
    """

    def __init__(
        self,
        request: CorrectionRequest,
        stretch: StretchRequest,
        reference: Reference,
        policy: Policy,
        proposer: Policy | None = None,
    ) -> None:
        options = stretch.options
        super().__init__(reference, options, policy, Trial.of(policy, options, proposer), request.seed)
        self.request = request
        self.stretch = stretch
