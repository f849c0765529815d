"""Motions that wait for their scores in a pool of workers, fair among clients."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from functools import partial

from motion.score import Score
from sim_server.fair_queue import FairQueue
from sim_server.queued_corrector import QueueFull
from sim_server.workers.worker_task import ScoreTask, next_wanted


class ScoreLine:
    """The motions that wait to be scored; they do not stand behind those that wait to be corrected.

    Args:
        size: most motions that `check_room` lets in.
    """

    def __init__(self, size: int):
        self._waiting: FairQueue[ScoreTask] = FairQueue(size)
        self._again: deque[ScoreTask] = deque()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return the number of motions that wait."""
        return len(self._waiting) + len(self._again)

    def check_room(self, client: str) -> None:
        """Check that another motion of a client may wait.

        Raises:
            QueueFull: too many wait already.
        """
        with self._lock:
            if not self._waiting.has_room(client):
                raise QueueFull(f"{len(self._waiting)} motions wait for their scores already; try again shortly")

    def append(self, task: ScoreTask) -> None:
        """Let a motion wait for its turn; it leaves the line at once when it is cancelled."""
        with self._lock:
            key = self._waiting.push(task, task.sender, task.motion.duration + 1.0)
        task.future.add_done_callback(partial(self._discard, key))

    def put_back(self, task: ScoreTask) -> None:
        """Let a motion come before all others that wait; its worker had not begun it when it ended."""
        self._again.append(task)

    def pop(self) -> ScoreTask | None:
        """Take out the motion whose turn it is; None if none waits."""
        if (task := next_wanted(self._again)) is not None:
            return task
        with self._lock:
            return self._waiting.pop()

    def drain(self) -> list[ScoreTask]:
        """Return all motions that wait, which leave the line as they are answered."""
        with self._lock:
            waiting = list(self._waiting)
        again = list(self._again)
        self._again.clear()
        return waiting + again

    def _discard(self, key: int, _: Future[Score]) -> None:
        with self._lock:
            self._waiting.discard(key)
