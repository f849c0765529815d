"""The physics corrector: checks motions, keeps the engine's slots full, hands back corrections."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

import mujoco
import numpy as np

from motion import __version__
from motion.errors import InvalidInput, NotFound, Overloaded, ServiceUnavailable, Violation
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo
from motion.report import Correction
from sim_server.body.retarget import CONTROL_FPS, Reference
from sim_server.correction import MAX_FRAMES, MIN_FRAMES, NotSimulable, correctable, finish, refer, unsimulated
from sim_server.engine.effort import Trial, best, trials
from sim_server.engine.engine import Engine, Job
from sim_server.engine.ladder import RUNGS_N
from sim_server.policies.policy import Policy
from sim_server.policies.policy_store import load_policy, policy_names

_log = logging.getLogger(__name__)


class QueueFull(Overloaded):
    """More motions wait than the corrector will hold; try again shortly."""


@dataclass(eq=False)
class _Request:
    motion: Motion
    options: CorrectionOptions
    seed: int
    future: Future[Correction]
    reference: Reference | None = None
    trials: list[Trial] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)  # one a trial that has begun, in their order, not that of their ends
    ended: int = 0

    def answer(self, correction: Correction) -> None:
        if not self.future.done() and self.future.set_running_or_notify_cancel():
            self.future.set_result(correction)

    def fail(self, error: Exception) -> None:
        if not self.future.done() and self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)


class Corrector:
    """Corrects motions by simulating them, many at once; satisfies `motion.protocols.Corrector`.

    One worker thread owns the engine. `correct` waits for its motions; `submit` hands a motion over and returns at
    once. A motion that arrives while others run joins them in the next free slot.

    Args:
        policy: the policy that requests get which name none: its name, its folder, or itself.
        slots: motions simulated at once.
        threads: threads that the physics uses; 0 for one per usable core.
        queue_size: motions that may wait for a slot before `submit` refuses.
    """

    def __init__(self, policy: str | Policy = "", slots: int = 32, threads: int = 1, queue_size: int = 1024):
        self._policy = load_policy(policy) if isinstance(policy, str) else policy
        self._policies: dict[str, Policy] = {name: load_policy(name) for name in policy_names()}
        self._policies[self._policy.name] = self._policy
        self._new_engine = partial(Engine, slots, threads or len(os.sched_getaffinity(0)))
        self._engine: Engine | None = self._new_engine()
        self._queue_size = queue_size
        self._waiting: deque[_Request] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._worker = threading.Thread(target=self._work, name="corrector", daemon=True)
        self._worker.start()

    def describe(self) -> CorrectorInfo:
        return CorrectorInfo(
            name="physics",
            default_policy=self._policy.name,
            policies=tuple(self._policies),
            mujoco=mujoco.__version__,
            version=__version__,
            min_frames=MIN_FRAMES,
            max_frames=MAX_FRAMES,
            fps=CONTROL_FPS,
            assist_ladder_n=RUNGS_N,
        )

    def correct(
        self,
        motions: Sequence[Motion | np.ndarray],
        seed: int = 0,
        options: CorrectionOptions | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Correction]:
        """Correct motions; the answers are in the same order.

        Args:
            motions: `Motion`s, or arrays of positions (frames, 22, 3) in metres or HumanML3D features (frames, 263).
            seed: seed of whatever is random; the base policy has nothing that is.
            options: how; by default with the ladder and the default policy.
            progress: called with (done, all) after each motion.

        Raises:
            InvalidInput: an input is no motion, its fields under `motions[i]`, or the seed is none; none is corrected
                then.
            NotFound: no policy has the name in `options`.
        """
        checked, violations = [], []
        for index, sample in enumerate(motions):
            try:
                checked.append(correctable(sample))
            except InvalidInput as error:
                violations += [Violation(f"motions[{index}].{v.field}", v.description) for v in error.violations]
        if violations:
            raise InvalidInput(violations)
        options = self._checked(options, seed)
        futures = [self._enqueue(motion, options, seed) for motion in checked]
        corrections = []
        try:
            for future in futures:
                corrections.append(future.result())
                if progress:
                    progress(len(corrections), len(futures))
        finally:
            for future in futures:
                future.cancel()
        return corrections

    def submit(self, motion: Motion, options: CorrectionOptions | None = None, seed: int = 0) -> Future[Correction]:
        """Hand over one motion; the future holds its correction. Cancelling the future drops the motion.

        Raises:
            InvalidInput: it is no motion, or the seed is none.
            NotFound: no policy has the name in `options`.
            QueueFull: too many motions wait already.
        """
        motion = correctable(motion)
        options = self._checked(options, seed)
        with self._changed:
            if len(self._waiting) >= self._queue_size:
                raise QueueFull(f"{len(self._waiting)} motions wait already; try again shortly")
        return self._enqueue(motion, options, seed)

    def close(self) -> None:
        """Stop; motions that are not done yet are cancelled."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._worker.join()

    def __enter__(self) -> Corrector:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _checked(self, options: CorrectionOptions | None, seed: int) -> CorrectionOptions:
        if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:  # as the wire has it
            raise InvalidInput.of("seed", f"is {seed!r}; must be a whole number, at least 0 and below 2^63")
        options = options or CorrectionOptions()
        if options.policy and options.policy not in self._policies:
            raise NotFound(f"no policy {options.policy!r}; there is {', '.join(self._policies)}")
        return options

    def _enqueue(self, motion: Motion, options: CorrectionOptions, seed: int) -> Future[Correction]:
        future: Future[Correction] = Future()
        with self._changed:
            if self._closed:
                raise ServiceUnavailable("the corrector is closed")
            self._waiting.append(_Request(motion, options, seed, future))
            self._changed.notify()
        return future

    def take(self) -> Job | None:
        """The next motion that waits, prepared for the engine (which calls this)."""
        while True:
            with self._changed:
                if not self._waiting:
                    return None
                request = self._waiting.popleft()
            if request.future.done():
                continue
            try:
                if job := self._begun(request):
                    return job
            except Exception as error:  # a defect of ours, but one motion's: the others go on
                request.fail(error)

    def _begun(self, request: _Request) -> Job | None:
        """The next trial of a request, which waits again if there are more; None where it cannot be simulated."""
        if request.reference is None:
            policy = self._policies[request.options.policy or self._policy.name]
            try:
                request.reference = refer(request.motion)
            except NotSimulable:
                request.answer(unsimulated(request.motion, policy.name, request.seed))
                return None
            request.trials = trials(policy, request.options)
        trial = request.trials[len(request.jobs)]
        job = Job.of(request.reference, request.options, trial.policy)
        job.patience, job.tag = trial.patience, request
        request.jobs.append(job)
        if len(request.jobs) < len(request.trials):
            with self._changed:
                self._waiting.appendleft(request)
        return job

    def _work(self) -> None:
        try:
            while self._wait():
                try:
                    self._advance()
                except Exception as error:  # what is under way is lost; nobody may wait for it forever
                    _log.exception("the engine broke down and is made anew")
                    self._fail_all(error)
        finally:
            with self._changed:
                self._closed = True
            self._fail_all(ServiceUnavailable("the corrector was closed"))

    def _wait(self) -> bool:
        """Wait for something to do; False when the corrector is closed."""
        with self._changed:
            while not (self._closed or self._waiting or self._running()):
                self._changed.wait()
            return not self._closed

    def _running(self) -> list[Job]:
        return self._engine.jobs() if self._engine else []

    def _advance(self) -> None:
        """One control step of the engine, and the answers to what is done."""
        self._engine = self._engine or self._new_engine()
        for job in self._engine.jobs():
            job.cancelled = job.tag.future.done()
        for job in self._engine.advance(self):
            request: _Request = job.tag
            request.ended += 1
            if job.cancelled or request.ended < len(request.trials):
                continue
            try:
                request.answer(finish(request.motion, best(request.jobs), request.seed))
            except Exception as error:
                request.fail(error)

    def _fail_all(self, error: Exception) -> None:
        """Tell everyone who still waits that nothing will come, and let go of the engine."""
        with self._changed:
            waiting = [*self._waiting, *(job.tag for job in self._running())]
            self._waiting.clear()
            self._engine = None
        for request in waiting:
            request.fail(error)
