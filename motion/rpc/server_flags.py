"""The flags that the `serve` commands of all programs have in common."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from motion.errors import InvalidInput
from motion.rpc import MAX_MESSAGE_BYTES
from motion.rpc.server_settings import (
    DEFAULT_DRAIN_SECONDS,
    DEFAULT_GRACE_SECONDS,
    DEFAULT_MAX_CALLS,
    DEFAULT_PENDING_BYTES,
    Limits,
    LogFormat,
    Quotas,
    ServerSecurity,
    ServerSettings,
)

_MIB = 2**20


@dataclass(frozen=True)
class ServerFlags:
    """Where a server listens, whom it answers, what it takes, and what it reports."""

    listen: Annotated[str, arg(metavar="HOST:PORT")]
    """Address to listen on. Use port 0 to pick a free port; the address is printed to stderr."""
    announce: Annotated[Path | None, arg(metavar="FILE")] = None
    """Write the address to this file once the server answers."""
    tls_cert: Annotated[Path | None, arg(metavar="FILE")] = None
    """PEM file of the server's certificate. It is read again when it changes, as all of these files are."""
    tls_key: Annotated[Path | None, arg(metavar="FILE")] = None
    """PEM file of its private key, without a passphrase."""
    client_ca: Annotated[Path | None, arg(metavar="FILE")] = None
    """PEM file of the authorities that clients must have a certificate from (mutual TLS)."""
    tokens: Annotated[Path | None, arg(metavar="FILE")] = None
    """Answer only clients with a token of this file, one a line: TOKEN NAME RIGHTS [calls=N] [seconds=N]."""
    insecure: bool = False
    """Allow clear text on addresses that other machines can reach."""
    max_calls: Annotated[int, arg(metavar="N")] = DEFAULT_MAX_CALLS
    """Calls at a time; more are refused with a time to retry."""
    max_message: Annotated[float, arg(metavar="MIB")] = MAX_MESSAGE_BYTES / _MIB
    """Size of one request, also after it is decompressed."""
    max_pending: Annotated[float, arg(metavar="MIB")] = DEFAULT_PENDING_BYTES / _MIB
    """Size of all requests that are being answered, and as much again of those in streams."""
    max_motion: Annotated[float | None, arg(metavar="SECONDS")] = None
    """Seconds of motion in one request; by default what the service itself takes."""
    client_calls: Annotated[int | None, arg(metavar="N")] = None
    """Calls at a time of one client, unless its token says something else."""
    client_seconds: Annotated[float | None, arg(metavar="SECONDS")] = None
    """Seconds of motion an hour of one client, unless its token says something else."""
    log: LogFormat = "text"
    """Form of the log on stderr, one line for each call; `none` for events and errors alone."""
    metrics_port: Annotated[int | None, arg(metavar="PORT")] = None
    """Serve Prometheus metrics on this port of the same host, in clear text."""
    max_connection_age: Annotated[float | None, arg(metavar="SECONDS")] = None
    """End connections of this age once their calls are answered, so that clients find replicas that are new."""
    http_port: Annotated[int | None, arg(metavar="PORT")] = None
    """Answer the calls as JSON over HTTP too, on this port of the same host, with the same tokens and limits."""
    http_origin: Annotated[tuple[str, ...], arg(metavar="ORIGIN...")] = ()
    """Web pages that may make calls over HTTP, such as https://example.org; by default none of another origin."""
    drain: Annotated[float, arg(metavar="SECONDS")] = DEFAULT_DRAIN_SECONDS
    """Time after SIGTERM in which calls are still accepted, until load balancers send them elsewhere."""
    grace: Annotated[float, arg(metavar="SECONDS")] = DEFAULT_GRACE_SECONDS
    """Time that running calls then have to end."""

    def server_settings(self) -> ServerSettings:
        """Return the settings that the flags stand for.

        Raises:
            InvalidInput: a limit is not above 0, or a time is negative.
        """
        limits = ("max_calls", "max_message", "max_pending", "max_motion", "client_calls", "client_seconds")
        limits += ("max_connection_age",)
        for name, least in [*((name, "above 0") for name in limits), ("drain", "0 or more"), ("grace", "0 or more")]:
            value = getattr(self, name)
            if value is not None and not (0 < value < float("inf") or (value == 0 and least == "0 or more")):
                raise InvalidInput.of(f"--{name.replace('_', '-')}", f"is {value:g}; must be {least}")
        return ServerSettings(
            self.listen,
            self.announce,
            self.metrics_port,
            drain_seconds=self.drain,
            grace_seconds=self.grace,
            security=ServerSecurity(self.tls_cert, self.tls_key, self.client_ca, self.tokens, self.insecure),
            limits=Limits(
                calls=self.max_calls,
                message_bytes=round(self.max_message * _MIB),
                pending_bytes=round(self.max_pending * _MIB),
                motion_seconds=self.max_motion,
                client=Quotas(self.client_calls, self.client_seconds),
            ),
            log=self.log,
            connection_seconds=self.max_connection_age,
            http_port=self.http_port,
            http_origins=self.http_origin,
        )
