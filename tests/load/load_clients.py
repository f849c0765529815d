"""Clients that load a server: closed loops, which wait for each answer, and an open loop, which waits for none."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event

import grpc
import grpc.aio
import numpy as np

from motion.rpc import MAX_RESPONSE_BYTES
from motion.rpc.corrector_client import SERVICE
from motion.rpc.status import PUSHBACK_TRAILER

_OPTIONS = (
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", MAX_RESPONSE_BYTES),
    ("grpc.max_send_message_length", -1),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
)
_FILLING_S = 120.0


@dataclass
class Load:
    """What came of a load.

    Attributes:
        sent: number of calls.
        seconds: time from the first call to the last answer [s].
        latencies: time of each call that was answered [s].
        refusals: time of each call that was refused as RESOURCE_EXHAUSTED [s].
        errors: number of other failures by status.
        wrong: number of answers that are not the right bytes.
    """

    sent: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    wrong: int = 0

    @property
    def answered(self) -> int:
        """Number of calls that were answered."""
        return len(self.latencies)

    @property
    def lost(self) -> int:
        """Number of calls that were neither answered nor refused with a reason."""
        return self.sent - self.answered - len(self.refusals) - sum(self.errors.values())

    def percentile(self, percent: float) -> float:
        """Return a percentile of the latencies [s]."""
        return float(np.percentile(self.latencies, percent)) if self.latencies else float("nan")


def closed_loop(address: str, requests: Sequence[bytes], clients: int, right: Sequence[bytes] | None = None) -> Load:
    """Share requests among clients with a connection each, which wait for an answer before they send the next.

    Args:
        address: HOST:PORT.
        requests: the serialized requests, each sent once.
        clients: number of clients.
        right: the right answer of each request; None to compare none.
    """

    async def run() -> Load:
        load, numbers = Load(), iter(range(len(requests)))

        async def work() -> None:
            async with grpc.aio.insecure_channel(address, options=_OPTIONS) as channel:
                for number in numbers:
                    await _call(load, channel, requests[number], right[number] if right else None)

        start = time.monotonic()
        await asyncio.gather(*[work() for _ in range(clients)])
        load.seconds = time.monotonic() - start
        return load

    return asyncio.run(run())


def refusals(address: str, requests: Sequence[bytes], fillers: int, probes: int) -> Load:
    """Keep a server full, and measure how fast it tells one more client so.

    The clients that fill it are in a process of their own, so that what is measured is not their time.

    Args:
        address: HOST:PORT.
        requests: the serialized requests that fill the server, sent in turn and again.
        fillers: number of clients that fill it, more than it takes.
        probes: number of calls, one after the other, that are measured.
    """

    async def run() -> Load:
        load = Load()
        async with grpc.aio.insecure_channel(address, options=_OPTIONS) as channel:
            while load.sent < probes or not load.refusals:
                await _call(load, channel, requests[0], None)
        return load

    context = multiprocessing.get_context("spawn")
    is_full = context.Event()
    process = context.Process(target=_fill, args=(address, requests, fillers, is_full), daemon=True)
    process.start()
    try:
        if not is_full.wait(_FILLING_S):
            raise TimeoutError(f"{fillers} clients did not fill the server within {_FILLING_S:g} s")
        return asyncio.run(run())
    finally:
        process.kill()
        process.join()


def _fill(address: str, requests: Sequence[bytes], fillers: int, is_full: Event) -> None:
    """Send requests for ever, from clients that wait as long as a refusal tells them to.

    Args:
        address: HOST:PORT.
        requests: the serialized requests, sent in turn and again.
        fillers: number of clients.
        is_full: set at the first refusal.
    """

    async def fill(first: int) -> None:
        async with grpc.aio.insecure_channel(address, options=_OPTIONS) as channel:
            for number in itertools.count(first):
                try:
                    await channel.unary_unary(f"/{SERVICE}/Correct")(requests[number % len(requests)])
                except grpc.aio.AioRpcError as error:
                    is_full.set()
                    trailers = dict(error.trailing_metadata())
                    await asyncio.sleep(float(trailers.get(PUSHBACK_TRAILER, 200)) / 1000)

    async def run() -> None:
        await asyncio.gather(*[fill(number) for number in range(fillers)])

    asyncio.run(run())


def open_loop(
    address: str,
    requests: Sequence[bytes],
    rate: float,
    seconds: float,
    seed: int = 0,
    right: Sequence[bytes] | None = None,
    channels: int = 8,
) -> Load:
    """Send requests at the times of a Poisson process, whatever has been answered.

    Args:
        address: HOST:PORT.
        requests: the serialized requests, sent in turn and again.
        rate: mean number of calls a second.
        seconds: time in which calls are made [s].
        seed: seed of the times.
        right: the right answer of each request; None to compare none.
        channels: number of connections.
    """
    rng = np.random.default_rng(seed)

    async def run() -> Load:
        load = Load()
        connections = [grpc.aio.insecure_channel(address, options=_OPTIONS) for _ in range(channels)]
        calls: set[asyncio.Task[None]] = set()
        start = due = time.monotonic()
        for number in itertools.count():
            due += float(rng.exponential(1 / rate))
            if due - start > seconds:
                break
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            index = number % len(requests)
            call = _call(load, connections[number % channels], requests[index], right[index] if right else None)
            task = asyncio.create_task(call)
            calls.add(task)
            task.add_done_callback(calls.discard)
        await asyncio.gather(*calls)
        load.seconds = time.monotonic() - start
        for connection in connections:
            await connection.close()
        return load

    return asyncio.run(run())


async def _call(load: Load, channel: grpc.aio.Channel, request: bytes, right: bytes | None) -> None:
    load.sent += 1
    start = time.monotonic()
    try:
        answer = await channel.unary_unary(f"/{SERVICE}/Correct")(request)
    except grpc.aio.AioRpcError as error:
        if error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:
            load.refusals.append(time.monotonic() - start)
        else:
            load.errors[error.code().name] += 1
    else:
        load.latencies.append(time.monotonic() - start)
        load.wrong += right is not None and answer != right
