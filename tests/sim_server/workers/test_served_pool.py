"""A server with workers: it drains through them, outlives them, and takes them with it when it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from server_process import ServerProcess
from worker_orders import SEED, SIMULATED, Same

from loop_client import RemoteCorrector
from motion.motion import Motion
from motion.report import Correction
from motion.rpc.server import ServerSettings, serving
from sim_server.service import services
from sim_server.workers import worker
from sim_server.workers.pool import WorkerPool

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="processes are found in /proc")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    command = [sys.executable, "-m", "sim_server", "serve", "--listen", "127.0.0.1:0", "--workers", "2"]
    options = ["--announce", str(tmp_path / "address"), "--slots", "4", "--log", "none"]
    process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True)
    yield ServerProcess(process, tmp_path / "address")
    process.kill()
    process.communicate()


def _children(pid: int) -> set[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(child) for task in tasks for child in task.read_text().split()}


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.02)


def test_sigterm_and_a_killed_worker_under_load_lose_nothing(
    server: ServerProcess, short_motions: list[Motion], same: Same
) -> None:
    answers: list[Correction] = []
    under_way = threading.Event()
    with RemoteCorrector(server.address) as client:
        thread = threading.Thread(
            target=lambda: answers.extend(
                client.correct(short_motions * 2, SEED, SIMULATED, lambda *_: under_way.set())
            )
        )
        thread.start()
        assert under_way.wait(60)
        _wait_until(lambda: len(_children(server.process.pid)) == 2)
        os.kill(min(_children(server.process.pid)), signal.SIGKILL)
        server.process.send_signal(signal.SIGTERM)
        thread.join()
    assert len(answers) == 24 and same(answers)
    _, errors = server.process.communicate(timeout=30)
    assert server.process.returncode == 0
    assert "ended with status -9" in errors and "Traceback" not in errors


def test_workers_end_with_a_server_that_is_killed(server: ServerProcess) -> None:
    _wait_until(lambda: len(_children(server.process.pid)) == 2)
    workers = _children(server.process.pid)
    server.process.kill()
    _wait_until(lambda: not any(_runs(pid) for pid in workers))


def test_health_says_when_no_worker_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ServerSettings("127.0.0.1:0", drain_seconds=0.0)
    monkeypatch.setattr("sim_server.workers.crew._FIRST_PAUSE_S", 0.3)
    with WorkerPool(workers=1) as pool, serving(services(pool), settings, pool) as address:
        with grpc.insecure_channel(address) as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(
                health_pb2.HealthCheckRequest(service="motion.v1.CorrectorService"), timeout=100
            )
            assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
            monkeypatch.setattr(worker, "PROGRAM", "no_such_module")
            os.kill(pool.pids[0], signal.SIGKILL)
            assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
            monkeypatch.undo()
            assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
            watch.cancel()
