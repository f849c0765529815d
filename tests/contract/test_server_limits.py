"""What a server takes: sizes, numbers and durations, and what it says to a client that wants more."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import grpc
import pytest
from corrector_calls import plain_stub, request_of, served, violated_fields, wait_until
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway
from swaying_generator import SwayingGenerator

from generator.service import services as generator_services
from motion.errors import InvalidInput
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.report import Correction
from motion.rpc.client_security import ClientSecurity
from motion.rpc.corrector_client import SERVICE, RemoteCorrector
from motion.rpc.denials import RetryLater
from motion.rpc.generator_client import RemoteGenerator
from motion.rpc.server import ServerSettings, serving
from motion.rpc.server_settings import Limits, Quotas, ServerSecurity
from motion.v1 import corrector_pb2

CORRECT = f"/{SERVICE}/Correct"


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def test_a_message_that_grows_when_it_is_decompressed_is_refused_by_its_full_size() -> None:
    bomb = bytes(200 * 2**20)
    options = [("grpc.max_send_message_length", -1)]
    with served(SmoothingCorrector()) as address, grpc.insecure_channel(address, options=options) as channel:
        call = channel.unary_unary(CORRECT)
        before = _resident_mib()
        for _ in range(3):
            with pytest.raises(grpc.RpcError) as failed:
                call(bomb, compression=grpc.Compression.Gzip, timeout=30)
            assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert _resident_mib() - before < 450  # the client's own copies; the server never holds what is over 16 MiB


def test_the_limit_of_a_message_is_a_setting() -> None:
    request = request_of(sway(40))
    with served(SmoothingCorrector(), limits=Limits(message_bytes=request.ByteSize())) as address:
        with plain_stub(address) as stub:
            assert stub.Correct(request).HasField("report")
            request.motion.caption += "xx"
            with pytest.raises(grpc.RpcError, match="larger than max"):
                stub.Correct(request)


def test_an_answer_may_be_larger_than_the_largest_request() -> None:
    motion = sway(40)
    limit = request_of(motion).ByteSize()  # the answer has a report beside the motion
    with served(SmoothingCorrector(), limits=Limits(message_bytes=limit)) as address, plain_stub(address) as stub:
        assert stub.Correct(request_of(motion)).ByteSize() > limit


def test_requests_beyond_the_bytes_under_way_are_refused_before_they_are_decoded() -> None:
    request = request_of(sway(40))
    corrector = SmoothingCorrector(delay=0.5, threads=4)
    with served(corrector, limits=Limits(pending_bytes=2 * request.ByteSize())) as address:
        with plain_stub(address) as stub:
            calls = [stub.Correct.future(request) for _ in range(2)]
            wait_until(lambda: corrector.started == 2)
            with pytest.raises(grpc.RpcError, match="MiB of requests are being answered") as failed:
                stub.Correct(request)
            assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            assert all(call.result().HasField("report") for call in calls)
            assert stub.Correct(request).HasField("report")


def test_undecodable_requests_are_invalid_arguments_and_leave_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with served(SmoothingCorrector()) as address, grpc.insecure_channel(address) as channel:
        for method in ("Correct", "Score", "Describe"):
            with pytest.raises(grpc.RpcError) as failed:
                channel.unary_unary(f"/{SERVICE}/{method}")(b"\xff\xff", timeout=5)
            assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT
            assert violated_fields(failed.value) == ["request"]
        for method in ("CorrectStream", "ScoreStream"):
            with pytest.raises(grpc.RpcError) as failed:
                list(channel.stream_stream(f"/{SERVICE}/{method}")(iter([b"\xff"]), timeout=5))
            assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_call_without_a_request_is_refused_and_one_that_waits_too_long_is_ended() -> None:
    hold = threading.Event()

    def nothing_yet() -> Iterator[bytes]:
        hold.wait(10)
        yield from ()

    with served(SmoothingCorrector(), limits=Limits(read_seconds=0.2)) as address:
        with grpc.insecure_channel(address) as channel:
            call = channel.stream_unary(CORRECT)
            with pytest.raises(grpc.RpcError) as failed:
                call(iter(()), timeout=5)
            assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT
            with pytest.raises(grpc.RpcError, match=r"did not arrive within 0\.2 s") as failed:
                call(nothing_yet(), timeout=5)
            assert failed.value.code() == grpc.StatusCode.UNAVAILABLE
            hold.set()


def test_connections_that_never_speak_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motion.rpc.server._HANDSHAKE_SECONDS", 0.5)
    with served(SmoothingCorrector()) as address, contextlib.ExitStack() as connections:
        host, port = address.split(":")
        silent = [connections.enter_context(socket.create_connection((host, int(port)))) for _ in range(200)]
        with RemoteCorrector(address) as client:
            assert len(client.correct([sway()])) == 1  # others are answered meanwhile
        for connection in silent:
            connection.settimeout(20)
            with contextlib.suppress(ConnectionError):  # one of the two ways in which a peer may close
                while connection.recv(4096):
                    pass


def test_a_motion_that_is_longer_than_a_request_may_have_is_named() -> None:
    with served(SmoothingCorrector(), limits=Limits(motion_seconds=2.0)) as address, RemoteCorrector(address) as client:
        assert len(client.correct([sway(41)])) == 1
        for ask in (client.correct, client.score):
            with pytest.raises(InvalidInput, match=r"^motions\[1\].positions: last 2.05 s; this server takes at most"):
                ask([sway(), sway(42)])


def test_a_client_that_has_used_its_seconds_is_told_when_there_are_more() -> None:
    corrector = SmoothingCorrector()
    with served(corrector, limits=Limits(client=Quotas(seconds=4.0))) as address, RemoteCorrector(address) as client:
        client.correct([sway(41), sway(41)])
        with pytest.raises(RetryLater, match=r"has used its 4 s of motion an hour; try again in 1800 s") as refused:
            client.correct([sway(41)])
        assert 1700 < refused.value.seconds <= 1800
    assert corrector.started == 2


def test_motion_that_was_refused_costs_nothing() -> None:
    limits = Limits(client=Quotas(seconds=4.0))
    with served(SmoothingCorrector(), limits=limits) as address, RemoteCorrector(address) as client:
        still = sway(41).with_positions(sway(41).positions * 100)
        for _ in range(5):
            with pytest.raises(InvalidInput):
                client.correct([still])
        assert len(client.correct([sway(81)])) == 1


def test_calls_of_one_client_leave_room_for_another(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    one, other = "one-token-0123456789", "other-token-0123456789"
    tokens.write_text(f"{one} one correct calls=1\n{other} other correct\n", "utf-8")
    corrector = SmoothingCorrector(delay=0.6, threads=4)
    with served(corrector, security=ServerSecurity(tokens=tokens)) as address, plain_stub(address) as stub:
        metadata = [("authorization", f"Bearer {one}")]
        call = stub.Correct.future(request_of(sway()), metadata=metadata)
        wait_until(lambda: corrector.started == 1)
        with pytest.raises(grpc.RpcError, match="one makes 1 calls already") as failed:
            stub.Correct(request_of(sway()), metadata=metadata)
        assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        with RemoteCorrector(address, security=ClientSecurity(token=other)) as client:
            assert len(client.correct([sway()] * 3)) == 3
        assert call.result().HasField("report")


def test_one_client_leaves_calls_for_the_next_one(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    greedy, other = "greedy-token-0123456789", "other-token-0123456789"
    tokens.write_text(f"{greedy} greedy correct\n{other} other correct\n", "utf-8")
    corrector = SmoothingCorrector(delay=2.0, threads=16)
    settings = {"security": ServerSecurity(tokens=tokens), "limits": Limits(calls=16)}
    with served(corrector, **settings) as address, plain_stub(address) as stub:
        metadata = [("authorization", f"Bearer {greedy}")]
        calls = [stub.Correct.future(request_of(sway()), metadata=metadata) for _ in range(20)]
        wait_until(lambda: corrector.started == 14)  # seven times what is left
        with RemoteCorrector(address, security=ClientSecurity(token=other)) as client:
            assert len(client.correct([sway()])) == 1
        codes = [call.code() for call in calls]
    assert codes.count(grpc.StatusCode.OK) == 14 and codes.count(grpc.StatusCode.RESOURCE_EXHAUSTED) == 6


def test_samples_count_as_motion() -> None:
    settings = ServerSettings("127.0.0.1:0", drain_seconds=0.0, limits=Limits(client=Quotas(seconds=10)))
    generator = SwayingGenerator()
    with serving(generator_services(generator), settings) as address, RemoteGenerator(address) as client:
        assert len(list(client.sample(["sways"] * 3, [60] * 3))) == 3
        with pytest.raises(RetryLater):
            list(client.sample(["sways"], [60]))
        with pytest.raises(InvalidInput, match="lengths: last 15 s"):
            list(client.sample(["sways"] * 5, [60] * 5))
        assert len(list(client.sample(["sways"] * 5, [60] * 5, start_index=5))) == 0


def test_large_motions_are_checked_without_holding_up_the_others() -> None:
    class Slow(SmoothingCorrector):
        def submit(self, motion: Motion, seed: int = 0, options: CorrectionOptions | None = None) -> Future[Correction]:
            if len(motion) > 1999:
                time.sleep(0.5)
            return super().submit(motion.with_positions(motion.positions[:40]), seed, options)

    with served(Slow(threads=4)) as address, plain_stub(address) as stub:
        large = stub.Correct.future(request_of(sway(2500)))
        time.sleep(0.15)
        started = time.monotonic()
        stub.Describe(corrector_pb2.DescribeCorrectorRequest())
        assert time.monotonic() - started < 0.2
        assert large.result().HasField("report")
