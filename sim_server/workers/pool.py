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
from typing import Any

from motion.cpu import usable_cores
from motion.errors import InvalidInput, ServiceUnavailable
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo
from motion.score import Score
from sim_server.control_rate import check_correctable
from sim_server.corrector import check_budget
from sim_server.fair_queue import Sender
from sim_server.queued_corrector import CorrectorLoad, QueuedCorrector
from sim_server.workers.crew import START_S, Crew, Event
from sim_server.workers.quarantine import Quarantine
from sim_server.workers.score_line import ScoreLine
from sim_server.workers.seat import Seat, WorkerLimits
from sim_server.workers.worker import WorkerProcess
from sim_server.workers.worker_messages import Message, read_info, read_refusal
from sim_server.workers.worker_process import WorkerSettings
from sim_server.workers.worker_task import CorrectionTask, ScoreTask, Task, next_wanted

_log = logging.getLogger("motion.rpc.workers")  # with the other events of servers
_CLOSE: Event = None, None
_WAKE: Event = None, Message("alive")
LEAST_MEMORY_BYTES = 256 * 2**20
"""The least limit of a worker's memory that lets workers start."""
_DEFAULT_LIMITS = WorkerLimits()
_MOST_DEATHS = 2  # of workers with one motion before it is given up
_CHECK_S = 0.5  # between two looks at whether workers are overdue
_NO_WORKERS = "worker processes end as soon as they are started"


