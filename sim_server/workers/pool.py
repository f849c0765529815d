"""A pool of worker processes that satisfies the corrector's protocol, and outlives any of its workers."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Collection
from concurrent.futures import Future
from functools import partial
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue

from motion.cpu import usable_cores
from motion.errors import InvalidInput, ServiceUnavailable
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo
from motion.report import Correction
from sim_server.corrector import check_budget, given_up
from sim_server.fair_queue import Sender
from sim_server.queued_corrector import CorrectorLoad, QueuedCorrector
from sim_server.workers.quarantine import Quarantine
from sim_server.workers.seat import Seat, Task, WorkerLimits
from sim_server.workers.worker import WorkerProcess
from sim_server.workers.worker_messages import Message, read_info, read_refusal
from sim_server.workers.worker_process import WorkerSettings

_log = logging.getLogger("motion.rpc.workers")  # with the other events of servers
_Event = tuple[WorkerProcess | None, Message | None]
_CLOSE: _Event = None, None
_WAKE: _Event = None, Message("alive")
LEAST_MEMORY_BYTES = 256 * 2**20
"""The least limit of a worker's memory that lets workers start."""
_DEFAULT_LIMITS = WorkerLimits()
_MOST_DEATHS = 2  # of workers with one motion before it is given up
_CHECK_S = 0.5  # between two looks at whether workers are overdue
_FAILED_STARTS = 3  # in a row, after which the pool is no longer healthy
_LONGEST_PAUSE_S = 30.0  # before another start
_NO_WORKERS = "worker processes end as soon as they are started"
_START_S = 120.0  # that a worker has to become ready


