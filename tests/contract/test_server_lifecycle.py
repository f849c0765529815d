"""Start, shutdown and death of a server process, seen from outside."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from server_process import ServerProcess
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from loop_client import RemoteCorrector
from motion.errors import ServiceUnavailable
from motion.rpc import wire
from motion.rpc.server import ServerSettings, serving
from motion.v1 import corrector_pb2, corrector_pb2_grpc
from sim_server.service import services

StartServer = Callable[..., ServerProcess]


def test_a_server_announces_its_address_and_ends_on_sigterm(start_server: StartServer) -> None:
    server = start_server()
    with RemoteCorrector(server.address) as client:
        assert client.describe().name == "smoothing"
    server.process.send_signal(signal.SIGTERM)
    _, errors = server.process.communicate(timeout=10)
    assert server.process.returncode == 0
    assert f"listening on {server.address}" in errors.splitlines()
    assert "Traceback" not in errors
    assert not server.announce.exists()


def test_sigterm_lets_running_calls_end(start_server: StartServer) -> None:
    server = start_server(delay=1.0)
    answers: list[int] = []
    with RemoteCorrector(server.address) as client, grpc.insecure_channel(server.address) as channel:
        client.describe()
        thread = threading.Thread(
            target=lambda: answers.append(len(client.correct([sway(16, seed) for seed in range(6)])))
        )
        thread.start()
        health = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        time.sleep(0.4)
        server.process.send_signal(signal.SIGTERM)
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        thread.join()
    assert answers == [6]
    server.process.communicate(timeout=10)
    assert server.process.returncode == 0


def test_a_second_signal_ends_the_server_at_once(start_server: StartServer) -> None:
    server = start_server(delay=5.0)
    with grpc.insecure_channel(server.address) as channel:
        stub = corrector_pb2_grpc.CorrectorServiceStub(channel)
        call = stub.Correct.future(corrector_pb2.CorrectRequest(motion=wire.pack_motion(sway())))
        time.sleep(0.3)
        server.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        server.process.send_signal(signal.SIGINT)
        assert isinstance(call.exception(timeout=3.0), grpc.RpcError)


def test_a_port_in_use_is_one_sentence_and_status_2(start_server: StartServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(RuntimeError) as ended:
            start_server(listen=address)
    text = str(ended.value)
    assert "ended with 2" in text and f"cannot listen on {address}: the port is in use" in text
    assert "Traceback" not in text and text.count("\n") <= 1


def test_two_servers_do_not_share_a_port(start_server: StartServer) -> None:
    server = start_server()
    with pytest.raises(RuntimeError, match="the port is in use"):
        start_server(listen=server.address)


def test_without_a_server_the_client_raises_one_sentence() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with RemoteCorrector(address) as client, pytest.raises(ServiceUnavailable) as refused:
        client.correct([sway()])
    assert str(refused.value).startswith(f"there is no sim server at {address} (")


def test_when_the_server_dies_the_client_raises_one_sentence(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("motion.rpc.bulk_calls._ABSENCE_TIMEOUT_S", 0.5)
    server = start_server(delay=0.1)
    motions = [sway(16, seed, name="die" if seed == 20 else None) for seed in range(40)]
    with RemoteCorrector(server.address) as client, pytest.raises(ServiceUnavailable, match=server.address):
        client.correct(motions)


def test_corrections_continue_when_a_killed_server_comes_back(start_server: StartServer) -> None:
    first = start_server(delay=0.05)
    with RemoteCorrector(first.address) as client:
        first_ended = threading.Event()

        def kill(done: float, total: int) -> None:
            if not first_ended.is_set():
                first.process.kill()
                first.process.wait()
                first_ended.set()

        corrector = SmoothingCorrector()

        def come_back() -> None:
            first_ended.wait()
            with serving(services(corrector), ServerSettings(first.address)):
                corrected.wait()

        corrected = threading.Event()
        second = threading.Thread(target=come_back)
        second.start()
        corrections = client.correct([sway(16, seed) for seed in range(120)], progress=kill)
        corrected.set()
        second.join()
    assert len(corrections) == 120 and corrector.started > 0


def test_a_library_user_gets_the_events_of_a_server_by_logging(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="motion.rpc.server"):
        settings = ServerSettings("127.0.0.1:0", metrics_port=0, drain_seconds=0.0)
        with serving(services(SmoothingCorrector()), settings):
            pass
    assert any(record.message.startswith("metrics on http://127.0.0.1:") for record in caplog.records)
    printed = capfd.readouterr()
    assert printed.out == "" and "metrics on" not in printed.err
