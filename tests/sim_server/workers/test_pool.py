"""A pool of workers answers like a corrector in this process, byte by byte, whatever happens to its workers."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from dangerous_worker import BREAKS, DEFECT, GROWS, HANGS, KILLS, LACKS
from worker_orders import SEED, SIMULATED, Same

from motion.errors import InvalidInput, NotFound, ServiceUnavailable
from motion.formats.files import read_file
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.protocols import Corrector as CorrectorProtocol
from sim_server import Corrector, QueueFull
from sim_server.fair_queue import Sender
from sim_server.workers import worker
from sim_server.workers.pool import WorkerPool
from sim_server.workers.seat import WorkerLimits


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(workers=2, slots=4) as shared:
        yield shared


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.02)


def test_it_satisfies_the_protocol_and_describes_itself_as_a_corrector_does(pool: WorkerPool) -> None:
    assert isinstance(pool, CorrectorProtocol)
    with Corrector() as corrector:
        assert pool.describe() == corrector.describe()


def test_two_workers_answer_shuffled_motions_as_one_process_does(
    pool: WorkerPool, short_motions: list[Motion], same: Same
) -> None:
    shuffled = random.Random(1).sample(short_motions, len(short_motions))
    reports: list[tuple[float, int]] = []
    corrections = pool.correct(shuffled, SEED, SIMULATED, lambda *call: reports.append(call))
    assert [each.motion.name for each in corrections] == [each.name for each in shuffled]
    assert same(corrections)
    assert reports[-1] == (12, 12) and reports == sorted(reports)


def test_traces_and_unusual_options_come_through(pool: WorkerPool, short_motions: list[Motion]) -> None:
    motion = Motion(short_motions[0].positions, 30.0, caption="läuft \ud800", name=None)
    options = CorrectionOptions("base", 40.0, "fast", max_assist_n=np.float32(30.0), in_place=True, trace=True)  # pyright: ignore[reportArgumentType]
    (ours,) = pool.correct([motion], 2**63 - 1, options)
    with Corrector() as corrector:
        (wanted,) = corrector.correct([motion], 2**63 - 1, options)
    assert ours.report == wanted.report and ours.motion.caption == motion.caption and ours.motion.name is None
    assert ours.trace is not None and wanted.trace is not None
    assert np.array_equal(ours.trace.qfrc_applied, wanted.trace.qfrc_applied)
    assert ours.trace.model_xml == wanted.trace.model_xml


def test_refusals_are_those_of_a_corrector(pool: WorkerPool, short_motions: list[Motion]) -> None:
    with pytest.raises(NotFound, match="no policy 'nobody'; there is plumb-1"):
        pool.correct(short_motions[:1], options=CorrectionOptions("nobody"))
    with pytest.raises(InvalidInput, match=r"motions\[1\].positions"):
        pool.correct([short_motions[0], np.full((20, 22, 3), np.nan)])
    with pytest.raises(InvalidInput, match="seed"):
        pool.submit(short_motions[0], -1)


def test_cancelled_motions_leave_the_workers(pool: WorkerPool, short_motions: list[Motion], same: Same) -> None:
    thorough = CorrectionOptions(effort="thorough", always_simulate=True)
    futures = [pool.submit(motion, SEED, thorough) for motion in short_motions * 3]
    wait_until(lambda: pool.load().running > 0)
    assert all(future.cancel() for future in futures if not future.done())
    wait_until(lambda: (pool.load().waiting, pool.load().running) == (0, 0))
    assert same(pool.correct(short_motions[:2], SEED, SIMULATED))


def test_a_killed_worker_under_load_loses_nothing(pool: WorkerPool, short_motions: list[Motion], same: Same) -> None:
    lost = pool.load().lost_workers
    futures = [pool.submit(motion, SEED, SIMULATED) for motion in short_motions * 2]
    wait_until(lambda: any(future.done() for future in futures))
    os.kill(pool.pids[0], signal.SIGKILL)
    assert same([future.result(timeout=100) for future in futures])
    assert pool.load().lost_workers == lost + 1 and pool.load().given_up == 0


def test_a_motion_of_another_client_is_not_behind_all_of_the_first(
    pool: WorkerPool, short_motions: list[Motion]
) -> None:
    many = [pool.submit_for(Sender("many"), motion, SEED, SIMULATED) for motion in short_motions * 4]
    one = pool.submit_for(Sender("one"), short_motions[0], SEED, SIMULATED)
    one.result(timeout=100)
    assert sum(future.done() for future in many) < 24  # those that were given to the workers before it came
    for future in many:
        future.cancel()


def test_a_stopped_worker_is_replaced(short_motions: list[Motion], same: Same) -> None:
    with WorkerPool(workers=1, limits=WorkerLimits(silence_s=3.0)) as pool:
        futures = [pool.submit(motion, SEED, SIMULATED) for motion in short_motions[:4]]
        stopped = pool.pids[0]
        os.kill(stopped, signal.SIGSTOP)
        assert same([future.result(timeout=100) for future in futures])
        assert stopped not in pool.pids


@pytest.mark.usefixtures("dangerous_workers")
def test_motions_that_end_their_workers_are_given_up_and_kept(
    short_motions: list[Motion], same: Same, tmp_path: Path
) -> None:
    dangerous = {
        frames: Motion(short_motions[-1].positions[:frames], name=f"{frames}") for frames in (KILLS, BREAKS, DEFECT)
    }
    with WorkerPool(workers=2, quarantine=tmp_path / "kept") as pool:
        futures = [
            pool.submit_for(Sender("somebody"), motion, SEED, SIMULATED)
            for motion in [*short_motions[:4], *dangerous.values(), *short_motions[4:8]]
        ]
        with pytest.raises(RuntimeError, match="a secret defect"):
            futures[6].result(timeout=100)
        for future, motion in zip(futures[4:6], list(dangerous.values())[:2], strict=True):
            failed = future.result(timeout=100)
            assert failed.report.status == "FAILED" and failed.report.completed == 0
            assert failed.report.reason.startswith("ended 2 worker processes of the corrector")
            assert np.array_equal(failed.motion.positions, motion.positions)
        assert same([future.result(timeout=100) for future in futures[:4] + futures[7:]])
        assert pool.load().given_up == 2
    files = sorted((tmp_path / "kept").glob("*.npz"))
    assert {len(motion) for file in files for motion in read_file(file).motions} == {KILLS, BREAKS}
    document = json.loads(files[0].with_suffix(".json").read_text())
    assert document["client"] == "somebody" and document["seed"] == SEED
    assert CorrectionOptions(**document["options"]) == SIMULATED


@pytest.mark.usefixtures("dangerous_workers")
def test_a_worker_that_gets_no_further_is_replaced(short_motions: list[Motion], same: Same) -> None:
    with WorkerPool(workers=1, limits=WorkerLimits(silence_s=5.0, stuck_s=4.0)) as pool:
        hanging = pool.submit(Motion(short_motions[0].positions[:HANGS]), SEED, SIMULATED)
        other = pool.submit(short_motions[1], SEED, SIMULATED)
        assert same([other.result(timeout=100)])
        assert hanging.result(timeout=100).report.status == "FAILED"


@pytest.mark.usefixtures("dangerous_workers")
def test_a_motion_for_which_a_worker_has_no_memory_is_corrected_by_another_one(
    short_motions: list[Motion], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DANGEROUS_FOLDER", str(tmp_path))
    motion = Motion(short_motions[0].positions[:LACKS])
    with WorkerPool(workers=1) as pool:
        (correction,) = pool.correct([motion], SEED, SIMULATED)
        assert (pool.load().lost_workers, pool.load().given_up) == (1, 0)
    with Corrector() as corrector:
        (wanted,) = corrector.correct([motion], SEED, SIMULATED)
    assert correction.report == wanted.report


@pytest.mark.usefixtures("dangerous_workers")
def test_a_motion_that_takes_too_much_memory_is_given_up_and_kept_and_the_others_are_answered(
    short_motions: list[Motion], same: Same, tmp_path: Path
) -> None:
    with WorkerPool(workers=1, quarantine=tmp_path, limits=WorkerLimits(memory_bytes=700 * 2**20)) as pool:
        growing = pool.submit(Motion(short_motions[0].positions[:GROWS]), SEED, SIMULATED)
        others = [pool.submit(motion, SEED, SIMULATED) for motion in short_motions[1:3]]
        assert same([other.result(timeout=100) for other in others])
        assert growing.result(timeout=100).report.reason.startswith("ended 2 worker processes")
        assert (pool.load().lost_workers, pool.load().given_up) == (2, 1)
    assert [len(motion) for file in tmp_path.glob("*.npz") for motion in read_file(file).motions] == [GROWS]


def test_a_pool_without_working_workers_says_so(
    short_motions: list[Motion], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sim_server.workers.crew._FIRST_PAUSE_S", 0.02)
    with pytest.raises(NotFound, match="no policy 'nobody'"):
        WorkerPool("nobody", workers=1)
    with pytest.raises(InvalidInput, match="workers"):
        WorkerPool(workers=-1)
    with pytest.raises(InvalidInput, match=r"limits.memory_bytes: is 1000; must be at least 268435456"):
        WorkerPool(workers=1, limits=WorkerLimits(memory_bytes=1000))
    shipped = worker.PROGRAM
    monkeypatch.setattr(worker, "PROGRAM", "no_such_module")
    with pytest.raises(ServiceUnavailable, match="end as soon as they are started"):
        WorkerPool(workers=1)
    monkeypatch.setattr(worker, "PROGRAM", shipped)
    with WorkerPool(workers=1) as pool:
        monkeypatch.setattr(worker, "PROGRAM", "no_such_module")
        os.kill(pool.pids[0], signal.SIGKILL)
        wait_until(lambda: not pool.pids)
        waiting = pool.submit(short_motions[0], SEED, SIMULATED)
        with pytest.raises(ServiceUnavailable, match="end as soon as they are started"):
            waiting.result(timeout=100)
        assert not pool.healthy
        with pytest.raises(ServiceUnavailable):
            pool.submit(short_motions[0])


def test_a_closed_pool_leaves_nobody_waiting_and_no_process(short_motions: list[Motion]) -> None:
    pool = WorkerPool(workers=1, slots=1, queue_size=3)
    (process,) = pool.pids
    futures = [pool.submit(short_motions[0], SEED, SIMULATED)]
    with pytest.raises(QueueFull):
        for _ in range(20):
            futures.append(pool.submit(short_motions[0], SEED, SIMULATED))
    pool.close()
    for future in futures:
        assert future.exception(timeout=5) is None or "closed" in str(future.exception())
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    with pytest.raises(ServiceUnavailable):
        pool.submit(short_motions[0])
