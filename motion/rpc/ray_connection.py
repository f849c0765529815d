"""Connections to Ray clusters, and what failures of their tasks mean."""

from __future__ import annotations

import os
from typing import Any

from motion.errors import ServiceUnavailable
from motion.shell.extras import explained_imports


def connect(address: str) -> Any:
    """Connect to a Ray cluster, and return the module of Ray.

    Args:
        address: `local` for a cluster on this machine alone, `auto` for the one that it belongs to, or HOST:PORT.

    Raises:
        MissingExtra: Ray is not installed.
        ServiceUnavailable: there is no cluster at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Otherwise threads of Ray Serve that outlive a connection start a cluster of their own.
    os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")
    with explained_imports():
        import ray  # pyright: ignore[reportMissingImports]
    options: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
    try:
        ray.init(address=address, log_to_driver=False, **options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ServiceUnavailable(f"there is no Ray cluster at {address} ({error})") from error
    return ray


def is_lost(error: BaseException) -> bool:
    """Return whether a task failed because its process, its node or its arguments were lost."""
    from ray import exceptions  # pyright: ignore[reportMissingImports]

    lost = (
        exceptions.WorkerCrashedError,
        exceptions.NodeDiedError,
        exceptions.RayActorError,
        exceptions.ObjectLostError,
        exceptions.OutOfMemoryError,
    )
    return isinstance(error, lost)
