"""The physics corrector: checks motions, keeps the slots of the engine full, and answers with corrections."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection
from dataclasses import replace
from functools import partial

import mujoco

from motion import __version__
from motion.cpu import single_threaded_blas, usable_cores
from motion.errors import InvalidInput, ServiceUnavailable
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo
from motion.report import Correction
from sim_server.body.humanoid import CONTROL_FPS
from sim_server.control_rate import MAX_FRAMES, MIN_FRAMES
from sim_server.correction import (
    NotSimulable,
    build_correction,
    build_reference,
    correct_without_simulation,
    failed_correction,
)
from sim_server.correction_request import CorrectionRequest, StretchJob, StretchRequest
from sim_server.engine.engine import Engine
from sim_server.engine.ladder import RUNGS_N
from sim_server.fair_queue import Sender
from sim_server.policies.policy import Policy
from sim_server.policies.policy_store import load_policies, proposer_for
from sim_server.queued_corrector import CorrectorLoad, QueuedCorrector, QueueFull

__all__ = ["Corrector", "QueueFull"]

_log = logging.getLogger(__name__)

# What is simulated goes on while other motions are prepared: of the time, preparation has at most two thirds, in turns
# that begin while it is ahead by less than this [s].
_PREPARATION_SHARE = 2.0
_PREPARATION_TURN_S = 0.25


class Corrector(QueuedCorrector[CorrectionRequest]):
    """Corrects motions by simulating them, many at once; satisfies `motion.protocols.Corrector`.

    One worker thread owns the engine. `correct` waits for its motions; `submit` hands a motion over and returns at
    once. A motion that arrives while others run joins them in the next free slot.

    Args:
        policy: the default policy: its name, its folder, or the policy itself.
        slots: motions that are simulated at once.
        threads: threads that the physics uses; 0 for one per usable core.
        queue_size: motions that may wait for a slot before `submit` refuses.
        max_simulated_s: seconds that may be simulated for one motion, with those that are thrown away; a motion that
            needs more is FAILED. None for no such limit.

    Raises:
        NotFound: there is no such policy.
        InvalidInput: the policy's folder is damaged, the policy has the name of one that is not learned, or
            `max_simulated_s` is not above 0.
    """

    def __init__(
        self,
        policy: str | Policy = "",
        slots: int = 32,
        threads: int = 1,
        queue_size: int = 1024,
        max_simulated_s: float | None = None,
    ):
        super().__init__(queue_size)
        check_budget(max_simulated_s)
        self._policy, self._policies = load_policies(policy)
        self._slots = slots
        self._max_simulated_s = max_simulated_s
        self._new_engine = partial(Engine[StretchJob], slots, threads or usable_cores())
        self._engine: Engine[StretchJob] | None = self._new_engine()
        self._preparation_lead_s = 0.0
        self._turns = 0
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

    def close(self) -> None:
        """Stop the worker. Motions that are not done yet fail with `ServiceUnavailable`."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._worker.join()

    def load(self) -> CorrectorLoad:
        """Return what the corrector has to do at the moment."""
        with self._changed:
            waiting = len(self._waiting)
        return CorrectorLoad(waiting, len({id(job.request) for job in self._running()}), self._slots)

    @property
    def turns(self) -> int:
        """How often the worker has prepared motions and simulated a control step; it grows while there is work."""
        return self._turns

    def enqueue(self, motion: Motion, seed: int, options: CorrectionOptions) -> CorrectionRequest:
        """Hand over a motion that was checked already, without a limit, and return its request.

        Raises:
            ServiceUnavailable: the corrector is closed.
        """
        return self._enqueue(motion, Sender(), seed, options)

    def _new_request(self, motion: Motion, sender: Sender, seed: int, options: CorrectionOptions) -> CorrectionRequest:
        return CorrectionRequest(motion, options, seed, sender)

    def _policy_names(self) -> Collection[str]:
        return self._policies

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
        engine = self._engine
        return engine.jobs if engine else []

    def _try_advance(self) -> None:
        self._turns += 1
        try:
            self._advance()
        except Exception as error:  # what the engine had under way is lost; nobody may wait for it forever
            self._replace_engine(error)

    def _replace_engine(self, error: Exception) -> None:
        _log.error("the engine failed and is replaced by a new one", exc_info=error)
        self._fail_all(error)

    def _advance(self) -> None:
        """Fill free slots of the engine, simulate one control step, and answer what is done."""
        self._engine = self._engine or self._new_engine()
        for job in self._engine.jobs:
            job.cancelled = job.request.future.done()
        self._fill(self._engine)
        started = time.monotonic()
        jobs = self._engine.step()
        lead = self._preparation_lead_s - _PREPARATION_SHARE * (time.monotonic() - started)
        self._preparation_lead_s = max(0.0, lead)
        for job in jobs:
            self._answer(job)
        if self._max_simulated_s is not None:
            self._stop_the_endless(self._engine.jobs, self._max_simulated_s)

    def _fill(self, engine: Engine[StretchJob]) -> None:
        """Prepare motions and add them to the engine while it has room, and while it is preparation's turn."""
        while engine.has_room and self._preparation_lead_s < _PREPARATION_TURN_S:
            with self._changed:
                request = self._waiting.pop()
            if request is None:
                return
            started = time.monotonic()
            job = self._start_stretch(request)
            if job is not None:
                engine.add(job)
            self._preparation_lead_s += time.monotonic() - started

    def _start_stretch(self, request: CorrectionRequest) -> StretchJob | None:
        """Start the next stretch of a request, which waits again if it has more; None if there is nothing to simulate.

        Before the next stretch of a motion it is the other motions' turn.
        """
        try:
            request.start()
            stretch = request.next_stretch()
            if stretch is None:
                return None
            job = self._start_job(request, stretch)
            if request.next_stretch():
                with self._changed:
                    self._append(request)
            return job
        except Exception as error:  # a defect that this motion brought out; the other motions go on
            request.fail(error)
            return None

    def _start_job(self, request: CorrectionRequest, stretch: StretchRequest) -> StretchJob | None:
        """Prepare a stretch and return its job; None if it is corrected without one."""
        policy = self._policies[request.options.policy or self._policy.name]
        try:
            settled = correct_without_simulation(
                stretch.motion, stretch.options, policy.name, request.seed, stretch.start_s
            )
            if settled is None:
                proposer = proposer_for(policy, self._policies)
                job = StretchJob(request, stretch, build_reference(stretch.motion), policy, proposer)
                stretch.job = job
                return job
        except NotSimulable as error:
            settled = failed_correction(stretch.motion, policy.name, request.seed, error)
        stretch.finish(settled)
        request.answer_if_complete()
        return None

    def _answer(self, job: StretchJob) -> None:
        """Correct the stretch of a job that is done; answer with the last stretch of its motion."""
        request, stretch = job.request, job.stretch
        if job.cancelled:
            stretch.job = None
            return
        try:
            request.steps_simulated += job.steps_simulated
            stretch.finish(build_correction(stretch.motion, job, request.seed, stretch.options, stretch.start_s))
            if self._max_simulated_s is not None:
                self._stop_if_endless(request, 0, self._max_simulated_s)
            request.answer_if_complete()
        except Exception as error:  # as in `_start_stretch`
            request.fail(error)
            stretch.job = None

    def _stop_the_endless(self, jobs: list[StretchJob], limit_s: float) -> None:
        """Answer the motions that have used up what may be simulated for one; their jobs are then dropped.

        The number of control steps only grows, and its last value depends on the request alone. So whether a motion is
        stopped does not depend on when it is looked at.
        """
        steps: dict[CorrectionRequest, int] = {}
        for job in jobs:
            steps[job.request] = steps.get(job.request, 0) + job.steps_simulated
        for request, running in steps.items():
            self._stop_if_endless(request, running, limit_s)

    def _stop_if_endless(self, request: CorrectionRequest, running: int, limit_s: float) -> None:
        if (request.steps_simulated + running) / CONTROL_FPS <= limit_s:
            return
        reason = f"needs more than {limit_s:g} s of simulation, which is the most that is spent on a motion here"
        policy = request.options.policy or self._policy.name
        request.answer(given_up(request.motion, policy, request.seed, reason))

    def _fail_all(self, error: Exception) -> None:
        """Fail every request that waits or runs, and let go of the engine."""
        with self._changed:
            jobs = self._running()
            requests = [*self._waiting, *(job.request for job in jobs)]
            self._engine = None
        for request in requests:
            request.fail(error)  # with that it leaves the queue
        for job in jobs:
            job.stretch.job = None


def given_up(motion: Motion, policy: str, seed: int, reason: str) -> Correction:
    """Build the correction of a motion that was given up: the motion itself, marked FAILED for a reason."""
    failed = failed_correction(motion, policy, seed, NotSimulable(reason))
    return replace(failed, report=replace(failed.report, reason=reason))


def check_budget(max_simulated_s: float | None) -> None:
    """Check a limit of the seconds that are simulated for one motion.

    Raises:
        InvalidInput: it is not above 0.
    """
    if max_simulated_s is not None and not max_simulated_s > 0:
        raise InvalidInput.of("max_simulated_s", f"is {max_simulated_s}; must be above 0")
