"""A seat of the pool: a worker process, and the motions that it has."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field

from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.report import Correction
from sim_server.fair_queue import Sender
from sim_server.queued_corrector import WorkClock
from sim_server.workers.worker import WorkerProcess
from sim_server.workers.worker_messages import Message, order_message, read_correction

_AHEAD = 2  # motions that a worker has beyond those that it has begun, so that it never waits for the next one


@dataclass(frozen=True)
class WorkerLimits:
    """What a worker may do before it is replaced.

    Attributes:
        silence_s: how long it may give no sign of life [s].
        stuck_s: how long it may work without getting any further [s].
        memory_bytes: resident memory that it may have [bytes]; None for no limit.
    """

    silence_s: float = 30.0
    stuck_s: float = 300.0
    memory_bytes: int | None = None


@dataclass(eq=False)
class Task:
    """A motion that someone waits for.

    Attributes:
        number: what messages call it.
        motion: the checked motion.
        seed: the seed that the report carries.
        options: how to correct it.
        sender: who waits for it.
        future: the answer.
        clock: when the motion arrived and was begun.
        share: the share of the work that is done, as its worker last told.
        deaths: worker processes that ended while they worked on it.
    """

    number: int
    motion: Motion
    seed: int
    options: CorrectionOptions
    sender: Sender
    future: Future[Correction] = field(default_factory=Future)
    clock: WorkClock = field(default_factory=WorkClock)
    share: float = 0.0
    deaths: int = 0

    @property
    def progress(self) -> float:
        """The share of the work that is done, 1 with the answer."""
        return 1.0 if self.future.done() else self.share

    def answer(self, correction: Correction) -> None:
        """Set the answer, unless the caller has cancelled the task."""
        if not self.future.done() and self.future.set_running_or_notify_cancel():
            self.future.set_result(correction)

    def fail(self, error: Exception) -> None:
        """Answer with an error, unless the caller has cancelled the task."""
        if not self.future.done() and self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)

    def settle(self, message: Message) -> None:
        """Answer with what a worker says of the motion."""
        if message.kind == "failed":
            self.fail(RuntimeError(f"{message.values['error']}; in the worker:\n{message.values['traceback']}"))
            return
        try:
            correction = read_correction(message)
        except Exception as error:  # a defect that this correction brought out; the others go on
            self.fail(error)
        else:
            self.answer(correction)


class Seat:
    """A worker process and what it was told to do; belongs to the thread of the pool.

    Args:
        worker: the process.

    Attributes:
        tasks: what it has, by number.
        ready: whether it can take motions.
    """

    def __init__(self, worker: WorkerProcess):
        self.worker = worker
        self.tasks: dict[int, Task] = {}
        self.ready = False
        self._begun: set[int] = set()
        self._alone = False
        self._turns = -1
        self._heard = self._advanced = time.monotonic()

    @property
    def has_room(self) -> bool:
        """Whether another motion finds the worker ready, and not busy with one that has to be alone."""
        return self.ready and not self._alone and len(self.tasks) - len(self._begun) < _AHEAD

    def give(self, task: Task, alone: bool = False) -> None:
        """Let the worker correct a motion.

        Args:
            task: the motion.
            alone: whether the worker gets nothing else until it is done.
        """
        self.tasks[task.number] = task
        self._alone = alone
        self.worker.send(order_message(task.number, task.motion, task.seed, task.options))

    def begin(self, number: int) -> None:
        """Note that the worker has begun a motion."""
        if number in self.tasks:
            self._begun.add(number)
            self.tasks[number].clock.begin()

    def take_back(self, number: int) -> Task | None:
        """Return a task that the worker is done with; None if it had been taken back before."""
        task = self.tasks.pop(number, None)
        self._begun.discard(number)
        self._alone = self._alone and bool(self.tasks)
        return task

    def cancel(self, number: int) -> None:
        """Drop a motion, which the worker does before its next control step."""
        if self.take_back(number) is not None:
            self.worker.send(Message("cancel", number))

    def end(self) -> tuple[list[Task], list[Task]]:
        """Return what the worker has left, when it has ended: the motions that it had begun, and the others."""
        begun = [task for number, task in self.tasks.items() if number in self._begun]
        waiting = [task for number, task in self.tasks.items() if number not in self._begun]
        self.tasks.clear()
        self.ready = False
        return begun, waiting

    def hear(self, values: Mapping[str, object] | None = None) -> None:
        """Note a sign of life, and how far the worker is if it tells that."""
        self._heard = time.monotonic()
        if not self.tasks:
            self._advanced = self._heard
        if values is None:
            return
        if values["turns"] != self._turns:
            self._turns, self._advanced = values["turns"], self._heard
        for number, share in values["progress"]:  # pyright: ignore[reportGeneralTypeIssues]
            if number in self.tasks:
                self.tasks[number].share = max(self.tasks[number].share, share)

    def forgive(self) -> None:
        """Count the times of `overdue` from now on, after a time in which nobody listened."""
        self._heard = self._advanced = time.monotonic()

    def overdue(self, limits: WorkerLimits, start_s: float) -> str:
        """Return why the worker has to be replaced; empty if it works.

        Args:
            limits: what a worker may do.
            start_s: how long it may take to become ready.
        """
        now = time.monotonic()
        if now - self._heard > (limits.silence_s if self.ready else start_s):
            return f"has given no sign of life for {now - self._heard:.0f} s"
        if self.tasks and now - self._advanced > limits.stuck_s:
            return f"has not simulated anything for {now - self._advanced:.0f} s"
        return ""

    def too_large(self, limits: WorkerLimits) -> str:
        """Return how the worker's memory is beyond its limit; empty if it is not."""
        if limits.memory_bytes is None or (used := self.worker.resident_bytes) <= limits.memory_bytes:
            return ""
        return f"has {used / 2**20:.0f} MiB of memory, more than {limits.memory_bytes / 2**20:.0f} MiB,"
