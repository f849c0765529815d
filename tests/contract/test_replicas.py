"""Several servers behind one client: losing any of them loses no motion."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable

import grpc
import pytest
from corrector_calls import served, wait_until
from grpc_health.v1 import health_pb2, health_pb2_grpc
from server_process import ServerProcess
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from loop_client import RemoteCorrector
from motion.errors import ServiceUnavailable
from motion.rpc.corrector_client import SERVICE
from motion.rpc.server import ServerSettings, serving
from sim_server.service import services

StartServer = Callable[..., ServerProcess]


def _target(*addresses: str) -> str:
    return "ipv4:" + ",".join(addresses)


def _checked(target: str, count: int, act: Callable[[int], None] = lambda done: None) -> None:
    """Correct motions over a target, and compare each with what is right; `act` is told how many are done."""
    motions = [sway(16, seed, name=str(seed)) for seed in range(count)]
    with RemoteCorrector(target) as client:
        found = client.correct(motions, progress=lambda done, total: act(int(done)))
    with_corrector = SmoothingCorrector()
    expected = with_corrector.correct(motions)
    with_corrector.close()
    assert [c.motion.name for c in found] == [motion.name for motion in motions]
    assert [c.motion.positions.tobytes() for c in found] == [c.motion.positions.tobytes() for c in expected]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_losing_one_of_two_servers_under_way_loses_no_motion(start_server: StartServer, number: signal.Signals) -> None:
    one, other = start_server(delay=0.02), start_server(delay=0.02)

    def end_one(done: int) -> None:
        if done == 100:
            one.process.send_signal(number)

    _checked(_target(one.address, other.address), 600, end_one)
    one.process.wait(timeout=10)
    assert other.process.poll() is None
    if number == signal.SIGTERM:
        assert one.process.returncode == 0


def test_calls_that_a_server_gives_up_at_the_end_of_its_grace_are_made_elsewhere() -> None:
    slow, fast = SmoothingCorrector(delay=0.4, threads=8), SmoothingCorrector(delay=0.01, threads=8)
    ending = serving(services(slow), ServerSettings("127.0.0.1:0", drain_seconds=0.0, grace_seconds=0.05))
    one = ending.__enter__()
    ended: list[threading.Thread] = []

    def end(done: int) -> None:
        if done == 40:
            ended.append(threading.Thread(target=ending.__exit__, args=(None, None, None)))
            ended[0].start()

    with served(fast) as other:
        _checked(_target(one, other), 200, end)
    ended[0].join()
    slow.close()
    assert slow.started < 100


def test_a_dead_address_among_several_is_not_waited_for(start_server: StartServer) -> None:
    with socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{dead.getsockname()[1]}"
        _checked(_target(address, start_server().address), 100)


def test_each_server_in_turn_is_restarted_and_no_motion_is_lost(start_server: StartServer) -> None:
    """A rolling restart: the next server ends when the one before is back."""
    servers = [start_server(delay=0.02), start_server(delay=0.02)]
    addresses = [server.address for server in servers]
    restarts: list[threading.Thread] = []

    def restart(number: int) -> None:
        servers[number].process.send_signal(signal.SIGTERM)
        servers[number].process.wait()
        servers[number] = start_server(delay=0.02, listen=addresses[number])

    def act(done: int) -> None:
        if done in (60, 500):
            for thread in restarts:
                thread.join()
            restarts.append(threading.Thread(target=restart, args=(len(restarts),)))
            restarts[-1].start()

    _checked(_target(*addresses), 1000, act)
    for thread in restarts:
        thread.join()
    assert len(restarts) == 2


def test_corrections_that_came_before_the_last_server_was_lost_are_kept(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("motion.rpc.bulk_calls._ABSENCE_TIMEOUT_S", 0.2)
    server = start_server(delay=0.02)
    motions = [sway(16, seed, name=str(seed)) for seed in range(200)]
    kept = {}
    with RemoteCorrector(server.address) as client, pytest.raises(ServiceUnavailable):
        for index, correction in client.corrected(motions):
            kept[index] = correction
            if len(kept) == 50:
                server.process.kill()
    assert len(kept) >= 50 and all(correction.motion.name == str(index) for index, correction in kept.items())


def test_calls_go_to_the_servers_that_say_that_they_are_well_and_not_to_one_that_still_answers() -> None:
    ill, well = SmoothingCorrector(), SmoothingCorrector()
    ending = serving(services(ill), ServerSettings("127.0.0.1:0", drain_seconds=1.5))
    one = ending.__enter__()
    with served(well) as other, RemoteCorrector(_target(one, other)) as client, RemoteCorrector(one) as direct:
        wait_until(lambda: bool(client.correct([sway(16), sway(17)]) and ill.started and well.started))
        drained = threading.Thread(target=ending.__exit__, args=(None, None, None))
        drained.start()
        wait_until(lambda: _health_of(one) == health_pb2.HealthCheckResponse.NOT_SERVING)
        client.correct([sway(16, seed) for seed in range(4)])  # the news may be on its way
        started = ill.started
        client.correct([sway(16, seed) for seed in range(40)])
        assert ill.started == started and well.started >= 40
        direct.correct([sway(16)])
        assert ill.started == started + 1
    drained.join()
    ill.close()


def _health_of(address: str) -> int:
    with grpc.insecure_channel(address) as channel:
        request = health_pb2.HealthCheckRequest(service=SERVICE)
        return health_pb2_grpc.HealthStub(channel).Check(request, timeout=5).status
