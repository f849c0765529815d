"""Independent calls as tasks on a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from motion.errors import NotFound

T = TypeVar("T")


def run_ray_tasks(function: Callable[..., T], jobs: Sequence[tuple[Any, ...]]) -> list[T]:
    """Call a function for each job, each as a Ray task of one core.

    An existing cluster is used if there is one; otherwise Ray starts on this machine. All machines of the cluster
    must see the same folders.

    Args:
        function: importable by its name on every machine.
        jobs: the arguments of each call.

    Returns:
        The results, in the order of the jobs.

    Raises:
        NotFound: Ray is not installed.
    """
    try:
        import ray  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise NotFound("Ray is not installed; install plumb-motion[ray]") from error
    if not ray.is_initialized():
        ray.init(log_to_driver=False)
    task = ray.remote(num_cpus=1)(function)
    return ray.get([task.remote(*job) for job in jobs])
