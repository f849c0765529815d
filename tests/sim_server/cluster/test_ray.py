"""Corrections on a Ray cluster of this machine: the bytes of the in-process corrector, also when a node is killed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from swaying_body import swaying

from motion.errors import InvalidInput
from motion.formats.packed import read_packed, read_reports, write_packed
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import CorrectionOptions
from motion.report import Correction
from motion.rpc.corrector_client import RemoteCorrector
from motion.rpc.server import serving
from sim_server.cluster.corpus_folder import CorpusFolder, CorpusWay
from sim_server.cluster.corpus_run import correct_corpus
from sim_server.cluster.corpus_shards import CorpusReader
from sim_server.corrector import Corrector
from sim_server.feasibility import Scorer
from sim_server.service import services

os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"  # read when Ray is imported
pytest.importorskip("ray.serve", reason="the extra `ray` is missing")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SEED = 3
OPTIONS = CorrectionOptions(effort="fast", always_simulate=True)
MOTIONS = [swaying(60 + 5 * i, seed=i, name=f"sway_{i}") for i in range(8)]
_STORE_BYTES = 100 * 2**20


@pytest.fixture(scope="module")
def expected() -> list[Correction]:
    """Correct the motions in this process."""
    with Corrector() as corrector:
        return corrector.correct(MOTIONS, SEED, OPTIONS)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Start a cluster of two nodes with one core each; the second one is `cluster.second`."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": _STORE_BYTES, "include_dashboard": False}
    cluster: Any = Cluster(initialize_head=True, head_node_args=node)
    cluster.second = cluster.add_node(num_cpus=1, object_store_memory=_STORE_BYTES)
    yield cluster
    cluster.shutdown()


def _check_same(corrections: list[tuple[Motion, Any]], expected: list[Correction]) -> None:
    assert len(corrections) == len(expected)
    for (motion, report), wanted in zip(corrections, expected, strict=True):
        assert motion.positions.tobytes() == wanted.motion.positions.tobytes()
        assert report == wanted.report


def test_a_corpus_on_a_cluster_has_the_bytes_of_the_corrector_although_a_node_is_killed(
    cluster: Any, expected: list[Correction], tmp_path: Path
) -> None:
    from sim_server.cluster.ray_executor import RayExecutor

    write_packed(tmp_path / "in", MotionSet(tuple(MOTIONS), tuple(() for _ in MOTIONS)))
    killed = []

    def kill(done: float, _: int) -> None:
        if not killed:
            cluster.remove_node(cluster.second, allow_graceful=False)
            killed.append(done)

    with RayExecutor(cluster.address) as executor:
        assert executor.window >= 4
        way = CorpusWay.of(executor.describe(), OPTIONS, SEED, 2)
        shards = CorpusReader([tmp_path / "in"]).shards(2)
        summary = correct_corpus(shards, CorpusFolder(tmp_path / "out", way), executor, SEED, OPTIONS, kill)
    assert killed and killed[0] < len(MOTIONS)
    assert (summary.motions, summary.shards) == (8, 4)
    files = sorted((tmp_path / "out").glob("shard-*.npz"))
    pairs = [(m, r) for file in files for m, r in zip(read_packed(file), read_reports(file).values(), strict=True)]
    _check_same(pairs, expected)


def test_a_service_on_a_cluster_has_the_bytes_of_the_corrector_although_a_node_is_killed(
    cluster: Any, expected: list[Correction]
) -> None:
    from sim_server.cluster.ray_corrector import RayCorrector

    with RayCorrector(cluster.address, least=2) as corrector:  # one on each node
        assert corrector.describe().default_policy == expected[0].report.policy
        with serving(services(corrector)) as address, RemoteCorrector(address) as remote:
            killer = threading.Thread(target=_kill_when_working, args=(cluster, corrector))
            killer.start()
            corrections = remote.correct(MOTIONS, SEED, OPTIONS)
            killer.join()
            scores = remote.score(MOTIONS[:3])
            unlike_a_body = Motion(np.float32([0.0, 0.9, 0.0]) + np.zeros((20, 22, 3), np.float32))
            with pytest.raises(InvalidInput, match="positions"):
                remote.score([unlike_a_body])
        load = corrector.load()
        assert load.waiting == load.running == load.given_up == 0
        assert load.lost_workers > 0  # something was under way on the node
        assert len(corrector.take_timings()) == len(MOTIONS)
    _check_same([(each.motion, each.report) for each in corrections], expected)
    for score, wanted in zip(scores, Scorer().score(MOTIONS[:3]), strict=True):
        assert score.to_json() == wanted.to_json() and score.wrench.tobytes() == wanted.wrench.tobytes()


def _kill_when_working(cluster: Any, corrector: Any) -> None:
    while not corrector.load().running:
        time.sleep(0.05)
    time.sleep(0.5)  # until motions have arrived at the replicas
    cluster.remove_node(cluster.second, allow_graceful=False)


def test_a_motion_that_ends_its_processes_is_given_up_and_the_others_are_corrected(
    cluster: Any, expected: list[Correction], monkeypatch: pytest.MonkeyPatch
) -> None:
    import deadly_task
    from ray import cloudpickle

    from sim_server.cluster import ray_executor

    cloudpickle.register_pickle_by_value(deadly_task)  # the nodes do not know the modules of tests
    monkeypatch.setattr(ray_executor, "correct_messages", deadly_task.correct_or_die)
    monkeypatch.setattr(ray_executor, "_RETRIES", 0)
    monkeypatch.setattr(ray_executor, "_RETRIES_ALONE", 1)
    deadly = Motion(MOTIONS[0].positions, fps=MOTIONS[0].fps, name="die")
    with ray_executor.RayExecutor(cluster.address) as executor:
        corrections = executor.submit([MOTIONS[1], deadly, MOTIONS[2]], SEED, OPTIONS).result(timeout=300)
    _check_same([(each.motion, each.report) for each in (corrections[0], corrections[2])], expected[1:3])
    assert corrections[1].report.status == "FAILED" and "ended the process" in corrections[1].report.reason
    assert np.array_equal(corrections[1].motion.positions, deadly.positions)