class WorkerPool(QueuedCorrector[CorrectionTask]):
    """Corrects and scores motions in worker processes, one a core; satisfies `motion.protocols.Corrector`.

    A worker that dies, falls silent, gets stuck or takes too much memory is replaced, and what it held runs again
    elsewhere, which changes no byte of the answers. The motions that it had begun are run again one at a time, each
    alone in a worker: the one that ends that worker too is given up, marked FAILED, and its input is kept.

    Args:
        policy: the default policy: its name or its folder.
        workers: worker processes; 0 for one per usable core.
        slots: motions that each of them simulates at once.
        queue_size: motions that may wait for a worker before `submit` refuses, and as many that wait for their scores.
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
        self._slots = (workers or usable_cores()) * slots
        self._quarantine = Quarantine(quarantine) if quarantine else None
        self._limits = limits
        self._numbers = count(1)
        self._events: SimpleQueue[Event] = SimpleQueue()
        settings = WorkerSettings(policy, slots, max_simulated_s, heartbeat_s=min(1.0, limits.silence_s / 5))
        self._crew = Crew(workers or usable_cores(), settings, limits, self._events)
        self._scores = ScoreLine(queue_size)
        self._again: deque[CorrectionTask] = deque()  # what dead workers had not begun
        self._suspects: deque[Task[Any]] = deque()  # what they had
        self._lost = self._given_up = 0
        self._info: Future[CorrectorInfo] = Future()
        self._thread = threading.Thread(target=self._work, name="worker pool", daemon=True)
        self._thread.start()
        try:
            self._info.result(timeout=START_S)
        except BaseException as error:
            self.close()
            if isinstance(error, TimeoutError):
                raise ServiceUnavailable(f"no worker process was ready within {START_S:g} s") from error
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

    def submit_score(self, sender: Sender, motion: Motion) -> Future[Score]:
        """Hand over a motion of a client to be scored, and return a future; cancelling it drops the motion.

        Scores do not wait for corrections: they are computed beside them, in the same workers.

        Args:
            sender: who waits for it.
            motion: the motion; it is copied.

        Raises:
            InvalidInput: the motion is none. The future raises it if no body can be built for the motion.
            QueueFull: too many motions wait for their scores already.
            ServiceUnavailable: the pool is closed, or its workers end as soon as they are started.
        """
        self._scores.check_room(sender.client)
        motion = check_correctable(motion)
        motion = motion.with_positions(motion.positions.copy())
        task = ScoreTask(number=next(self._numbers), motion=motion, sender=sender)
        with self._changed:
            if not self.healthy:
                raise ServiceUnavailable("the corrector is closed" if self._closed else _NO_WORKERS)
            self._scores.append(task)
        self._announce(task)
        return task.future

    def load(self) -> CorrectorLoad:
        """Return what the pool has to do at the moment."""
        with self._changed:
            waiting = len(self._waiting)
        seats = list(self._crew)
        return CorrectorLoad(
            waiting=waiting + len(self._again) + len(self._suspects) + len(self._scores),
            running=sum(isinstance(task, CorrectionTask) for seat in seats for task in list(seat.tasks.values())),
            slots=self._slots,
            workers=sum(seat.ready for seat in seats),
            lost_workers=self._lost,
            given_up=self._given_up,
        )

    @property
    def healthy(self) -> bool:
        """Whether motions that are handed over now will be corrected."""
        return not self._closed and self._crew.works

    @property
    def pids(self) -> list[int]:
        """The numbers of the worker processes that are ready, the oldest first."""
        return self._crew.pids

    def _policy_names(self) -> Collection[str]:
        return self.describe().policies

    def _new_request(self, motion: Motion, sender: Sender, seed: int, options: CorrectionOptions) -> CorrectionTask:
        return CorrectionTask(number=next(self._numbers), motion=motion, sender=sender, seed=seed, options=options)

    def _append(self, request: CorrectionTask) -> None:
        if not self.healthy:
            raise ServiceUnavailable(_NO_WORKERS)
        super()._append(request)
        self._announce(request)

    def _announce(self, task: Task[Any]) -> None:
        """Tell the pool's thread of a task that waits, and let it know if the task is cancelled."""
        task.future.add_done_callback(partial(self._tell_cancelled, task.number))
        self._events.put(_WAKE)

    def _tell_cancelled(self, number: int, future: Future[Any]) -> None:
        if future.cancelled():
            self._events.put((None, Message("cancel", number)))

    def _work(self) -> None:
        """Run the pool's thread until it is closed."""
        checked = time.monotonic()
        try:
            while True:
                if (why := self._crew.start_missing()) and not self.healthy:
                    self._fail_all(ServiceUnavailable(why))
                try:
                    event = self._events.get(timeout=_CHECK_S)
                except Empty:
                    event = _WAKE
                if event is _CLOSE:
                    return
                self._handle(*event)
                self._hand_out()
                if (now := time.monotonic()) - checked > _CHECK_S:
                    self._crew.check(slept=now - checked > self._limits.silence_s / 2)
                    checked = now
        finally:
            with self._changed:
                self._closed = True
            self._crew.end()
            self._fail_all(ServiceUnavailable("the corrector was closed"))

    def _handle(self, worker: WorkerProcess | None, message: Message | None) -> None:
        if worker is None:
            assert message is not None
            if message.kind == "cancel":
                for seat in self._crew:
                    seat.cancel(message.task)
            return
        if message is None:
            self._replace(self._crew.remove(worker))
            return
        seat = self._crew[worker]
        seat.hear(message.values if message.kind == "alive" else None)
        match message.kind:
            case "ready":
                self._crew.note_ready(seat)
                if not self._info.done():
                    self._info.set_result(read_info(message))
            case "refused" if not message.task:
                if not self._info.done():
                    self._info.set_exception(read_refusal(message))
            case "started":
                seat.begin(message.task)
            case "corrected" | "scored" | "refused" | "failed":
                if (task := seat.take_back(message.task)) is not None:
                    task.settle(message)

    def _hand_out(self) -> None:
        """Give motions to the workers that have room, to the one with the fewest first."""
        while (seat := self._crew.roomiest(CorrectionTask)) is not None:
            if not seat.tasks and (suspect := next_wanted(self._suspects)) is not None:
                seat.give(suspect, alone=True)
            elif (task := self._next_task()) is not None:
                seat.give(task)
            else:
                break
        while (seat := self._crew.roomiest(ScoreTask)) is not None and (score := self._scores.pop()) is not None:
            seat.give(score)

    def _next_task(self) -> CorrectionTask | None:
        if (task := next_wanted(self._again)) is not None:
            return task
        with self._changed:
            return self._waiting.pop()

    def _replace(self, seat: Seat) -> None:
        """Let what a dead worker had run again, and start another one, after a pause if workers keep dying."""
        started = seat.ready
        begun, waiting = seat.end()
        self._lost += 1
        text = "worker %d ended with status %s; motions that run again: %d"
        _log.error(text, seat.worker.pid, seat.worker.returncode, len(begun) + len(waiting))
        for task in waiting:
            if isinstance(task, ScoreTask):
                self._scores.put_back(task)
            elif isinstance(task, CorrectionTask):
                self._again.append(task)
        for task in begun:
            task.deaths += 1
            if task.deaths >= _MOST_DEATHS:
                self._give_up(task)
            else:
                self._suspects.append(task)
        if not started:
            self._crew.note_failed_start()
            if not self.healthy:
                self._fail_all(ServiceUnavailable(_NO_WORKERS))

    def _give_up(self, task: Task[Any]) -> None:
        self._given_up += 1
        kept = None
        if self._quarantine and not task.future.done():
            kept = self._quarantine.keep(task.motion, task.request, task.sender.client)
        where = f"; it is kept as {kept}" if kept else ""
        _log.error("a motion ended %d worker processes and is given up%s", task.deaths, where)
        task.give_up(self.describe().default_policy)

    def _fail_all(self, error: Exception) -> None:
        """Fail every motion that waits or is under way."""
        with self._changed:
            waiting = list(self._waiting)
        held = [task for seat in self._crew for task in seat.tasks.values()]
        for task in [*waiting, *self._again, *self._suspects, *self._scores.drain(), *held]:
            task.fail(error)
        self._again.clear()
        self._suspects.clear()
        if not self._info.done():
            self._info.set_exception(error)
