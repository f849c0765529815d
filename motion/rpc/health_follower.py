"""Health checks that follow the health of what is served."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, Protocol, runtime_checkable

from grpc_health.v1 import health_pb2

_PERIOD_S = 0.5


@runtime_checkable
class HealthAware(Protocol):
    """A service that knows whether it can work; `sim_server`'s correctors do."""

    @property
    def healthy(self) -> bool:
        """Whether what is asked of it now will be done."""
        ...


async def follow_health(health_servicer: Any, names: Collection[str], served: object) -> None:
    """Answer health checks with SERVING or NOT_SERVING as a service is able to work, until this is cancelled.

    Once the server drains, the health servicer takes no more changes.

    Args:
        health_servicer: the servicer of `grpc.health.v1`.
        names: full names of the services.
        served: what is served; without `healthy` it is taken to be able to work.
    """
    was_healthy: bool | None = None
    while True:
        healthy = served.healthy if isinstance(served, HealthAware) else True
        if healthy != was_healthy:
            kind = health_pb2.HealthCheckResponse
            for name in ("", *names):
                await health_servicer.set(name, kind.SERVING if healthy else kind.NOT_SERVING)
            was_healthy = healthy
        await asyncio.sleep(_PERIOD_S)
