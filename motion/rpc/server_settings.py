"""Settings of servers, and their defaults; help texts need these without gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CORRECTOR_ADDRESS = "127.0.0.1:50051"
"""Default address of a sim server."""
GENERATOR_ADDRESS = "127.0.0.1:50052"
"""Default address of a generator."""
DEFAULT_DRAIN_SECONDS = 0.2
DEFAULT_GRACE_SECONDS = 30.0


@dataclass(frozen=True)
class ServerSettings:
    """How a server listens and shuts down.

    Attributes:
        listen: HOST:PORT; port 0 picks a free port.
        announce: file to write the actual HOST:PORT to once the server answers; it is removed at shutdown.
        metrics_port: port of the same host on which to serve Prometheus metrics over HTTP; None for no metrics.
        max_calls: maximum number of concurrent calls; more are refused with RESOURCE_EXHAUSTED and a time to retry.
        drain_seconds: after SIGTERM, how long calls are still accepted while health checks already answer NOT_SERVING.
            Load balancers need some seconds of it.
        grace_seconds: how long running calls may then take to end.
    """

    listen: str
    announce: Path | None = None
    metrics_port: int | None = None
    max_calls: int = 1024
    drain_seconds: float = DEFAULT_DRAIN_SECONDS
    grace_seconds: float = DEFAULT_GRACE_SECONDS
