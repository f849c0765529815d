"""A seat of the pool: a worker process, and the motions that it has."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sim_server.workers.worker import WorkerProcess
from sim_server.workers.worker_messages import Message
from sim_server.workers.worker_task import Task

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
        self.tasks: dict[int, Task[Any]] = {}
        self.ready = False
        self._begun: set[int] = set()
        self._alone = False
        self._turns = -1
        self._heard = self._advanced = time.monotonic()

    def has_room(self, kind: type[Task[Any]]) -> bool:
        """Whether another motion finds the worker ready, and not busy with one that has to be alone.

        Args:
            kind: what is to be done with it. Scores do not wait for the slots that corrections wait for.
        """
        if not self.ready or self._alone:
            return False
        ahead = sum(isinstance(task, kind) for number, task in self.tasks.items() if number not in self._begun)
        return ahead < _AHEAD

    def give(self, task: Task[Any], alone: bool = False) -> None:
        """Let the worker correct or score a motion.

        Args:
            task: the motion.
            alone: whether the worker gets nothing else until it is done.
        """
        self.tasks[task.number] = task
        self._alone = alone
        self.worker.send(task.order)

    def begin(self, number: int) -> None:
        """Note that the worker has begun a motion."""
        if number in self.tasks:
            self._begun.add(number)
            self.tasks[number].clock.begin()

    def take_back(self, number: int) -> Task[Any] | None:
        """Return a task that the worker is done with; None if it had been taken back before."""
        task = self.tasks.pop(number, None)
        self._begun.discard(number)
        self._alone = self._alone and bool(self.tasks)
        return task

    def cancel(self, number: int) -> None:
        """Drop a motion, which the worker does before its next control step."""
        if self.take_back(number) is not None:
            self.worker.send(Message("cancel", number))

    def end(self) -> tuple[list[Task[Any]], list[Task[Any]]]:
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
            return f"has not got any further for {now - self._advanced:.0f} s"
        return ""

    def too_large(self, limits: WorkerLimits) -> str:
        """Return how the worker's memory is beyond its limit; empty if it is not."""
        if limits.memory_bytes is None or (used := self.worker.resident_bytes) <= limits.memory_bytes:
            return ""
        return f"has {used / 2**20:.0f} MiB of memory, more than {limits.memory_bytes / 2**20:.0f} MiB,"
