"""The physics corrector: checks motions, keeps the slots of the engine full, and answers with corrections."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial

import mujoco
import numpy as np

from motion import __version__
from motion.cpu import single_threaded_blas, usable_cores
from motion.errors import InvalidInput, NotFound, Overloaded, ServiceUnavailable
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo, ProgressCallback
from motion.report import Correction
from motion.validation import as_motions
from sim_server.body.humanoid import CONTROL_FPS
from sim_server.control_rate import MAX_FRAMES, MIN_FRAMES, check_correctable
from sim_server.correction import (
    NotSimulable,
    build_correction,
    build_reference,
    correct_without_simulation,
    failed_correction,
)
from sim_server.correction_request import CorrectionRequest, StretchJob, StretchRequest, report_progress
from sim_server.engine.engine import Engine
from sim_server.engine.ladder import RUNGS_N
from sim_server.policies.policy import Policy
from sim_server.policies.policy_store import load_policies

_log = logging.getLogger(__name__)


class QueueFull(Overloaded):
    """The queue holds as many motions as the corrector takes; the caller may try again shortly."""


class Corrector:
    """Corrects motions by simulating them, many at once; satisfies `motion.protocols.Corrector`.

    One worker thread owns the engine. `correct` waits for its motions; `submit` hands a motion over and returns at
    once. A motion that arrives while others run joins them in the next free slot.

    Args:
        policy: the default policy: its name, its folder, or the policy itself.
        slots: motions that are simulated at once.
        threads: threads that the physics uses; 0 for one per usable core.
        queue_size: motions that may wait for a slot before `submit` refuses.

    Raises:
        NotFound: there is no such policy.
        InvalidInput: the policy's folder is damaged, or the policy has the name of one that is not learned.
    """

    def __init__(self, policy: str | Policy = "", slots: int = 32, threads: int = 1, queue_size: int = 1024):
        self._policy, self._policies = load_policies(policy)
        self._new_engine = partial(Engine[StretchJob], slots, threads or usable_cores())
        self._engine: Engine[StretchJob] | None = self._new_engine()
        self._queue_size = queue_size
        self._waiting: deque[CorrectionRequest] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._worker = threading.Thread(target=self._work, name="corrector", daemon=True)
        self._worker.start()

    def describe(self) -> CorrectorInfo:
        """Return the corrector's policies, versions and limits."""
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
        progress: ProgressCallback | None = None,
    ) -> list[Correction]:
        """Correct motions, and return the corrections in the same order.

        Args:
            motions: `Motion`s, or arrays of positions (frames, 22, 3) [m] or HumanML3D features (frames, 263).
            seed: seed of everything random; reports carry it. The policies that ship act without randomness.
            options: how to correct; by default with the assist ladder and the default policy.
            progress: called with (done, all) at most four times a second and after each motion. `done` counts
                motions, with the shares of those that are under way; it never falls, and it ends at `all`.

        Raises:
            InvalidInput: an input is no motion (its fields are under `motions[i]`), or the seed is out of range. Then
                nothing is corrected.
            NotFound: no policy has the name in `options`.
            ServiceUnavailable: the corrector is closed.
        """
        checked = as_motions(motions, check_correctable)
        options = self._check(options, seed)
        requests = [self._enqueue(motion, seed, options) for motion in checked]
        try:
            if progress:
                report_progress(requests, progress)
            return [request.future.result() for request in requests]
        finally:
            for request in requests:
                request.future.cancel()

    def submit(self, motion: Motion, seed: int = 0, options: CorrectionOptions | None = None) -> Future[Correction]:
        """Hand over one motion, and return a future of its correction. Cancelling the future drops the motion.

        Args:
            motion: the motion; it is copied.
            seed: as for `correct`.
            options: as for `correct`.

        Raises:
            InvalidInput: the motion is none, or the seed is out of range.
            NotFound: no policy has the name in `options`.
            QueueFull: too many motions wait already.
            ServiceUnavailable: the corrector is closed.
        """
        motion = check_correctable(motion)
        options = self._check(options, seed)
        with self._changed:
            if len(self._waiting) >= self._queue_size:
                raise QueueFull(f"{len(self._waiting)} motions wait already; try again shortly")
        return self._enqueue(motion, seed, options).future

    def close(self) -> None:
        """Stop the worker. Motions that are not done yet fail with `ServiceUnavailable`."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._worker.join()

    def __enter__(self) -> Corrector:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check(self, options: CorrectionOptions | None, seed: int) -> CorrectionOptions:
        if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:  # the range that the wire format has
            raise InvalidInput.of("seed", f"is {seed!r}; must be a whole number, at least 0 and below 2^63")
        options = options or CorrectionOptions()
        if options.policy and options.policy not in self._policies:
            raise NotFound(f"no policy {options.policy!r}; there is {', '.join(self._policies)}")
        return options

    def _enqueue(self, motion: Motion, seed: int, options: CorrectionOptions) -> CorrectionRequest:
        # The caller may write to his array while the motion waits; the correction is of what he handed over.
        request = CorrectionRequest(motion.with_positions(motion.positions.copy()), options, seed)
        with self._changed:
            if self._closed:
                raise ServiceUnavailable("the corrector is closed")
            self._waiting.append(request)
            self._changed.notify()
        return request

    def _work(self) -> None:
        """Run the worker thread until the corrector is closed."""
        try:
            while self._wait():
                with single_threaded_blas():
                    while self._has_work():
                        self._try_advance()
        finally:
            with self._changed:
                self._closed = True
            self._fail_all(ServiceUnavailable("the corrector was closed"))

    def _wait(self) -> bool:
        """Wait for something to do; return False when the corrector is closed."""
        with self._changed:
            while not (self._closed or self._waiting or self._running()):
                self._changed.wait()
            return not self._closed

    def _has_work(self) -> bool:
        with self._changed:
            return not self._closed and bool(self._waiting or self._running())

    def _running(self) -> list[StretchJob]:
        return self._engine.jobs if self._engine else []

    def _try_advance(self) -> None:
        try:
            self._advance()
        except Exception as error:  # what the engine had under way is lost; nobody may wait for it forever
            _log.exception("the engine failed and is replaced by a new one")
            self._fail_all(error)

    def _advance(self) -> None:
        """Fill the free slots of the engine, simulate one control step, and answer what is done."""
        self._engine = self._engine or self._new_engine()
        for job in self._engine.jobs:
            job.cancelled = job.request.future.done()
        while self._engine.has_room and (job := self._next_job()):
            self._engine.add(job)
        for job in self._engine.step():
            self._answer(job)

    def _next_job(self) -> StretchJob | None:
        """Start the next stretch of the motion that waits first; None if no motion waits."""
        while True:
            with self._changed:
                if not self._waiting:
                    return None
                request = self._waiting.popleft()
            if request.future.done():
                continue
            try:
                if job := self._start_stretch(request):
                    return job
            except Exception as error:  # a defect that this motion brought out; the other motions go on
                request.fail(error)

    def _start_stretch(self, request: CorrectionRequest) -> StretchJob | None:
        """Start the next stretch of a request, which waits again if it has more; None if there is nothing to simulate.

        Before the next stretch of a motion it is the other motions' turn.
        """
        stretch = request.next_stretch()
        if stretch is None:
            return None
        job = self._start_job(stretch)
        with self._changed:
            if request.next_stretch():
                self._waiting.append(request)
        return job

    def _start_job(self, stretch: StretchRequest) -> StretchJob | None:
        """Prepare a stretch and return its job; None if it is corrected without one."""
        policy = self._policies[stretch.options.policy or self._policy.name]
        seed = stretch.whole.seed
        try:
            settled = correct_without_simulation(stretch.motion, stretch.options, policy.name, seed)
            if settled is None:
                return stretch.start(build_reference(stretch.motion), policy)
        except NotSimulable as error:
            settled = failed_correction(stretch.motion, policy.name, seed, error)
        stretch.finish(settled)
        stretch.whole.answer_if_complete()
        return None

    def _answer(self, job: StretchJob) -> None:
        """Correct the stretch of a job that is done; answer with the last stretch of its motion."""
        if job.cancelled:
            return
        stretch = job.stretch
        try:
            seed, start_s = stretch.whole.seed, stretch.start_s
            stretch.finish(build_correction(stretch.motion, job, seed, stretch.options, start_s))
            stretch.whole.answer_if_complete()
        except Exception as error:  # as in `_next_job`
            job.request.fail(error)

    def _fail_all(self, error: Exception) -> None:
        """Fail every request that waits or runs, and let go of the engine."""
        with self._changed:
            requests = [*self._waiting, *(job.request for job in self._running())]
            self._waiting.clear()
            self._engine = None
        for request in requests:
            request.fail(error)
