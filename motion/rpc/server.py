"""A gRPC server for Plumb's services, with TLS, health checks, reflection, metrics and graceful shutdown."""

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
from motion.rpc import MAX_MESSAGE_BYTES, MAX_RESPONSE_BYTES
from motion.rpc.address import check_can_listen, is_loopback, split_address
from motion.rpc.call_log import configure_log
from motion.rpc.call_traces import server_interceptors
from motion.rpc.certificates import CertificateFiles, ServerCertificates
from motion.rpc.guard import Guard
from motion.rpc.health_follower import follow_health
from motion.rpc.server_settings import ServerSettings
from motion.rpc.tokens import TokenFile
from motion.shell.atomic import atomic_path, check_target
from motion.shell.extras import explained_imports

if TYPE_CHECKING:
    from motion.rpc.call_metrics import CallMetrics
    from motion.rpc.http_gateway import HttpGateway

_log = logging.getLogger(__name__)

Services = Mapping[str, Callable[[grpc.aio.Server], None]]
"""The services to run: full name (`motion.v1.CorrectorService`) -> function that adds its servicer to a server."""

_HANDSHAKE_SECONDS = 10.0
_IDLE_SECONDS = 1800.0


def serve(services: Services, settings: ServerSettings, observed: object = None) -> None:
    """Serve until SIGTERM or SIGINT, then shut down gracefully; a second signal shuts down at once.

    This blocks, and must be called in the main thread. Events (`listening on HOST:PORT`, `draining`) are logged by the
    logger `motion.rpc.server`, and written to stderr if the program has not configured logging.

    Args:
        services: the services to run.
        settings: how to listen, whom to answer, and how to shut down.
        observed: the corrector or generator whose load is among the metrics, see `motion.rpc.service_load`.

    Raises:
        InvalidInput: the address is malformed, the server cannot or may not listen on it, or a file of certificates
            or tokens is wrong.
    """
    configure_log(settings.log)
    asyncio.run(_serve(services, settings, observed))


