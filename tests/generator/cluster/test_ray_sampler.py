"""Samples on a Ray cluster of this machine have the bytes of one generator, also when a node is killed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from generator.generator import DiffusionGenerator
from generator.service import services
from motion.motion import Motion
from motion.protocols import SampleOptions
from motion.rpc.generator_client import RemoteGenerator
from motion.rpc.server import serving

os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"  # read when Ray is imported
pytest.importorskip("ray", reason="the extra `ray` is missing")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PROMPTS = [f"a person walks {i} steps" for i in range(6)]
LENGTHS = [40 + 4 * i for i in range(6)]
_STORE_BYTES = 100 * 2**20


def test_samples_of_a_cluster_are_those_of_a_generator_although_a_node_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ray.cluster_utils import Cluster

    from generator.cluster.ray_generator import RayGenerator
    from generator.cluster.ray_sampler import RaySampler

    generator = DiffusionGenerator(tmp_path, "cpu", threads=1)
    options = SampleOptions(generator.describe().default_checkpoint, None, 3)
    expected = list(generator.sample(PROMPTS, LENGTHS, 7, options))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    node = {"num_cpus": 1, "object_store_memory": _STORE_BYTES, "include_dashboard": False}
    cluster: Any = Cluster(initialize_head=True, head_node_args=node)
    try:
        second = cluster.add_node(num_cpus=1, object_store_memory=_STORE_BYTES)
        with RaySampler(cluster.address, tmp_path) as sampler:
            samples = sampler.sample(PROMPTS, LENGTHS, 7, options, part=1)
            sampled = [next(samples)]
            cluster.remove_node(second, allow_graceful=False)
            sampled += samples
            served = _sampled_by_a_service(RayGenerator(generator, sampler), options)
    finally:
        cluster.shutdown()
    assert [motion.positions.tobytes() for motion in sampled] == [motion.positions.tobytes() for motion in expected]
    assert [motion.caption for motion in sampled] == [motion.caption for motion in expected]
    assert [motion.positions.tobytes() for motion in served] == [motion.positions.tobytes() for motion in expected[2:]]


def _sampled_by_a_service(generator: Any, options: SampleOptions) -> list[Motion]:
    """Return the samples from the third one on, which a client of a service gets."""
    with serving(services(generator)) as address, RemoteGenerator(address) as client:
        return list(client.sample(PROMPTS, LENGTHS, 7, options, start_index=2))
