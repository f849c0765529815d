"""Many calls of one method at once, repeated where that is safe."""

from __future__ import annotations

import heapq
import queue
import time
from collections.abc import Callable, Generator
from typing import Any, Generic, TypeVar

import grpc

from motion.errors import Overloaded, ServiceUnavailable
from motion.rpc.denials import RetryLater, Unreachable

_OVERLOAD_PAUSE_S = 0.2
_MAX_OVERLOAD_PAUSE_S = 5.0
_OVERLOAD_TIMEOUT_S = 120.0
_ABSENCE_PAUSE_S = 0.5
_ABSENCE_TIMEOUT_S = 10.0
_MAX_LOSSES = 3
"""How often the call of one item may lose its server; an item that ends servers must not end all of them."""

# A server that ends before its calls do cancels them; nobody else does while their results are waited for.
LOST_CODES = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)

_Result = TypeVar("_Result")


class CallSchedule:
    """Decides which of many idempotent calls is made when, and which failure is the end.

    It knows no network and no clock: every method is told the time, in seconds from any origin.

    A call that is refused because the servers are overloaded is made again after a pause, which doubles with each
    refusal in a row, or after the time that the server names. Meanwhile no call is started, and fewer run at once from
    then on: as many as the servers did take, and one more each time that all of them were answered. A call that
    lost its server is made again as long as other calls are under way or answers came from some server within the last
    seconds; the other calls do not wait for that.

    The window follows refusals and not the time that answers take: a simulation in full slots takes longer for each
    motion and less for all of them.

    Args:
        count: number of calls.
        limit: maximum number of concurrent calls.
        now: time of the start.
    """

    def __init__(self, count: int, limit: int, now: float = 0.0):
        self._count = count
        self._limit = max(1, limit)
        self._window = float(self._limit)
        self._fitting = float(self._limit)  # number of calls that the servers were seen to take
        self._fresh = 0
        self._again: list[tuple[float, int]] = []
        self._under_way: dict[int, float] = {}
        self._losses: dict[int, int] = {}
        self._answers = 0
        self._refusals = 0
        self._paused_until = now
        self._last_pause = now
        self._trouble_since: float | None = None  # the first failure after the last answer
        self._absent_since: float | None = None  # the first loss after the last answer or refusal

    @property
    def is_done(self) -> bool:
        """Whether every call was answered."""
        return self._answers == self._count

    @property
    def window(self) -> int:
        """Number of calls that may be under way now."""
        return int(self._window)

    def take(self, now: float) -> int | None:
        """Return the index of a call to make now, and count it as under way; None if there is none."""
        if len(self._under_way) >= self.window or now < self._paused_until:
            return None
        if self._again and self._again[0][0] <= now:
            index = heapq.heappop(self._again)[1]
        elif self._fresh < self._count:
            index, self._fresh = self._fresh, self._fresh + 1
        else:
            return None
        self._under_way[index] = now
        return index

    def pause(self, now: float) -> float | None:
        """Return the seconds until there may be a call to make; None if first one under way has to end."""
        if len(self._under_way) >= self.window:
            return None
        has_fresh = self._fresh < self._count
        if not (has_fresh or self._again):
            return None
        due = now if has_fresh else self._again[0][0]
        return max(0.0, due - now, self._paused_until - now)

    def answered(self, index: int) -> None:
        """Record that a call was answered."""
        del self._under_way[index]
        self._answers += 1
        self._refusals, self._trouble_since, self._absent_since = 0, None, None
        step = 1.0 if self._window < self._fitting else 1.0 / self._window
        self._window = min(self._limit, self._window + step)

    def failed(self, index: int, error: ServiceUnavailable, is_lost: bool, now: float) -> None:
        """Record that a call failed, to be made again.

        Args:
            index: index of the call.
            error: the failure.
            is_lost: whether its server may have gone away, rather than have answered with this failure.
            now: the time.

        Raises:
            ServiceUnavailable: `error`, if another call is not worth it.
        """
        sent = self._under_way.pop(index)
        since = self._trouble_since = now if self._trouble_since is None else self._trouble_since
        # Calls that were under way before the trouble began, and still are, have a server that works.
        has_server = any(sent <= since for sent in self._under_way.values())
        if isinstance(error, Overloaded):
            self._absent_since = None  # who refuses is there
            pause = self._refused(error, sent, has_server, since, now)
        else:
            absent_since = self._absent_since = now if self._absent_since is None else self._absent_since
            pause = self._lost(index, error, is_lost, has_server, absent_since, now)
        if isinstance(error, Overloaded | Unreachable):  # others take what a lost server held
            self._window = float(max(1, len(self._under_way)))
        heapq.heappush(self._again, (now + pause, index))

    def _refused(self, error: Overloaded, sent: float, has_server: bool, since: float, now: float) -> float:
        if sent >= self._last_pause:  # one pause is enough for all calls that were refused together
            self._refusals += 1
            self._last_pause = now
        pause = min(_OVERLOAD_PAUSE_S * 2 ** max(0, self._refusals - 1), _MAX_OVERLOAD_PAUSE_S)
        if isinstance(error, RetryLater):
            pause = max(error.seconds, pause)
            is_worth = now - since + error.seconds <= _OVERLOAD_TIMEOUT_S
        else:
            is_worth = has_server or now - since <= _OVERLOAD_TIMEOUT_S
        if not is_worth:
            raise error
        self._fitting = float(max(1, len(self._under_way)))
        self._paused_until = max(self._paused_until, now + pause)
        return pause

    def _lost(
        self, index: int, error: ServiceUnavailable, is_lost: bool, has_server: bool, absent_since: float, now: float
    ) -> float:
        # Where there is no server the call was not made, and the item had no part in it.
        if not isinstance(error, Unreachable):
            self._losses[index] = self._losses.get(index, 0) + 1
        losses = self._losses.get(index, 0)
        is_waited_for = self._answers > 0 and now - absent_since <= _ABSENCE_TIMEOUT_S
        if not (is_lost and losses <= _MAX_LOSSES and (has_server or is_waited_for)):
            raise error
        return _ABSENCE_PAUSE_S * max(1, losses)


