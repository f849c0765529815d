"""Training runs of a service: one at a time, in order, each with any number of watchers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from motion.errors import Overloaded, PlumbError
from motion.protocols import FitProgress

MAX_WAITING_RUNS = 16
MAX_UNREAD_STEPS = 1000
"""Steps that are kept for a watcher; one that reads too slowly misses some."""

_Request = TypeVar("_Request")


class TrainingStopped(PlumbError):
    """Raised in a training run, through its progress callback, after its last watcher has gone."""


class _Run:
    """A training run that waits or is active, and the queues of those who watch it."""

    def __init__(self) -> None:
        self.watchers: list[asyncio.Queue[FitProgress | None]] = []
        self.abandoned = threading.Event()
        self.result: asyncio.Future[str]

    def publish(self, line: FitProgress | None) -> None:
        for watcher in self.watchers:
            if line is None or watcher.qsize() < MAX_UNREAD_STEPS:
                watcher.put_nowait(line)


class TrainingQueue(Generic[_Request]):
    """Runs training requests in a thread, one after the other, because a device has room for one.

    Equal requests that come while the first of them waits or runs watch the same run. A run whose last watcher has gone
    is taken from the queue, or stops at its next step. The methods belong to one event loop.

    Args:
        fit: trains a request and returns the id of its checkpoint. It calls the function that it is given after every
            step, and lets the exceptions of that function pass.
    """

    def __init__(self, fit: Callable[[_Request, Callable[[FitProgress], None]], str]):
        self._fit = fit
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="train")
        self._runs: dict[bytes, _Run] = {}

    async def watch(self, key: bytes, request: _Request) -> AsyncIterator[FitProgress | str]:
        """Yield the progress of a request's run from now on and, last, the id of its checkpoint.

        Args:
            key: equal for equal requests.
            request: what to train.

        Raises:
            Overloaded: as many runs wait as may.
        """
        run = self._runs.get(key) or self._start(key, request)
        lines: asyncio.Queue[FitProgress | None] = asyncio.Queue()
        run.watchers.append(lines)
        try:
            while not run.result.done() or not lines.empty():
                if (line := await lines.get()) is None:
                    break
                yield line
            yield await asyncio.shield(run.result)
        finally:
            run.watchers.remove(lines)
            if not run.watchers:
                self._abandon(key, run)

    def _start(self, key: bytes, request: _Request) -> _Run:
        waiting = len(self._runs) - 1  # one of them is active
        if waiting >= MAX_WAITING_RUNS:
            raise Overloaded(f"{waiting} training runs are waiting, which is the limit")
        run, loop = _Run(), asyncio.get_running_loop()

        def report(line: FitProgress) -> None:
            if run.abandoned.is_set():
                raise TrainingStopped("nobody waits for this training run any more")
            # Asked here, so that steps do not pile up in an event loop that is busy.
            if any(watcher.qsize() < MAX_UNREAD_STEPS for watcher in list(run.watchers)):
                loop.call_soon_threadsafe(run.publish, line)

        def finish(result: asyncio.Future[str]) -> None:
            if self._runs.get(key) is run:
                del self._runs[key]
            if not result.cancelled():
                result.exception()  # looked at, since a run that was abandoned has nobody else to do so
            run.publish(None)

        run.result = asyncio.wrap_future(self._thread.submit(self._fit, request, report))
        run.result.add_done_callback(finish)
        self._runs[key] = run
        return run

    def _abandon(self, key: bytes, run: _Run) -> None:
        run.abandoned.set()
        run.result.cancel()
        # An equal request that comes now waits for this run to stop, and continues from the state that it saves.
        if self._runs.get(key) is run:
            del self._runs[key]