class WorkerPool(QueuedCorrector[Task]):
    """Corrects motions in worker processes, one a core; satisfies `motion.protocols.Corrector`.

    A worker that dies, falls silent, gets stuck or takes too much memory is replaced, and what it held runs again
    elsewhere, which changes no byte of the answers. The motions that it had begun are run again one at a time, each
    alone in a worker: the one that ends that worker too is given up, marked FAILED, and its input is kept.

    Args:
        policy: the default policy: its name or its folder.
        workers: worker processes; 0 for one per usable core.
        slots: motions that each of them simulates at once.
        queue_size: motions that may wait for a worker before `submit` refuses.
        max_simulated_s: seconds that may be simulated for one motion, with those that are thrown away; a motion that
            needs more is FAILED. None for no such limit.
        quarantine: folder for the motions that were given up; None to keep none.
        limits: what a worker may do before it is replaced.

    Raises:
        NotFound: there is no such policy.
        InvalidInput: the policy's folder is damaged, or a number is out of range.
        ServiceUnavailable: no worker could be started.
    """

    def __init__(
        self,
        policy: str = "",
        workers: int = 0,
        slots: int = 32,
        queue_size: int = 1024,
        max_simulated_s: float | None = None,
        quarantine: Path | None = None,
        limits: WorkerLimits = _DEFAULT_LIMITS,
    ):
        super().__init__(queue_size)
        check_budget(max_simulated_s)
        if limits.memory_bytes is not None and limits.memory_bytes < LEAST_MEMORY_BYTES:
            least = f"must be at least {LEAST_MEMORY_BYTES}, which a worker needs before it has a motion"
            raise InvalidInput.of("limits.memory_bytes", f"is {limits.memory_bytes}; {least}")
        if workers < 0:
            raise InvalidInput.of("workers", f"is {workers}; must be at least 0")
        self._workers = workers or usable_cores()
        self._settings = WorkerSettings(policy, slots, max_simulated_s, heartbeat_s=min(1.0, limits.silence_s / 5))
        self._quarantine = Quarantine(quarantine) if quarantine else None
        self._limits = limits
        self._numbers = count(1)
        self._events: SimpleQueue[_Event] = SimpleQueue()
        self._seats: dict[WorkerProcess, Seat] = {}
        self._again: deque[Task] = deque()  # what dead workers had not begun
        self._suspects: deque[Task] = deque()  # what they had
        self._lost = self._given_up = self._failed_starts = 0
        self._next_start = 0.0
        self._info: Future[CorrectorInfo] = Future()
        self._thread = threading.Thread(target=self._work, name="worker pool", daemon=True)
        self._thread.start()
        try:
            self._info.result(timeout=_START_S)
        except BaseException as error:
            self.close()
            if isinstance(error, TimeoutError):
                raise ServiceUnavailable(f"no worker process was ready within {_START_S:g} s") from error
            raise

    def describe(self) -> CorrectorInfo:
        """Return the corrector's policies, versions and limits."""
        return self._info.result()

    def close(self) -> None:
        """End the workers. Motions that are not done yet fail with `ServiceUnavailable`."""
        with self._changed:
            self._closed = True
        self._events.put(_CLOSE)
        self._thread.join()

    def load(self) -> CorrectorLoad:
        """Return what the pool has to do at the moment."""
        with self._changed:
            waiting = len(self._waiting)
        seats = list(self._seats.values())
        return CorrectorLoad(
            waiting=waiting + len(self._again) + len(self._suspects),
            running=sum(len(seat.tasks) for seat in seats),
            slots=self._workers * self._settings.slots,
            workers=sum(seat.ready for seat in seats),
            lost_workers=self._lost,
            given_up=self._given_up,
        )

    @property
    def healthy(self) -> bool:
        """Whether motions that are handed over now will be corrected."""
        return not self._closed and (self._failed_starts < _FAILED_STARTS or bool(self.pids))

    @property
    def pids(self) -> list[int]:
        """The numbers of the worker processes that are ready, the oldest first."""
        return [seat.worker.pid for seat in list(self._seats.values()) if seat.ready]

    def _policy_names(self) -> Collection[str]:
        return self.describe().policies

    def _new_request(self, motion: Motion, sender: Sender, seed: int, options: CorrectionOptions) -> Task:
        return Task(next(self._numbers), motion, seed, options, sender)

    def _append(self, request: Task) -> None:
        if not self.healthy:
            raise ServiceUnavailable(_NO_WORKERS)
        super()._append(request)
        request.future.add_done_callback(partial(self._tell_cancelled, request.number))
        self._events.put(_WAKE)

    def _tell_cancelled(self, number: int, future: Future[Correction]) -> None:
        if future.cancelled():
            self._events.put((None, Message("cancel", number)))

    def _work(self) -> None:
        """Run the pool's thread until it is closed."""
        checked = time.monotonic()
        try:
            while True:
                self._start_workers()
                try:
                    event = self._events.get(timeout=_CHECK_S)
                except Empty:
                    event = _WAKE
                if event is _CLOSE:
                    return
                self._handle(*event)
                self._hand_out()
                if (now := time.monotonic()) - checked > _CHECK_S:
                    self._check_workers(slept=now - checked > self._limits.silence_s / 2)
                    checked = now
        finally:
            with self._changed:
                self._closed = True
            for seat in self._seats.values():
                seat.worker.kill()
                seat.worker.wait()
            self._fail_all(ServiceUnavailable("the corrector was closed"))

    def _start_workers(self) -> None:
        while len(self._seats) < self._workers and time.monotonic() >= self._next_start:
            try:
                worker = WorkerProcess(self._settings, self._events)
            except OSError as error:
                self._note_failed_start(f"no worker can be started: {error}")
            else:
                self._seats[worker] = Seat(worker)

    def _note_failed_start(self, why: str) -> None:
        """Wait longer before each start that follows a failed one; with several of them the pool is out of order."""
        self._failed_starts += 1
        self._next_start = time.monotonic() + min(_LONGEST_PAUSE_S, 0.5 * 2**self._failed_starts)
        if not self.healthy:
            self._fail_all(ServiceUnavailable(why))

    def _handle(self, worker: WorkerProcess | None, message: Message | None) -> None:
        if worker is None:
            assert message is not None
            if message.kind == "cancel":
                for seat in self._seats.values():
                    seat.cancel(message.task)
            return
        seat = self._seats[worker]
        if message is None:
            del self._seats[worker]
            self._replace(seat)
            return
        seat.hear(message.values if message.kind == "alive" else None)
        match message.kind:
            case "ready":
                seat.ready, self._failed_starts = True, 0
                if not self._info.done():
                    self._info.set_result(read_info(message))
            case "refused":
                if not self._info.done():
                    self._info.set_exception(read_refusal(message))
            case "started":
                seat.begin(message.task)
            case "corrected" | "failed":
                if (task := seat.take_back(message.task)) is not None:
                    task.settle(message)

    def _hand_out(self) -> None:
        """Give motions to the workers that have room, to the one with the fewest first."""
        while seats := [seat for seat in self._seats.values() if seat.has_room]:
            seat = min(seats, key=lambda each: len(each.tasks))
            if not seat.tasks and (suspect := _next_wanted(self._suspects)) is not None:
                seat.give(suspect, alone=True)
            elif (task := self._next_task()) is not None:
                seat.give(task)
            else:
                return

    def _next_task(self) -> Task | None:
        if (task := _next_wanted(self._again)) is not None:
            return task
        with self._changed:
            return self._waiting.pop()

    def _check_workers(self, slept: bool) -> None:
        """End the workers that are overdue or too large; that their processes end is then an event like any other."""
        for seat in self._seats.values():
            if slept:  # this process was stopped, and what the workers said meanwhile is not read yet
                seat.forgive()
            if reason := seat.overdue(self._limits, _START_S) or seat.too_large(self._limits):
                _log.error("worker %d %s and is ended", seat.worker.pid, reason)
                seat.worker.kill()

    def _replace(self, seat: Seat) -> None:
        """Let what a dead worker had run again, and start another one, after a pause if workers keep dying."""
        started = seat.ready
        begun, waiting = seat.end()
        self._lost += 1
        text = "worker %d ended with status %s; motions that run again: %d"
        _log.error(text, seat.worker.pid, seat.worker.returncode, len(begun) + len(waiting))
        self._again.extend(waiting)
        for task in begun:
            task.deaths += 1
            if task.deaths >= _MOST_DEATHS:
                self._give_up(task)
            else:
                self._suspects.append(task)
        if not started:
            self._note_failed_start(_NO_WORKERS)

    def _give_up(self, task: Task) -> None:
        self._given_up += 1
        kept = None
        if self._quarantine and not task.future.done():
            kept = self._quarantine.keep(task.motion, task.seed, task.options, task.sender.client)
        where = f"; it is kept as {kept}" if kept else ""
        _log.error("a motion ended %d worker processes and is given up%s", task.deaths, where)
        reason = f"ended {task.deaths} worker processes of the corrector, the second one while it was alone in it"
        policy = task.options.policy or self.describe().default_policy
        task.answer(given_up(task.motion, policy, task.seed, reason))

    def _fail_all(self, error: Exception) -> None:
        """Fail every motion that waits or is under way."""
        with self._changed:
            waiting = list(self._waiting)
        held = [task for seat in self._seats.values() for task in seat.tasks.values()]
        for task in [*waiting, *self._again, *self._suspects, *held]:
            task.fail(error)
        self._again.clear()
        self._suspects.clear()
        if not self._info.done():
            self._info.set_exception(error)


def _next_wanted(tasks: deque[Task]) -> Task | None:
    """Take out the first task that someone still waits for."""
    while tasks:
        if not (task := tasks.popleft()).future.done():
            return task
    return None
