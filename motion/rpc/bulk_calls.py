"""Many calls of one method at once, repeated where that is safe."""

from __future__ import annotations

import queue
import time
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, Generic, TypeVar

import grpc

from motion.errors import Overloaded, ServiceUnavailable
from motion.rpc.denials import RetryLater

_OVERLOAD_PAUSE_S = 0.2
_OVERLOAD_TIMEOUT_S = 120.0
_ABSENCE_PAUSE_S = 0.5
_ABSENCE_TIMEOUT_S = 10.0
_MAX_LOSSES = 3
"""How often the call of one item may lose its server; an item that ends servers must not end all of them."""

# A server that ends before its calls do cancels them; nobody else does while their results are waited for.
_LOST = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)

_Result = TypeVar("_Result")


class BulkCalls(Generic[_Result]):
    """The state of many calls: which items wait, which are under way, and how many calls may run.

    The calls have to be idempotent. A call that is refused because the server is overloaded is made again later, and
    fewer run at once until there are answers again. So is a call whose server went away, as long as answers came from
    some server within the last seconds.

    Args:
        send: starts the call for the item of an index.
        receive: returns the result of the ended call for the item of an index.
        limit: maximum number of concurrent calls.
    """

    def __init__(self, send: Callable[[int], grpc.Future], receive: Callable[[int, grpc.Future], _Result], limit: int):
        self._send = send
        self._receive = receive
        self._limit = limit
        self._window = limit
        self._calls: dict[int, grpc.Future] = {}
        self._sent: dict[int, float] = {}
        self._losses: dict[int, int] = {}
        self._ended: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._answers = 0
        self._last_answer = time.monotonic()
        self._last_pause = 0.0

    def results(self, count: int) -> Generator[tuple[int, _Result], None, None]:
        """Make the calls for `count` items, and yield the index and the result of each as soon as it is there.

        Raises:
            PlumbError: a call failed for good; the calls that are under way are cancelled.
        """
        waiting = deque(range(count))
        try:
            while waiting or self._calls:
                while waiting and len(self._calls) < self._window:
                    self._start(waiting.popleft())
                index = self._ended.get()
                call = self._calls.pop(index)
                try:
                    result = self._receive(index, call)
                except ServiceUnavailable as error:
                    self._slow_down(index, call, error)
                    waiting.appendleft(index)
                    continue
                self._answers += 1
                self._last_answer = time.monotonic()
                self._window = min(self._limit, self._window + 1)
                yield index, result
        finally:
            for call in self._calls.values():
                call.cancel()

    def _start(self, index: int) -> None:
        call = self._send(index)
        self._calls[index] = call
        self._sent[index] = time.monotonic()
        call.add_done_callback(lambda _: self._ended.put(index))

    def _slow_down(self, index: int, call: Any, error: ServiceUnavailable) -> None:
        """Reduce the number of concurrent calls and pause; raise `error` if the call is not worth repeating."""
        silence = time.monotonic() - self._last_answer
        if isinstance(error, RetryLater):
            pause, is_worth = max(error.seconds, _OVERLOAD_PAUSE_S), silence + error.seconds <= _OVERLOAD_TIMEOUT_S
        elif isinstance(error, Overloaded):
            pause, is_worth = _OVERLOAD_PAUSE_S, silence <= _OVERLOAD_TIMEOUT_S
        else:
            self._losses[index] = self._losses.get(index, 0) + 1
            is_worth = (
                call.code() in _LOST
                and self._answers > 0
                and self._losses[index] <= _MAX_LOSSES
                and silence <= _ABSENCE_TIMEOUT_S
            )
            pause = _ABSENCE_PAUSE_S * self._losses[index]
        if not is_worth:
            raise error
        self._window = max(1, len(self._calls))
        if self._sent[index] >= self._last_pause:  # one pause is enough for all calls that fail together
            time.sleep(pause)
            self._last_pause = time.monotonic()
