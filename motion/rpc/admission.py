"""What a server has under way, and whether it takes more: calls, bytes of requests, and what each client may use."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from motion.errors import Overloaded
from motion.rpc.quotas import Usage, enter_call
from motion.rpc.server_settings import Limits
from motion.rpc.tokens import Client

_SHARE_OF_FREE = 7  # a client may make so many times the calls that are still free: alone 7/8 of all


class Admission:
    """Counts the calls that are under way; belongs to one event loop.

    How many calls one client may make follows from how many are still free, as in `sim_server.fair_queue`: one client
    alone may make most of them, and there is always room for another client.

    Args:
        limits: what the server takes.
    """

    def __init__(self, limits: Limits):
        self._limits = limits
        self._calls = 0
        self._bytes = 0
        self._usages: dict[str, Usage] = {}

    @contextmanager
    def call(self, client: Client) -> Iterator[None]:
        """Count a call of a client while the block runs; what the block charges is charged to this client.

        Raises:
            Overloaded: the server, or the client, is at its limit of calls.
        """
        if self._calls >= self._limits.calls:
            raise Overloaded(f"{self._calls} calls are running, which is the limit")
        usage = self._usage(client)
        if usage.calls >= _SHARE_OF_FREE * (self._limits.calls - self._calls):
            raise Overloaded(f"{client.name} makes {usage.calls} calls already; the rest is for other clients")
        with usage.call():
            self._calls += 1
            try:
                enter_call(usage, self._limits.motion_seconds)
                yield
            finally:
                self._calls -= 1
        if usage.is_idle:
            self._usages.pop(client.name, None)

    @contextmanager
    def message(self, size: int) -> Iterator[None]:
        """Count a request of `size` bytes while the block runs.

        Raises:
            Overloaded: the requests that are under way hold as many bytes as the server takes.
        """
        if self._bytes and self._bytes + size > self._limits.pending_bytes:
            raise Overloaded(f"{self._bytes >> 20} MiB of requests are being answered, which is the limit")
        self._bytes += size
        try:
            yield
        finally:
            self._bytes -= size

    def _usage(self, client: Client) -> Usage:
        quotas = client.quotas or self._limits.client
        usage = self._usages.get(client.name)
        if usage is None:
            usage = self._usages[client.name] = Usage(client.name, quotas)
        usage.quotas = quotas  # the file of the tokens may have changed
        return usage


class ByteBudget:
    """Bytes that may be held at a time; who asks for more than is left waits for its turn.

    Args:
        size: bytes in all. A single request may exceed them.
    """

    def __init__(self, size: int):
        self._left = size
        self._size = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def acquire(self, size: int) -> None:
        """Wait until `size` bytes are left, and take them."""
        if not self._waiting and self._fits(size):
            self._left -= size
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the bytes were handed over before the waiter was cancelled
                self.release(size)
            raise

    def release(self, size: int) -> None:
        """Give back bytes that were taken."""
        self._left += size
        while self._waiting:
            wanted, turn = self._waiting[0]
            if not turn.done() and not self._fits(wanted):
                return
            self._waiting.popleft()
            if not turn.done():
                self._left -= wanted
                turn.set_result(None)

    def _fits(self, size: int) -> bool:
        return size <= self._left or self._left == self._size
