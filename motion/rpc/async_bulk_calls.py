"""Many calls of one method at once in an event loop, repeated where that is safe."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Generic, TypeVar

import grpc

from motion.errors import PlumbError, ServiceUnavailable
from motion.rpc.bulk_calls import LOST_CODES, CallSchedule

_Result = TypeVar("_Result")


class AsyncBulkCalls(Generic[_Result]):
    """Makes many calls by a `motion.rpc.bulk_calls.CallSchedule`, and yields the results as they come.

    Args:
        call: makes the call for the item of an index, and returns its result.
        fail: returns the error of a call that failed, for the item of an index.
        limit: maximum number of concurrent calls.
    """

    def __init__(
        self,
        call: Callable[[int], Awaitable[_Result]],
        fail: Callable[[int, grpc.RpcError], PlumbError],
        limit: int,
    ):
        self._call = call
        self._fail = fail
        self._limit = limit
        self._tasks: dict[asyncio.Future[_Result], int] = {}

    async def results(self, count: int) -> AsyncGenerator[tuple[int, _Result], None]:
        """Make the calls for `count` items, and yield the index and the result of each as soon as it is there.

        Raises:
            PlumbError: a call failed for good; the calls that are under way are cancelled.
        """
        schedule = CallSchedule(count, self._limit, time.monotonic())
        try:
            while not schedule.is_done:
                while (index := schedule.take(time.monotonic())) is not None:
                    self._tasks[asyncio.ensure_future(self._call(index))] = index
                for task in await self._ended(schedule.pause(time.monotonic())):
                    index = self._tasks.pop(task)
                    try:
                        result = task.result()
                    except grpc.RpcError as error:
                        failure = self._fail(index, error)
                        if not isinstance(failure, ServiceUnavailable):
                            raise failure from error
                        is_lost = error.code() in LOST_CODES  # pyright: ignore[reportAttributeAccessIssue]
                        schedule.failed(index, failure, is_lost, time.monotonic())
                    else:
                        schedule.answered(index)
                        yield index, result
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ended(self, timeout: float | None) -> set[asyncio.Future[_Result]]:
        if self._tasks:
            return (await asyncio.wait(self._tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED))[0]
        await asyncio.sleep(timeout or 0.0)
        return set()
