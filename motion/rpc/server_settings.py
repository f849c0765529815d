"""Settings of servers, and their defaults; help texts need these without gRPC."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from motion.rpc import MAX_MESSAGE_BYTES

CORRECTOR_ADDRESS = "127.0.0.1:50051"
"""Default address of a sim server."""
GENERATOR_ADDRESS = "127.0.0.1:50052"
"""Default address of a generator."""
DEFAULT_DRAIN_SECONDS = 0.2
DEFAULT_GRACE_SECONDS = 30.0
DEFAULT_MAX_CALLS = 1024
DEFAULT_PENDING_BYTES = 256 * 2**20

LogFormat = Literal["text", "json", "none"]
"""Form of the log: lines of text, JSON objects, or text without a line for each call."""


@dataclass(frozen=True)
class ServerSecurity:
    """Who may connect to a server, and how.

    Attributes:
        tls_cert: PEM file of the server's certificate, and those of the authorities between it and the root; None for
            clear text.
        tls_key: PEM file of its private key, without a passphrase.
        client_ca: PEM file of the authorities that certificates of clients must be from; None to ask for none.
        tokens: file of the tokens that clients must have one of, see `motion.rpc.tokens`; None to ask for none.
        insecure: whether clear text is allowed beyond the loopback interface.
    """

    tls_cert: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None
    tokens: Path | None = None
    insecure: bool = False


@dataclass(frozen=True)
class Quotas:
    """What one client may use; None for no limit.

    Attributes:
        calls: calls at a time.
        seconds: seconds of motion an hour, which may be used at once and come back evenly.
    """

    calls: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Limits:
    """What a server takes.

    Attributes:
        calls: calls at a time of all clients; more are refused with RESOURCE_EXHAUSTED and a time to retry.
        message_bytes: size of one message, as it is sent and after it is decompressed.
        pending_bytes: size of all requests that are being answered, streams apart, which have as much again.
        motion_seconds: seconds of motion in one request; None for what the service itself takes.
        client: what a client may use whose token says nothing else. Clients without tokens are told apart by the name
            in their certificate, or else by their host.
        read_seconds: time that a request may take to arrive once its call has begun.
    """

    calls: int = DEFAULT_MAX_CALLS
    message_bytes: int = MAX_MESSAGE_BYTES
    pending_bytes: int = DEFAULT_PENDING_BYTES
    motion_seconds: float | None = None
    client: Quotas = field(default_factory=Quotas)
    read_seconds: float = 60.0


@dataclass(frozen=True)
class ServerSettings:
    """How a server listens, whom it answers, what it takes, and how it shuts down.

    Attributes:
        listen: HOST:PORT; port 0 picks a free port.
        announce: file to write the actual HOST:PORT to once the server answers; it is removed at shutdown.
        metrics_port: port of the same host on which to serve Prometheus metrics over HTTP; None for no metrics.
        drain_seconds: after SIGTERM, how long calls are still accepted while health checks already answer NOT_SERVING.
            Load balancers need some seconds of it.
        grace_seconds: how long running calls may then take to end.
        security: who may connect, and how.
        limits: what the server takes.
        log: form of the log.
        connection_seconds: age at which a connection ends once its calls are answered, so that clients look for new
            replicas; None for no end.
        http_port: port of the same host on which the services are answered as JSON over HTTP too; None for none.
        http_origins: web pages that may call them, such as `https://example.org`; `*` for all.
    """

    listen: str
    announce: Path | None = None
    metrics_port: int | None = None
    drain_seconds: float = DEFAULT_DRAIN_SECONDS
    grace_seconds: float = DEFAULT_GRACE_SECONDS
    security: ServerSecurity = field(default_factory=ServerSecurity)
    limits: Limits = field(default_factory=Limits)
    log: LogFormat = "none"
    connection_seconds: float | None = None
    http_port: int | None = None
    http_origins: tuple[str, ...] = ()
