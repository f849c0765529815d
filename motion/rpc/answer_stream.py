"""Answers to the requests of a stream, each as soon as it is ready, with bounded memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Generic, TypeVar

from google.protobuf.message import Message

from motion.errors import InvalidInput, NotFound, Overloaded, Violation
from motion.rpc.admission import ByteBudget
from motion.rpc.denials import RetryLater
from motion.rpc.server_settings import DEFAULT_PENDING_BYTES

_OVERLOAD_PAUSE_SECONDS = 0.05
_STREAM_BYTES = 64 * 2**20

_Request = TypeVar("_Request", bound=Message)
_Response = TypeVar("_Response", bound=Message)
Start = Callable[[_Request], Awaitable[Callable[[], Awaitable[_Response]]]]
"""Begins to answer a request, or refuses it; what it returns is called for the answer."""


class StreamAnswers(Generic[_Request, _Response]):
    """Answers the streams of one method.

    Where the service is overloaded, the requests of all streams wait in one line, and only the first in it asks again.

    Args:
        start: begins to answer a request.
        refuse: makes the response for a request that was refused.
        window: requests of one stream that may wait for their answers.
        budget: bytes of requests that wait for their answers, of all streams together.
    """

    def __init__(
        self,
        start: Start[_Request, _Response],
        refuse: Callable[[_Request, tuple[Violation, ...]], _Response],
        window: int,
        budget: ByteBudget | None = None,
    ):
        self._start = start
        self._refuse = refuse
        self._window = window
        self._budget = budget or ByteBudget(DEFAULT_PENDING_BYTES)
        self._line = asyncio.Lock()

    async def answer(self, requests: AsyncIterator[_Request]) -> AsyncGenerator[_Response, None]:
        """Yield the answers to the requests of a stream, in the order in which they are ready.

        A request is read only once the answer to the one `window` before it was taken, or that to the one 64 MiB before
        it. A client that does not read answers therefore cannot fill the server's memory.
        """
        window, own_budget = asyncio.Semaphore(self._window), ByteBudget(_STREAM_BYTES)
        answers: asyncio.Queue[tuple[_Response, int] | None] = asyncio.Queue()

        async def answer_one(request: _Request, size: int) -> None:
            answers.put_nowait((await self._answer_one(request), size))

        async def read() -> None:
            async with asyncio.TaskGroup() as jobs:
                async for request in requests:
                    size = request.ByteSize()
                    await window.acquire()
                    await own_budget.acquire(size)
                    await self._budget.acquire(size)
                    job = jobs.create_task(answer_one(request, size))
                    # A task that is cancelled before it begins runs nothing of its own.
                    job.add_done_callback(lambda _, size=size: self._budget.release(size))

        reader = asyncio.create_task(read())
        reader.add_done_callback(lambda _: answers.put_nowait(None))
        try:
            while (answer := await answers.get()) is not None:
                response, size = answer
                yield response
                window.release()
                own_budget.release(size)
            await reader
        except ExceptionGroup as group:
            raise group.exceptions[0] from group
        finally:
            reader.cancel()

    async def _answer_one(self, request: _Request) -> _Response:
        """Answer a request, with its violations if it is refused; wait while the service is overloaded."""
        try:
            if not request.id:  # pyright: ignore[reportAttributeAccessIssue]
                raise InvalidInput.of("id", "is empty; must name the motion, because answers come in any order")
            finish = await self._start_in_turn(request)
            return await finish()
        except InvalidInput as error:
            return self._refuse(request, error.violations)
        except NotFound as error:
            return self._refuse(request, (Violation("options.policy", str(error)),))

    async def _start_in_turn(self, request: _Request) -> Callable[[], Awaitable[_Response]]:
        while True:
            async with self._line:
                while True:
                    try:
                        return await self._start(request)
                    except RetryLater as error:
                        pause = error.seconds
                        break
                    except Overloaded:
                        await asyncio.sleep(_OVERLOAD_PAUSE_SECONDS)
            await asyncio.sleep(pause)
