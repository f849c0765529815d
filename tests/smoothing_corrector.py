"""A corrector for tests that smooths instead of simulating: fast, deterministic, with a chosen delay and queue."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from synthetic_trace import synthetic_trace

from motion.errors import InvalidInput, NotFound, Violation
from motion.metrics import mpjpe_global, mpjpe_local, physical_errors
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo, ProgressCallback
from motion.report import Correction, Report
from motion.validation import as_motion, check_motion
from sim_server.corrector import QueueFull

POLICY = "three-frame-mean"
ASSIST_N = 0.1


class SmoothingCorrector:
    """Returns the mean over three frames.

    A motion with the name `die` ends the process, one with the name `defect` raises an unexpected exception. Traces are
    made up, and those named `falls` or `untraced` have none.

    Args:
        delay: seconds that each correction takes.
        queue_size: maximum number of motions that are being corrected or wait for it.
        threads: number of motions that are corrected at once.

    Attributes:
        started: number of corrections that were started.
        most_waiting: largest number of motions that were being corrected or waited at a time.
    """

    def __init__(self, delay: float = 0.0, queue_size: int = 1000, threads: int = 2):
        self.delay = delay
        self.queue_size = queue_size
        self.started = 0
        self.most_waiting = 0
        self._waiting = 0
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(threads)

    def describe(self) -> CorrectorInfo:
        return CorrectorInfo("smoothing", POLICY, (POLICY,), "0.0.0", "1", 3, 2000, 20.0, (0.0, 100.0))

    def correct(
        self,
        motions: Sequence[Motion | np.ndarray],
        seed: int = 0,
        options: CorrectionOptions | None = None,
        progress: ProgressCallback | None = None,
    ) -> list[Correction]:
        checked, violations = [], []
        for index, sample in enumerate(motions):
            try:
                checked.append(as_motion(sample))
            except InvalidInput as error:
                violations += [Violation(f"motions[{index}].{v.field}", v.description) for v in error.violations]
        if violations:
            raise InvalidInput(violations)
        corrections = []
        for future in [self.submit(motion, seed, options) for motion in checked]:
            corrections.append(future.result())
            if progress:
                progress(len(corrections), len(checked))
        return corrections

    def submit(self, motion: Motion, seed: int = 0, options: CorrectionOptions | None = None) -> Future[Correction]:
        motion = check_motion(motion)
        options = options or CorrectionOptions()
        if options.policy not in ("", POLICY):
            raise NotFound(f"no policy {options.policy!r}; there is {POLICY}")
        with self._lock:
            if self._waiting >= self.queue_size:
                raise QueueFull(f"{self._waiting} motions are waiting")
            self._waiting += 1
            self.most_waiting = max(self.most_waiting, self._waiting)
        future = self._threads.submit(self._smoothed, motion, options, seed)
        future.add_done_callback(self._left)
        return future

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _left(self, _: Future[Correction]) -> None:
        with self._lock:
            self._waiting -= 1

    def _smoothed(self, motion: Motion, options: CorrectionOptions, seed: int) -> Correction:
        self.started += 1
        if motion.name == "die":
            os._exit(9)
        if motion.name == "defect":
            raise ZeroDivisionError("a secret of the server")
        time.sleep(self.delay)
        padded = np.pad(motion.positions, ((1, 1), (0, 0), (0, 0)), mode="edge")
        smooth = motion.with_positions((padded[:-2] + padded[1:-1] + padded[2:]) / 3)
        limit = {"auto": 100.0, "none": 0.0}.get(str(options.assist), options.assist)
        too_much = options.max_assist_n is not None and options.max_assist_n < ASSIST_N
        status = "FAILED" if too_much else "ASSISTED" if motion.name == "carried" else "OK"
        report = Report(
            status=status,
            completed=1.0,
            mpjpe_global_mm=mpjpe_global(smooth.positions, motion.positions),
            mpjpe_local_mm=mpjpe_local(smooth.positions, motion.positions),
            before=physical_errors(motion.positions, motion.fps),
            after=physical_errors(smooth.positions, motion.fps),
            residual_force_n_mean=ASSIST_N,
            residual_force_n_max=float(np.random.default_rng(seed).random()),
            residual_torque_nm_mean=0.0,
            assist_limit_n=float(limit),
            attempts=1,
            policy=POLICY,
            mujoco="0.0.0",
            seed=seed,
            seconds=len(motion) / motion.fps,
            reason={"OK": "", "ASSISTED": "carried", "FAILED": "more than the assist that is allowed"}[status],
            notes=("was smoothed",),
        )
        untraced = motion.name in ("falls", "untraced") or not options.wants_trace
        return Correction(smooth, report, None if untraced else synthetic_trace(len(motion) - 1, seed))