@contextmanager
def serving(services: Services, settings: ServerSettings | None = None, observed: object = None) -> Iterator[str]:
    """Serve from a thread of this process while the block runs, for tests and notebooks.

    Args:
        services: the services to run.
        settings: how to listen and shut down; None for a free port of 127.0.0.1.
        observed: as for `serve`.

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
            server = await _Server.start(services, settings, observed)
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


async def _serve(services: Services, settings: ServerSettings, observed: object) -> None:
    if settings.announce:
        check_target(settings.announce)
    server = await _Server.start(services, settings, observed)
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
    """A running gRPC server with its health service."""

    def __init__(
        self,
        server: grpc.aio.Server,
        address: str,
        health_servicer: Any,
        settings: ServerSettings,
        gateway: HttpGateway | None,
    ):
        self.address = address
        self._server = server
        self._health = health_servicer
        self._settings = settings
        self._gateway = gateway
        self._following: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, services: Services, settings: ServerSettings, observed: object = None) -> _Server:
        host, _ = split_address(settings.listen, "listen")
        certificates = _check_security(settings)
        tokens = TokenFile(settings.security.tokens) if settings.security.tokens else None
        metrics = _new_metrics(observed) if settings.metrics_port is not None else None
        guard = Guard(services, settings.limits, tokens, metrics, others=[reflection.SERVICE_NAME])
        server = grpc.aio.server(interceptors=[*server_interceptors(), guard], options=_options(settings))
        for add in services.values():
            add(server)
        health_servicer = health.aio.HealthServicer()  # pyright: ignore[reportAttributeAccessIssue]
        health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
        reflection.enable_server_reflection([*services, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
        port = _bind(server, settings.listen, certificates)
        gateway = _new_gateway(services, settings, tokens)
        if gateway:
            server.add_insecure_port(gateway.target)
        if metrics and settings.metrics_port is not None:
            metrics_port = _publish(metrics, host, settings.metrics_port)
            _log.info("metrics on http://%s:%d/metrics", host, metrics_port)
        await server.start()
        if gateway and settings.http_port is not None:
            http_port = await _open(gateway, host, settings.http_port)
            _log.info("HTTP on %s://%s:%d", "https" if certificates else "http", host, http_port)
        for name in services:
            await health_servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
        running = cls(server, f"{host}:{port}", health_servicer, settings, gateway)
        running._following = asyncio.create_task(follow_health(health_servicer, list(services), observed))
        return running

    async def drain(self) -> None:
        """Answer health checks with NOT_SERVING, refuse new calls after a while, and wait for the running ones.

        Clients are told to connect elsewhere as soon as calls are refused, so that they do not come back here.
        """
        await self._health.enter_graceful_shutdown()
        await asyncio.sleep(self._settings.drain_seconds)
        await self._server.stop(self._settings.grace_seconds)
        await self._close_gateway()

    async def stop(self) -> None:
        """Stop at once and cancel running calls."""
        await self._server.stop(None)
        await self._close_gateway()

    async def _close_gateway(self) -> None:
        if self._gateway:
            await self._gateway.stop()


def _options(settings: ServerSettings) -> list[tuple[str, int]]:
    limits, age = settings.limits, settings.connection_seconds
    return [
        *([("grpc.max_connection_age_ms", round(1000 * age))] if age else []),
        ("grpc.max_receive_message_length", limits.message_bytes),
        ("grpc.max_send_message_length", limits.message_bytes + MAX_RESPONSE_BYTES - MAX_MESSAGE_BYTES),
        ("grpc.max_concurrent_streams", 2 * limits.calls + 16),
        # Connections that never speak, and those whose client has gone without a word, are closed.
        ("grpc.server_handshake_timeout_ms", round(1000 * _HANDSHAKE_SECONDS)),
        ("grpc.max_connection_idle_ms", round(1000 * _IDLE_SECONDS)),
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        # Without this, two servers may share one port, and each gets half of the calls.
        ("grpc.so_reuseport", 0),
        # The keepalive pings of our clients are more frequent than gRPC's default tolerates.
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ]


def _check_security(settings: ServerSettings) -> ServerCertificates | None:
    """Return the certificates of a server, None for clear text.

    Raises:
        InvalidInput: a file is missing or wrong, or clear text would leave this machine without leave.
    """
    security = settings.security
    if security.tls_cert and security.tls_key:
        files = CertificateFiles(security.tls_cert, security.tls_key, "server", "--tls-cert")
        return ServerCertificates(files, security.client_ca)
    if security.tls_cert or security.tls_key:
        raise InvalidInput.of("--tls-cert", "is without --tls-key, or it without --tls-cert; must be both or none")
    if security.client_ca:
        raise InvalidInput.of("--client-ca", "is without a certificate of the server; must be with --tls-cert")
    if not (security.insecure or is_loopback(settings.listen)):
        raise InvalidInput.of(
            "listen",
            f"{settings.listen} can be reached from other machines, in clear text; must be with --tls-cert and "
            "--tls-key, or with --insecure inside a network that is trusted",
        )
    return None


def _bind(server: grpc.aio.Server, listen: str, certificates: ServerCertificates | None) -> int:
    check_can_listen(listen)
    try:
        if certificates:
            return server.add_secure_port(listen, certificates.credentials())
        return server.add_insecure_port(listen)
    except RuntimeError as error:
        raise InvalidInput.of("listen", f"cannot listen on {listen} ({error})") from error


def _new_metrics(observed: object) -> CallMetrics:
    # Prometheus comes with an extra, and only servers with metrics need it.
    with explained_imports():
        from motion.rpc.call_metrics import CallMetrics
    return CallMetrics(observed)


def _new_gateway(services: Services, settings: ServerSettings, tokens: TokenFile | None) -> HttpGateway | None:
    if settings.http_port is None:
        return None
    with explained_imports():
        from motion.rpc.http_gateway import HttpGateway
    return HttpGateway(list(services), settings, tokens)


async def _open(gateway: HttpGateway, host: str, port: int) -> int:
    check_can_listen(f"{host}:{port}")
    return await gateway.start(host, port)


def _publish(metrics: CallMetrics, host: str, port: int) -> int:
    check_can_listen(f"{host}:{port}")
    return metrics.publish(host.strip("[]"), port)
