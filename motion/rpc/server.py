"""The server around Plumb's services: where it listens, how it says that it is well, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from motion.errors import InvalidInput
from motion.rpc import MAX_MESSAGE_BYTES
from motion.rpc.address import check_listenable, split_address
from motion.rpc.call_metrics import CallMetrics
from motion.rpc.guard import Guard
from motion.shell.atomic import atomic_path, check_target

Services = Mapping[str, Callable[[grpc.aio.Server], None]]
"""For each service, by its full name (`motion.v1.CorrectorService`), what adds its servicer to a server."""

_FLUSH_SECONDS = 1.0
_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # Otherwise two servers share one port, and each gets half of the calls.
    ("grpc.so_reuseport", 0),
    # Clients ask now and then whether we are still there; by default they would be sent away for it.
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)


@dataclass(frozen=True)
class ServerSettings:
    """How a server listens and ends.

    Attributes:
        listen: HOST:PORT; port 0 takes a free one.
        announce: a file that is written with the HOST:PORT that was got, once the server answers, and removed when it
            ends.
        metrics_port: also serve Prometheus metrics over HTTP, on this port of the same host; None does not.
        max_calls: calls at a time; more are refused with RESOURCE_EXHAUSTED and told when to come again.
        drain_seconds: on SIGTERM, how long calls are still taken after health says NOT_SERVING; load balancers
            need some seconds of it.
        grace_seconds: how long calls that are under way then have to end.
    """

    listen: str
    announce: Path | None = None
    metrics_port: int | None = None
    max_calls: int = 1024
    drain_seconds: float = 0.2
    grace_seconds: float = 30.0


def serve(services: Services, settings: ServerSettings) -> None:
    """Serve until SIGTERM or SIGINT, then end in order; a second signal ends at once. Blocks; for the main thread.

    When the server answers, `listening on HOST:PORT` goes to standard error.

    Raises:
        InvalidInput: the address is none, or cannot be listened on.
    """
    asyncio.run(_serve(services, settings))


@contextmanager
def serving(services: Services, settings: ServerSettings | None = None) -> Iterator[str]:
    """Serve from a thread of this process while the block runs; yields the address. For tests and notebooks."""
    settings = settings or ServerSettings("127.0.0.1:0")
    address: Future[str] = Future()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        try:
            server = await _Server.start(services, settings)
        except BaseException as error:
            address.set_exception(error)
            return
        address.set_result(server.address)
        await stop.wait()
        await server.drain()

    def run_loop() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(run())

    thread = threading.Thread(target=run_loop, name="plumb-server", daemon=True)
    thread.start()
    try:
        yield address.result()
    finally:
        with contextlib.suppress(RuntimeError):  # the loop has ended already: the server did not start
            loop.call_soon_threadsafe(stop.set)
        thread.join()


async def _serve(services: Services, settings: ServerSettings) -> None:
    if settings.announce:
        check_target(settings.announce)
    server = await _Server.start(services, settings)
    stop = asyncio.Event()
    hurry = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, lambda: hurry.set() if stop.is_set() else stop.set())
    if settings.announce:
        with atomic_path(settings.announce) as file:
            file.write_text(server.address + "\n", encoding="utf-8")
    print(f"listening on {server.address}", file=sys.stderr, flush=True)
    try:
        await stop.wait()
        print("draining", file=sys.stderr, flush=True)
        draining = asyncio.create_task(server.drain())
        hurrying = asyncio.create_task(hurry.wait())
        await asyncio.wait({draining, hurrying}, return_when=asyncio.FIRST_COMPLETED)
        if not draining.done():
            draining.cancel()
            await server.stop()
    finally:
        if settings.announce:
            settings.announce.unlink(missing_ok=True)


class _Server:
    """A gRPC server that answers, with its health and its guard."""

    def __init__(
        self,
        server: grpc.aio.Server,
        address: str,
        guard: Guard,
        well: Any,
        settings: ServerSettings,
    ):
        self.address = address
        self._server = server
        self._guard = guard
        self._health = well
        self._settings = settings

    @classmethod
    async def start(cls, services: Services, settings: ServerSettings) -> _Server:
        host, _ = split_address(settings.listen, "listen")
        metrics = CallMetrics() if settings.metrics_port is not None else None
        guard = Guard(services, settings.max_calls, metrics)
        server = grpc.aio.server(interceptors=[guard], options=_OPTIONS)
        for add in services.values():
            add(server)
        well = health.aio.HealthServicer()  # pyright: ignore[reportAttributeAccessIssue]
        health_pb2_grpc.add_HealthServicer_to_server(well, server)
        reflection.enable_server_reflection([*services, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
        port = _bind(server, settings.listen)
        if metrics and settings.metrics_port is not None:
            print(f"metrics on http://{host}:{_publish(metrics, host, settings.metrics_port)}/metrics", file=sys.stderr)
        await server.start()
        for name in services:
            await well.set(name, health_pb2.HealthCheckResponse.SERVING)
        return cls(server, f"{host}:{port}", guard, well, settings)

    async def drain(self) -> None:
        """Say NOT_SERVING, wait until that is known, take no more calls, and let those under way end."""
        await self._health.enter_graceful_shutdown()
        await asyncio.sleep(self._settings.drain_seconds)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._guard.drained(), self._settings.grace_seconds)
        await self._server.stop(_FLUSH_SECONDS)

    async def stop(self) -> None:
        """End at once; calls under way are cancelled."""
        await self._server.stop(None)


def _bind(server: grpc.aio.Server, listen: str) -> int:
    check_listenable(listen)
    try:
        port = server.add_insecure_port(listen)
    except RuntimeError as error:
        raise InvalidInput.of("listen", f"cannot listen on {listen} ({error})") from error
    return port


def _publish(metrics: CallMetrics, host: str, port: int) -> int:
    check_listenable(f"{host}:{port}")
    return metrics.publish(host.strip("[]"), port)
