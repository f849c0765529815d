"""A pool scores motions in its workers, beside the corrections, with the bytes of a scorer in this process."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest
from dangerous_worker import DEFECT, KILLS
from worker_orders import SEED

from loop_client import RemoteCorrector
from motion.errors import InvalidInput, ServiceUnavailable
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.rpc.server import ServerSettings, serving
from motion.score import Score
from sim_server import QueueFull
from sim_server.fair_queue import ANYONE, Sender
from sim_server.feasibility import Scorer
from sim_server.service import services
from sim_server.workers.pool import WorkerPool
from sim_server.workers.worker import WorkerProcess
from sim_server.workers.worker_messages import Message, score_order_message
from sim_server.workers.worker_process import WorkerSettings

THOROUGH = CorrectionOptions(effort="thorough", always_simulate=True)


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(workers=1, slots=2, queue_size=40) as shared:
        yield shared


@pytest.fixture(scope="module")
def wanted(short_motions: list[Motion]) -> list[tuple[object, bytes]]:
    with Scorer() as scorer:
        return [_bytes(score) for score in scorer.score(short_motions)]


def _bytes(score: Score) -> tuple[object, bytes]:
    return score.to_json(), score.wrench.tobytes()


def test_scores_are_those_of_a_scorer_and_do_not_wait_for_corrections(
    pool: WorkerPool, short_motions: list[Motion], wanted: list[tuple[object, bytes]]
) -> None:
    busy = [pool.submit(motion, SEED, THOROUGH) for motion in short_motions]  # six times as many as there are slots
    scores = [pool.submit_score(ANYONE, motion) for motion in short_motions]
    assert [_bytes(future.result(timeout=100)) for future in scores] == wanted
    assert not all(future.done() for future in busy)
    for future in busy:
        future.cancel()


def test_scores_over_the_network_are_computed_in_the_workers(
    pool: WorkerPool, short_motions: list[Motion], wanted: list[tuple[object, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("scored in the process of the server")

    monkeypatch.setattr("sim_server.feasibility.scorer.missing_wrench", refuse)
    with serving(services(pool), ServerSettings("127.0.0.1:0", drain_seconds=0.0)) as address:
        with RemoteCorrector(address) as client:
            assert [_bytes(score) for score in client.score(short_motions[:4])] == wanted[:4]


def test_a_killed_worker_loses_no_score(
    pool: WorkerPool, short_motions: list[Motion], wanted: list[tuple[object, bytes]]
) -> None:
    lost = pool.load().lost_workers
    scores = [pool.submit_score(ANYONE, motion) for motion in short_motions]
    os.kill(pool.pids[0], signal.SIGKILL)
    assert [_bytes(future.result(timeout=100)) for future in scores] == wanted
    assert pool.load().lost_workers == lost + 1 and pool.load().given_up == 0


def test_scores_that_nobody_waits_for_any_more_are_dropped(pool: WorkerPool, short_motions: list[Motion]) -> None:
    scores = [pool.submit_score(ANYONE, motion) for motion in short_motions * 2]
    assert sum(future.cancel() for future in scores) > 12
    deadline = time.monotonic() + 60
    while pool.load().waiting:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_motions_that_have_no_score_are_refused(pool: WorkerPool, short_motions: list[Motion]) -> None:
    with pytest.raises(InvalidInput, match="positions"):
        pool.submit_score(ANYONE, Motion(np.full((20, 22, 3), np.nan, np.float32)))
    several = [Sender(f"client {number}") for number in range(60)]
    with pytest.raises(QueueFull, match="wait for their scores already"):
        for sender in several:
            pool.submit_score(sender, short_motions[0])


@pytest.mark.usefixtures("dangerous_workers")
def test_a_motion_whose_score_ends_its_workers_is_refused_and_kept(
    short_motions: list[Motion], wanted: list[tuple[object, bytes]], tmp_path: Path
) -> None:
    with WorkerPool(workers=1, quarantine=tmp_path) as pool:
        kills, defect = [
            pool.submit_score(Sender("somebody"), Motion(short_motions[-1].positions[:frames]))
            for frames in (KILLS, DEFECT)
        ]
        good = [pool.submit_score(ANYONE, motion) for motion in short_motions[:3]]
        assert [_bytes(future.result(timeout=100)) for future in good] == wanted[:3]
        with pytest.raises(InvalidInput, match="positions: ended 2 worker processes of the corrector"):
            kills.result(timeout=100)
        with pytest.raises(RuntimeError, match="a secret defect"):
            defect.result(timeout=100)
        assert (pool.load().lost_workers, pool.load().given_up) == (2, 1)
    assert json.loads(next(tmp_path.glob("*.json")).read_text()) == {"score": True, "client": "somebody", "fps": 20.0}
    with pytest.raises(ServiceUnavailable):
        pool.submit_score(ANYONE, short_motions[0])


def test_a_worker_that_only_scores_tells_that_it_gets_further(short_motions: list[Motion]) -> None:
    events: SimpleQueue[tuple[WorkerProcess | None, Message | None]] = SimpleQueue()
    worker = WorkerProcess(WorkerSettings(heartbeat_s=0.05), events)
    for number, motion in enumerate(short_motions[:3], start=1):
        worker.send(score_order_message(number, motion))
    turns = 0
    while turns < 3:
        _, message = events.get(timeout=60)
        assert message is not None
        turns = message.values.get("turns", turns)
    worker.kill()
    worker.wait()
