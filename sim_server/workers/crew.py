"""The workers of a pool: started while some are missing, looked after, and ended with it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

from sim_server.workers.seat import Seat, WorkerLimits
from sim_server.workers.worker import WorkerProcess
from sim_server.workers.worker_messages import Message
from sim_server.workers.worker_process import WorkerSettings
from sim_server.workers.worker_task import Task

START_S = 120.0
"""Time that a worker has to become ready [s]."""
_log = logging.getLogger("motion.rpc.workers")  # with the other events of servers
_FAILED_STARTS = 3  # in a row, after which the next one is not to be relied upon
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0  # before another start; it doubles

Event = tuple[WorkerProcess | None, Message | None]
"""A message of a worker, of nobody, or the end of a worker."""


class Crew:
    """Worker processes and their seats; they belong to the thread of the pool, but may be looked at from others.

    Workers are started at once, but after longer and longer pauses while they end as soon as they start.

    Args:
        size: number of workers.
        settings: how they work.
        limits: what a worker may do before it is ended.
        events: where their messages go, and that they have ended.
    """

    def __init__(self, size: int, settings: WorkerSettings, limits: WorkerLimits, events: SimpleQueue[Event]):
        self._size = size
        self._settings = settings
        self._limits = limits
        self._events = events
        self._seats: dict[WorkerProcess, Seat] = {}
        self._failed_starts = 0
        self._next_start = 0.0

    def __iter__(self) -> Iterator[Seat]:
        """Iterate over the seats, the oldest first."""
        return iter(list(self._seats.values()))

    def __getitem__(self, worker: WorkerProcess) -> Seat:
        """Return the seat of a worker."""
        return self._seats[worker]

    @property
    def pids(self) -> list[int]:
        """The numbers of the worker processes that are ready, the oldest first."""
        return [seat.worker.pid for seat in self if seat.ready]

    @property
    def works(self) -> bool:
        """Whether a worker is ready, or can be expected to be soon."""
        return self._failed_starts < _FAILED_STARTS or bool(self.pids)

    def start_missing(self) -> str:
        """Start workers until all are there or a pause is due; return why one cannot be started, empty if all were."""
        while len(self._seats) < self._size and time.monotonic() >= self._next_start:
            try:
                worker = WorkerProcess(self._settings, self._events)
            except OSError as error:
                self.note_failed_start()
                return f"no worker can be started: {error}"
            self._seats[worker] = Seat(worker)
        return ""

    def note_ready(self, seat: Seat) -> None:
        """Note that a worker can take motions."""
        seat.ready = True
        self._failed_starts = 0

    def note_failed_start(self) -> None:
        """Wait longer before the next start than before the last one."""
        pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**self._failed_starts)
        self._failed_starts += 1
        self._next_start = time.monotonic() + pause

    def remove(self, worker: WorkerProcess) -> Seat:
        """Return the seat of a worker that has ended; another worker can then be started."""
        return self._seats.pop(worker)

    def roomiest(self, kind: type[Task[Any]]) -> Seat | None:
        """Return the seat with the fewest motions among those that have room for one more; None if there is none.

        Args:
            kind: what is to be done with the motion.
        """
        seats = [seat for seat in self if seat.has_room(kind)]
        return min(seats, key=lambda each: len(each.tasks), default=None)

    def check(self, slept: bool) -> None:
        """End the workers that are overdue or too large; that their processes end is then an event like any other.

        Args:
            slept: whether this process was stopped, and what the workers said meanwhile is not read yet.
        """
        for seat in self:
            if slept:
                seat.forgive()
            if reason := seat.overdue(self._limits, START_S) or seat.too_large(self._limits):
                _log.error("worker %d %s and is ended", seat.worker.pid, reason)
                seat.worker.kill()

    def end(self) -> None:
        """End all workers."""
        for seat in self:
            seat.worker.kill()
            seat.worker.wait()
