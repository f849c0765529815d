"""Samples on a Ray cluster: a request in parts, each a task, with the results of one generator."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from generator.cluster.ray_sample_task import sample_messages
from motion.errors import ServiceUnavailable
from motion.motion import Motion
from motion.protocols import SampleOptions
from motion.rpc import wire
from motion.rpc.ray_connection import connect, is_lost
from motion.v1 import motion_pb2

PART = 16
"""Motions of a task."""
_RETRIES = 8  # of a task whose process or node was lost
_AHEAD = 2  # tasks for each place


class RaySampler:
    """Samples motions as tasks of a Ray cluster; a task whose process or node is lost runs again.

    Args:
        address: `local` for a cluster on this machine alone, `auto` for the one that it belongs to, or HOST:PORT.
        store: folder of the checkpoints, which all nodes must see.
        device: "cuda" for tasks of one GPU each, else of one core.
        precision: as for `DiffusionGenerator`.

    Raises:
        MissingExtra: Ray is not installed.
        ServiceUnavailable: there is no cluster at the address.
    """

    def __init__(self, address: str, store: Path, device: str = "cpu", precision: str = "auto"):
        self._ray = ray = connect(address)
        self._where = str(store.resolve()), device, precision
        self._resource = "GPU" if device.startswith("cuda") else "CPU"
        needs = {"num_gpus": 1} if self._resource == "GPU" else {"num_cpus": 1}
        self._task: Any = ray.remote(max_retries=_RETRIES, **needs)(sample_messages)

    def sample(
        self,
        prompts: Sequence[str],
        lengths: Sequence[int],
        seed: int,
        options: SampleOptions,
        part: int = PART,
        start_index: int = 0,
    ) -> Iterator[Motion]:
        """Sample one motion per prompt, and yield them in order; see `motion.protocols.Generator.sample`.

        Args:
            prompts: descriptions of the motions.
            lengths: frames of each motion.
            seed: random seed.
            options: how to sample; the checkpoint is named.
            part: motions of a task.
            start_index: index of the first motion to sample.

        Raises:
            ServiceUnavailable: a part ended its processes again and again.
        """
        window = max(2, _AHEAD * int(self._ray.cluster_resources().get(self._resource, 1)))
        pending: deque[Any] = deque()
        try:
            for start in range(start_index, len(prompts), part):
                if len(pending) >= window:
                    yield from self._motions(pending.popleft())
                mine = slice(start, start + part)
                request = list(prompts[mine]), list(lengths[mine]), seed
                pending.append(self._task.remote(*self._where, request, astuple(options), start))
            while pending:
                yield from self._motions(pending.popleft())
        finally:  # whoever asked has gone, or there was an error
            for reference in pending:
                self._ray.cancel(reference)

    def _motions(self, reference: Any) -> Iterator[Motion]:
        try:
            messages = self._ray.get(reference)
        except Exception as error:
            if is_lost(error):
                raise ServiceUnavailable(f"a task of the cluster was lost {_RETRIES + 1} times ({error})") from error
            raise
        for message in messages:
            yield wire.unpack_motion(motion_pb2.Motion.FromString(message))

    def __enter__(self) -> RaySampler:
        return self

    def __exit__(self, *_: object) -> None:
        self._ray.shutdown()
