"""The corrector's service answers requests: status codes with their details, message sizes, health, reflection."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any, ClassVar

import grpc
import numpy as np
import pytest
from corrector_calls import Stub, plain_stub, request_of, served, violated_fields
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from loop_client import RemoteCorrector
from motion.errors import InvalidInput
from motion.motion import Motion
from motion.report import Correction
from motion.rpc import wire
from motion.rpc.corrector_client import SERVICE
from motion.rpc.server import ServerSettings, serving
from motion.v1 import corrector_pb2
from sim_server.fair_queue import Sender
from sim_server.service import services


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(SmoothingCorrector()) as address:
        yield address


@pytest.fixture(scope="module")
def stub(address: str) -> Iterator[Stub]:
    with plain_stub(address) as stub:
        yield stub


REFUSED = {
    "no motion": (corrector_pb2.CorrectRequest(), "motion"),
    "no positions": (corrector_pb2.CorrectRequest(motion=wire.pack_motion(sway())), "motion.positions.dtype"),
    "too few bytes": (request_of(sway()), "motion.positions.data"),
    "a joint unknown": (request_of(sway()), "motion.joint_names"),
    "no rate": (request_of(sway()), "motion.fps"),
    "a seed below 0": (request_of(sway(), seed=-1), "seed"),
    "a priority that is too high": (request_of(sway(), priority=101), "priority"),
    "a priority that is too low": (request_of(sway(), priority=-101), "priority"),
    "assist not said": (
        request_of(sway(), options=corrector_pb2.CorrectionOptions(assist_auto=False)),
        "options.assist_auto",
    ),
}
REFUSED["no positions"][0].motion.ClearField("positions")
REFUSED["too few bytes"][0].motion.positions.data = b"1234"
REFUSED["a joint unknown"][0].motion.joint_names[0] = "tail"
REFUSED["no rate"][0].motion.fps = 0.0


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_an_invalid_argument_with_field_violations(stub: Stub, case: str) -> None:
    request, field = REFUSED[case]
    with pytest.raises(grpc.RpcError) as failed:
        stub.Correct(request)
    assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert violated_fields(failed.value) == [field]


def test_an_unknown_policy_is_not_found(stub: Stub) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        stub.Correct(request_of(sway(), options=corrector_pb2.CorrectionOptions(policy="x")))
    assert failed.value.code() == grpc.StatusCode.NOT_FOUND


def test_the_answer_has_the_id_of_the_request_and_default_options(stub: Stub) -> None:
    answer = stub.Correct(request_of(sway(), id="one", seed=5))
    assert answer.id == "one" and answer.report.seed == 5 and answer.report.assist_limit_n == 100.0


def test_priority_is_among_the_motions_of_one_client() -> None:
    class Noting(SmoothingCorrector):
        senders: ClassVar[list[Sender]] = []

        def submit_for(self, sender: Sender, *arguments: Any) -> Future[Correction]:
            self.senders.append(sender)
            return self.submit(*arguments)

    with served(Noting()) as address, plain_stub(address) as stub:
        stub.Correct(request_of(sway(), priority=-7))
        list(stub.CorrectStream(iter([request_of(sway(), id="a", priority=100)])))
    assert Noting.senders == [Sender("127.0.0.1", -7), Sender("127.0.0.1", 100)]


@pytest.mark.parametrize("method", ["Correct", "Score"])
def test_motions_of_a_lower_rate_than_the_server_takes_are_refused(method: str) -> None:
    service = services(SmoothingCorrector(), least_fps=5.0)
    with serving(service, ServerSettings("127.0.0.1:0", drain_seconds=0.0)) as address, plain_stub(address) as stub:
        request_type = {"Correct": corrector_pb2.CorrectRequest, "Score": corrector_pb2.ScoreRequest}[method]
        for fps in (1.0, 4.9):
            with pytest.raises(grpc.RpcError) as refused:
                getattr(stub, method)(request_type(motion=wire.pack_motion(Motion(sway().positions, fps))))
            assert violated_fields(refused.value) == ["motion.fps"]
            assert "must be at least 5 on this server" in str(refused.value)
        getattr(stub, method)(request_type(motion=wire.pack_motion(Motion(sway().positions, 5.0))))


def test_an_unexpected_exception_is_internal_and_its_text_stays_in_the_log(
    stub: Stub, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        stub.Correct(request_of(sway(name="defect")))
    assert failed.value.code() == grpc.StatusCode.INTERNAL
    details = failed.value.details() or ""
    assert "secret" not in details and "Traceback" not in details
    error_id = details.split()[-1]
    assert error_id in caplog.text and "a secret of the server" in caplog.text


def test_a_message_over_the_limit_is_refused_at_both_ends(address: str, stub: Stub) -> None:
    huge = Motion(np.zeros((70_000, 22, 3), np.float32))
    with pytest.raises(grpc.RpcError) as failed:
        stub.Correct(request_of(huge))
    assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    # Waiting does not help, so the client must not mistake it for an overloaded server.
    with RemoteCorrector(address) as client, pytest.raises(InvalidInput):
        client.correct([huge])


def test_a_motion_over_four_megabytes_reaches_the_check(stub: Stub) -> None:
    """The default limit of gRPC would refuse it without a reason."""
    with pytest.raises(grpc.RpcError) as failed:
        stub.Correct(request_of(Motion(np.full((20_000, 22, 3), np.nan, np.float32))))
    assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_health_and_reflection_are_on(address: str) -> None:
    with grpc.insecure_channel(address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", SERVICE):
            answer = health.Check(health_pb2.HealthCheckRequest(service=name))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.RpcError) as failed:
            health.Check(health_pb2.HealthCheckRequest(service="motion.v1.NoSuch"))
        assert failed.value.code() == grpc.StatusCode.NOT_FOUND
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        answer = next(reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([request])))
        assert SERVICE in {service.name for service in answer.list_services_response.service}
