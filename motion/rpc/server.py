"""A gRPC server for Plumb's services, with health checks, reflection, metrics and graceful shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from motion.errors import InvalidInput
from motion.rpc import MAX_MESSAGE_BYTES
from motion.rpc.address import check_can_listen, split_address
from motion.rpc.guard import Guard
from motion.rpc.server_settings import ServerSettings
from motion.shell.atomic import atomic_path, check_target
from motion.shell.extras import explained_imports

if TYPE_CHECKING:
    from motion.rpc.call_metrics import CallMetrics

_log = logging.getLogger(__name__)

Services = Mapping[str, Callable[[grpc.aio.Server], None]]
"""The services to run: full name (`motion.v1.CorrectorService`) -> function that adds its servicer to a server."""

_FLUSH_SECONDS = 1.0
_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # Without this, two servers may share one port, and each gets half of the calls.
    ("grpc.so_reuseport", 0),
    # The keepalive pings of our clients are more frequent than gRPC's default tolerates.
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)


def serve(services: Services, settings: ServerSettings) -> None:
    """Serve until SIGTERM or SIGINT, then shut down gracefully; a second signal shuts down at once.

    This blocks, and must be called in the main thread. Events (`listening on HOST:PORT`, `draining`) are logged by the
    logger `motion.rpc.server`, and written to stderr if the program has not configured logging.

    Args:
        services: the services to run.
        settings: how to listen and shut down.

    Raises:
        InvalidInput: the address is malformed, or the server cannot listen on it.
    """
    if not _log.hasHandlers():
        _log.addHandler(logging.StreamHandler())
        _log.setLevel(logging.INFO)
    asyncio.run(_serve(services, settings))


@contextmanager
def serving(services: Services, settings: ServerSettings | None = None) -> Iterator[str]:
    """Serve from a thread of this process while the block runs, for tests and notebooks.

    Args:
        services: the services to run.
        settings: how to listen and shut down; None for a free port of 127.0.0.1.

    Yields:
        The address of the server, HOST:PORT.

    Raises:
        InvalidInput: the address is malformed, or the server cannot listen on it.
    """
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
        with contextlib.suppress(RuntimeError):  # if the server did not start, its loop is closed already
            loop.call_soon_threadsafe(stop.set)
        thread.join()


async def _serve(services: Services, settings: ServerSettings) -> None:
    if settings.announce:
        check_target(settings.announce)
    server = await _Server.start(services, settings)
    stop = asyncio.Event()
    stop_now = asyncio.Event()
    _on_signals(lambda: stop_now.set() if stop.is_set() else stop.set())
    if settings.announce:
        with atomic_path(settings.announce) as file:
            file.write_text(server.address + "\n", encoding="utf-8")
    _log.info("listening on %s", server.address)
    try:
        await stop.wait()
        _log.info("draining")
        draining = asyncio.create_task(server.drain())
        second_signal = asyncio.create_task(stop_now.wait())
        await asyncio.wait({draining, second_signal}, return_when=asyncio.FIRST_COMPLETED)
        if not draining.done():
            draining.cancel()
            await server.stop()
    finally:
        if settings.announce:
            settings.announce.unlink(missing_ok=True)


def _on_signals(callback: Callable[[], None]) -> None:
    """Call `callback` in the running event loop at each SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, callback)
        except NotImplementedError:  # event loops on Windows have no signal handlers
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(callback))


class _Server:
    """A running gRPC server with its health service and its guard."""

    def __init__(
        self,
        server: grpc.aio.Server,
        address: str,
        guard: Guard,
        health_servicer: Any,
        settings: ServerSettings,
    ):
        self.address = address
        self._server = server
        self._guard = guard
        self._health = health_servicer
        self._settings = settings

    @classmethod
    async def start(cls, services: Services, settings: ServerSettings) -> _Server:
        host, _ = split_address(settings.listen, "listen")
        metrics = _new_metrics() if settings.metrics_port is not None else None
        guard = Guard(services, settings.max_calls, metrics)
        server = grpc.aio.server(interceptors=[guard], options=_OPTIONS)
        for add in services.values():
            add(server)
        health_servicer = health.aio.HealthServicer()  # pyright: ignore[reportAttributeAccessIssue]
        health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
        reflection.enable_server_reflection([*services, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
        port = _bind(server, settings.listen)
        if metrics and settings.metrics_port is not None:
            metrics_port = _publish(metrics, host, settings.metrics_port)
            _log.info("metrics on http://%s:%d/metrics", host, metrics_port)
        await server.start()
        for name in services:
            await health_servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
        return cls(server, f"{host}:{port}", guard, health_servicer, settings)

    async def drain(self) -> None:
        """Answer health checks with NOT_SERVING, refuse new calls after a while, and wait for the running ones."""
        await self._health.enter_graceful_shutdown()
        await asyncio.sleep(self._settings.drain_seconds)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._guard.drain(), self._settings.grace_seconds)
        await self._server.stop(_FLUSH_SECONDS)

    async def stop(self) -> None:
        """Stop at once and cancel running calls."""
        await self._server.stop(None)


def _bind(server: grpc.aio.Server, listen: str) -> int:
    check_can_listen(listen)
    try:
        port = server.add_insecure_port(listen)
    except RuntimeError as error:
        raise InvalidInput.of("listen", f"cannot listen on {listen} ({error})") from error
    return port


def _new_metrics() -> CallMetrics:
    # Prometheus comes with an extra, and only servers with metrics need it.
    with explained_imports():
        from motion.rpc.call_metrics import CallMetrics
    return CallMetrics()


def _publish(metrics: CallMetrics, host: str, port: int) -> int:
    check_can_listen(f"{host}:{port}")
    return metrics.publish(host.strip("[]"), port)
