"""The corrector's service under load: deadlines, cancelled calls, full queues, limits of concurrent calls, metrics."""

from __future__ import annotations

import time
from urllib.request import urlopen

import grpc
import pytest
from corrector_calls import Stub, plain_stub, request_of, served, wait_until
from grpc_health.v1 import health_pb2, health_pb2_grpc
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from motion.errors import PlumbError
from motion.rpc.call_metrics import CallMetrics
from motion.rpc.corrector_client import SERVICE
from motion.rpc.server import ServerSettings, serving
from motion.rpc.server_settings import Limits
from motion.rpc.status import PUSHBACK_TRAILER
from motion.v1 import corrector_pb2


def test_a_call_whose_deadline_passed_is_not_simulated() -> None:
    corrector = SmoothingCorrector(delay=0.5, threads=1)
    with served(corrector) as address, plain_stub(address) as stub:
        first = stub.Correct.future(request_of(sway()))
        wait_until(lambda: corrector.started == 1)
        with pytest.raises(grpc.RpcError) as failed:
            stub.Correct(request_of(sway()), timeout=0.1)
        assert failed.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        first.result()
        stub.Correct(request_of(sway()))
    assert corrector.started == 2  # the motion whose deadline had passed was not started


def test_cancelled_calls_are_not_simulated() -> None:
    corrector = SmoothingCorrector(delay=0.5, threads=1)
    with served(corrector) as address, plain_stub(address) as stub:
        first = stub.Correct.future(request_of(sway()))
        wait_until(lambda: corrector.started == 1)
        calls = [stub.Correct.future(request_of(sway())) for _ in range(3)]
        wait_until(lambda: corrector.most_waiting == 4)
        for call in calls:
            call.cancel()
        first.result()
        stub.Correct(request_of(sway()))
    assert corrector.started == 2


def test_health_checks_are_answered_while_motions_are_corrected() -> None:
    with served(SmoothingCorrector(delay=0.05)) as address, grpc.insecure_channel(address) as channel:
        stub, health = Stub(channel), health_pb2_grpc.HealthStub(channel)
        calls = [stub.Correct.future(request_of(sway())) for _ in range(20)]
        for _ in range(10):
            health.Check(health_pb2.HealthCheckRequest(), timeout=0.5)
        assert all(call.result().report.completed == 1.0 for call in calls)


def test_a_full_server_sends_the_time_after_which_to_retry() -> None:
    corrector = SmoothingCorrector(delay=0.5, threads=1, queue_size=2)
    with served(corrector) as address, plain_stub(address) as stub:
        calls = [stub.Correct.future(request_of(sway())) for _ in range(2)]
        wait_until(lambda: corrector.most_waiting == 2)
        with pytest.raises(grpc.RpcError) as failed:
            stub.Correct(request_of(sway()))
        assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert PUSHBACK_TRAILER in dict(failed.value.trailing_metadata())
        for call in calls:
            call.result()


def test_calls_beyond_the_limit_are_refused_but_health_checks_are_not() -> None:
    corrector = SmoothingCorrector(delay=0.6, threads=4)
    with served(corrector, limits=Limits(calls=2)) as address, grpc.insecure_channel(address) as channel:
        stub, health = Stub(channel), health_pb2_grpc.HealthStub(channel)
        calls = [stub.Correct.future(request_of(sway())) for _ in range(2)]
        wait_until(lambda: corrector.started == 2)
        with pytest.raises(grpc.RpcError) as failed:
            stub.Describe(corrector_pb2.DescribeCorrectorRequest())
        assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        health.Check(health_pb2.HealthCheckRequest())
        for call in calls:
            call.result()


def test_metrics_count_calls_and_frames() -> None:
    with pytest.raises(PlumbError, match="listen"), serving({}, ServerSettings("127.0.0.1")):
        pass
    corrector = SmoothingCorrector()
    from motion.rpc.call_metrics import CallMetrics

    seen: list[str] = []
    publish = CallMetrics.publish
    with pytest.MonkeyPatch.context() as patch:

        def publish_and_record(self: CallMetrics, host: str, port: int) -> int:
            actual_port = publish(self, host, port)
            seen.append(f"http://{host}:{actual_port}/metrics")
            return actual_port

        patch.setattr(CallMetrics, "publish", publish_and_record)
        with served(corrector, metrics_port=0) as address, plain_stub(address) as stub:
            stub.Correct(request_of(sway(20)))
            with pytest.raises(grpc.RpcError):
                stub.Correct(corrector_pb2.CorrectRequest())
            # The client may notice the end of a call before the server has counted it.
            deadline, text = time.monotonic() + 10, ""
            while 'code="INVALID_ARGUMENT"' not in text and time.monotonic() < deadline:
                text = urlopen(seen[0]).read().decode()
    assert f'plumb_calls_total{{code="OK",method="/{SERVICE}/Correct"}} 1.0' in text
    assert f'plumb_calls_total{{code="INVALID_ARGUMENT",method="/{SERVICE}/Correct"}} 1.0' in text
    assert f'plumb_frames_total{{method="/{SERVICE}/Correct"}} 20.0' in text