class BulkCalls(Generic[_Result]):
    """Makes many calls by a `CallSchedule`, and yields the results as they come.

    Args:
        send: starts the call for the item of an index.
        receive: returns the result of the ended call for the item of an index.
        limit: maximum number of concurrent calls.
    """

    def __init__(self, send: Callable[[int], grpc.Future], receive: Callable[[int, grpc.Future], _Result], limit: int):
        self._send = send
        self._receive = receive
        self._limit = limit
        self._calls: dict[int, Any] = {}
        self._ended: queue.SimpleQueue[int] = queue.SimpleQueue()

    def results(self, count: int) -> Generator[tuple[int, _Result], None, None]:
        """Make the calls for `count` items, and yield the index and the result of each as soon as it is there.

        Raises:
            PlumbError: a call failed for good; the calls that are under way are cancelled.
        """
        schedule = CallSchedule(count, self._limit, time.monotonic())
        try:
            while not schedule.is_done:
                while (index := schedule.take(time.monotonic())) is not None:
                    self._start(index)
                try:
                    index = self._ended.get(timeout=schedule.pause(time.monotonic()))
                except queue.Empty:
                    continue
                call = self._calls.pop(index)
                try:
                    result = self._receive(index, call)
                except ServiceUnavailable as error:
                    schedule.failed(index, error, call.code() in LOST_CODES, time.monotonic())
                    continue
                schedule.answered(index)
                yield index, result
        finally:
            for call in self._calls.values():
                call.cancel()

    def _start(self, index: int) -> None:
        call = self._send(index)
        self._calls[index] = call
        call.add_done_callback(lambda _: self._ended.put(index))
