"""The corrector's service on the wire: status codes and their details, deadlines, cancelling, streams, limits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.request import urlopen

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from smoothing_corrector import SmoothingCorrector
from standing_body import sway

from loop_client import RemoteCorrector
from motion.errors import InvalidInput, Overloaded, PlumbError, ServiceUnavailable
from motion.motion import Motion
from motion.rpc import wire
from motion.rpc.corrector_client import SERVICE
from motion.rpc.server import ServerSettings, serving
from motion.rpc.status import PUSHBACK_TRAILER
from motion.v1 import corrector_pb2, corrector_pb2_grpc, motion_pb2
from sim_server.service import services

Stub = corrector_pb2_grpc.CorrectorServiceStub


@contextmanager
def served(corrector: SmoothingCorrector, **settings: int) -> Iterator[str]:
    with serving(services(corrector), ServerSettings("127.0.0.1:0", drain_seconds=0.0, **settings)) as address:  # pyright: ignore[reportArgumentType]
        yield address
    corrector.close()


@contextmanager
def stub_of(address: str) -> Iterator[Stub]:
    """A client without any of our own options: no retries, no larger limits."""
    with grpc.insecure_channel(address) as channel:
        yield Stub(channel)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(SmoothingCorrector()) as address:
        yield address


@pytest.fixture(scope="module")
def stub(address: str) -> Iterator[Stub]:
    with stub_of(address) as stub:
        yield stub


def request_of(motion: Motion, **values: object) -> corrector_pb2.CorrectRequest:
    return corrector_pb2.CorrectRequest(motion=wire.pack_motion(motion), **values)  # pyright: ignore[reportArgumentType]


def violations_of(error: grpc.RpcError) -> list[str]:
    status = rpc_status.from_call(error)  # pyright: ignore[reportArgumentType]
    assert status is not None
    bad = error_details_pb2.BadRequest()
    assert status.details[0].Unpack(bad)
    return [violation.field for violation in bad.field_violations]


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.01)


REFUSED = {
    "no motion": (corrector_pb2.CorrectRequest(), "motion"),
    "no positions": (corrector_pb2.CorrectRequest(motion=wire.pack_motion(sway())), "motion.positions.dtype"),
    "too few bytes": (request_of(sway()), "motion.positions.data"),
    "a joint unknown": (request_of(sway()), "motion.joint_names"),
    "no rate": (request_of(sway()), "motion.fps"),
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
    assert violations_of(failed.value) == [field]


sizes = st.one_of(st.integers(0, 30), st.sampled_from([22, 3, -1, 2**40]))
any_request = st.builds(
    corrector_pb2.CorrectRequest,
    motion=st.builds(
        motion_pb2.Motion,
        positions=st.one_of(
            st.builds(
                motion_pb2.Tensor,
                dtype=st.integers(0, 9),
                shape=st.lists(sizes, max_size=4),
                data=st.binary(max_size=60),
            ),
            hnp.arrays(np.float32, st.tuples(st.integers(0, 8), st.just(22), st.just(3))).map(wire.pack_tensor),
        ),
        fps=st.floats(),
        joint_names=st.lists(st.sampled_from(["pelvis", "tail", ""]), max_size=23),
    ),
    options=st.one_of(
        st.builds(corrector_pb2.CorrectionOptions, policy=st.sampled_from(["", "x"]), assist_limit_n=st.floats()),
        st.builds(corrector_pb2.CorrectionOptions, assist_auto=st.booleans()),
    ),
    seed=st.integers(0, 2**63 - 1),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(request=any_request)
def test_nothing_that_can_be_asked_is_internal_or_hangs(stub: Stub, request: corrector_pb2.CorrectRequest) -> None:
    try:
        stub.Correct(request, timeout=5.0)
    except grpc.RpcError as error:
        assert error.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND)  # pyright: ignore[reportAttributeAccessIssue]


def test_an_unknown_policy_is_not_found(stub: Stub) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        stub.Correct(request_of(sway(), options=corrector_pb2.CorrectionOptions(policy="x")))
    assert failed.value.code() == grpc.StatusCode.NOT_FOUND


def test_the_id_is_echoed_and_no_options_are_the_defaults(stub: Stub) -> None:
    answer = stub.Correct(request_of(sway(), id="one", seed=5))
    assert answer.id == "one" and answer.report.seed == 5 and answer.report.assist_limit_n == 100.0


def test_a_defect_is_internal_and_tells_nothing(stub: Stub, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        stub.Correct(request_of(sway(name="defect")))
    assert failed.value.code() == grpc.StatusCode.INTERNAL
    assert "secret" not in failed.value.details() and "Traceback" not in failed.value.details()
    mark = failed.value.details().split()[-1]
    assert mark in caplog.text and "a secret of the server" in caplog.text


def test_a_message_over_the_limit_is_refused_at_both_ends(address: str, stub: Stub) -> None:
    huge = Motion(np.zeros((70_000, 22, 3), np.float32))
    with pytest.raises(grpc.RpcError) as failed:
        stub.Correct(request_of(huge))
    assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    # Nothing that calls of this size could wait for: the client must not take it for a server with too much to do.
    with RemoteCorrector(address) as client, pytest.raises(InvalidInput):
        client.correct([huge])


def test_a_motion_over_four_megabytes_arrives(stub: Stub) -> None:
    """Past gRPC's own limit; what refuses it is the check, which says why."""
    with pytest.raises(grpc.RpcError) as failed:
        stub.Correct(request_of(Motion(np.full((20_000, 22, 3), np.nan, np.float32))))
    assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_a_deadline_ends_the_work() -> None:
    corrector = SmoothingCorrector(delay=0.5, threads=1)
    with served(corrector) as address, stub_of(address) as stub:
        first = stub.Correct.future(request_of(sway()))
        wait_until(lambda: corrector.started == 1)
        with pytest.raises(grpc.RpcError) as failed:
            stub.Correct(request_of(sway()), timeout=0.1)
        assert failed.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        first.result()
        stub.Correct(request_of(sway()))
    assert corrector.started == 2  # the one whose deadline had passed was never begun


def test_a_client_that_gives_up_takes_its_motion_back() -> None:
    corrector = SmoothingCorrector(delay=0.5, threads=1)
    with served(corrector) as address, stub_of(address) as stub:
        first = stub.Correct.future(request_of(sway()))
        wait_until(lambda: corrector.started == 1)
        calls = [stub.Correct.future(request_of(sway())) for _ in range(3)]
        wait_until(lambda: corrector.most_waiting == 4)
        for call in calls:
            call.cancel()
        first.result()
        stub.Correct(request_of(sway()))
    assert corrector.started == 2


def test_a_deadline_is_one_sentence_to_the_caller() -> None:
    with served(SmoothingCorrector(delay=1.0)) as address, RemoteCorrector(address, timeout=0.1) as client:
        with pytest.raises(ServiceUnavailable, match=f"sim server at {address} did not answer"):
            client.correct([sway()])


def test_health_and_reflection_are_on(address: str) -> None:
    with grpc.insecure_channel(address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", SERVICE):
            answer = health.Check(health_pb2.HealthCheckRequest(service=name))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.RpcError) as failed:
            health.Check(health_pb2.HealthCheckRequest(service="motion.v1.NoSuch"))
        assert failed.value.code() == grpc.StatusCode.NOT_FOUND
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        answer = next(reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([asked])))
        assert SERVICE in {service.name for service in answer.list_services_response.service}


def test_health_answers_while_motions_are_under_way() -> None:
    with served(SmoothingCorrector(delay=0.05)) as address, grpc.insecure_channel(address) as channel:
        stub, health = Stub(channel), health_pb2_grpc.HealthStub(channel)
        calls = [stub.Correct.future(request_of(sway())) for _ in range(20)]
        for _ in range(10):
            health.Check(health_pb2.HealthCheckRequest(), timeout=0.5)
        assert all(call.result().report.completed == 1.0 for call in calls)


def test_a_full_server_says_when_to_come_again() -> None:
    corrector = SmoothingCorrector(delay=0.5, threads=1, queue_size=2)
    with served(corrector) as address, stub_of(address) as stub:
        calls = [stub.Correct.future(request_of(sway())) for _ in range(2)]
        wait_until(lambda: corrector.most_waiting == 2)
        with pytest.raises(grpc.RpcError) as failed:
            stub.Correct(request_of(sway()))
        assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert PUSHBACK_TRAILER in dict(failed.value.trailing_metadata())
        for call in calls:
            call.result()


def test_calls_beyond_the_limit_are_refused_and_health_is_not() -> None:
    corrector = SmoothingCorrector(delay=0.6, threads=4)
    with served(corrector, max_calls=2) as address, grpc.insecure_channel(address) as channel:
        stub, health = Stub(channel), health_pb2_grpc.HealthStub(channel)
        calls = [stub.Correct.future(request_of(sway())) for _ in range(2)]
        wait_until(lambda: corrector.started == 2)
        with pytest.raises(grpc.RpcError) as failed:
            stub.Describe(corrector_pb2.DescribeCorrectorRequest())
        assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        health.Check(health_pb2.HealthCheckRequest())
        for call in calls:
            call.result()


def test_our_client_gets_everything_done_by_a_server_with_little_room() -> None:
    corrector = SmoothingCorrector(delay=0.005, threads=2, queue_size=3)
    motions = [sway(16, seed, name=str(seed)) for seed in range(40)]
    with served(corrector) as address, RemoteCorrector(address) as client:
        assert [c.motion.name for c in client.correct(motions)] == [motion.name for motion in motions]
    assert corrector.most_waiting <= 3


def test_a_server_that_never_has_room_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motion.rpc.corrector_client._OVERLOAD_PATIENCE_SECONDS", 0.3)
    with served(SmoothingCorrector(queue_size=0)) as address, RemoteCorrector(address) as client:
        with pytest.raises(Overloaded, match=f"sim server at {address}"):
            client.correct([sway()])


def test_a_stream_answers_every_motion_by_its_id(stub: Stub) -> None:
    motions = {f"m{seed}": sway(16 + seed, seed) for seed in range(12)}
    answers = {answer.id: answer for answer in stub.CorrectStream(request_of(m, id=i) for i, m in motions.items())}
    assert answers.keys() == motions.keys()
    for name, motion in motions.items():
        assert answers[name].motion.positions == stub.Correct(request_of(motion)).motion.positions


def test_a_stream_goes_on_after_a_refusal(stub: Stub) -> None:
    bad = request_of(sway(), id="bad")
    bad.motion.positions.data = b"1234"
    requests = [
        request_of(sway(), id="a"),
        bad,
        request_of(sway(), id="policy", options=corrector_pb2.CorrectionOptions(policy="x")),
        request_of(sway()),
        request_of(sway(), id="b"),
    ]
    answers = {answer.id: answer for answer in stub.CorrectStream(iter(requests))}
    assert answers["a"].motion.positions == answers["b"].motion.positions
    assert {i: [v.field for v in answers[i].violations] for i in answers} == {
        "a": [],
        "b": [],
        "bad": ["motion.positions.data"],
        "policy": ["options.policy"],
        "": ["id"],
    }
    assert not answers["bad"].HasField("motion")


def test_a_defect_ends_a_stream_with_internal(stub: Stub) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        list(stub.CorrectStream(iter([request_of(sway(), id="a"), request_of(sway(name="defect"), id="b")])))
    assert failed.value.code() == grpc.StatusCode.INTERNAL


def test_a_stream_reads_no_further_ahead_than_its_window() -> None:
    corrector = SmoothingCorrector(delay=0.01)
    with serving(services(corrector, stream_window=4)) as address, stub_of(address) as stub:
        assert len(list(stub.CorrectStream(request_of(sway(), id=str(i)) for i in range(30)))) == 30
    corrector.close()
    assert corrector.most_waiting <= 4


def test_a_stream_waits_where_the_queue_is_full() -> None:
    corrector = SmoothingCorrector(delay=0.01, queue_size=2)
    with served(corrector) as address, stub_of(address) as stub:
        answers = list(stub.CorrectStream(request_of(sway(), id=str(i)) for i in range(12)))
    assert len(answers) == 12 and not any(answer.violations for answer in answers)


def test_a_stream_that_is_given_up_takes_its_motions_back() -> None:
    corrector = SmoothingCorrector(delay=0.2, threads=1)
    with served(corrector) as address, stub_of(address) as stub:
        stream = stub.CorrectStream(request_of(sway(), id=str(i)) for i in range(20))
        next(stream)
        stream.cancel()
        wait_until(lambda: corrector._waiting == 0)
    assert corrector.started <= 4


def test_an_interrupt_of_bulk_work_takes_the_rest_back() -> None:
    corrector = SmoothingCorrector(delay=0.05, threads=1)
    with served(corrector) as address, RemoteCorrector(address) as client:

        def interrupt(done: int, of: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            client.correct([sway(16, seed) for seed in range(30)], progress=interrupt)
        wait_until(lambda: corrector._waiting == 0)
    assert corrector.started < 10


def test_two_clients_of_one_server_get_their_own(address: str) -> None:
    results: dict[int, list[str | None]] = {}

    def work(number: int) -> None:
        with RemoteCorrector(address) as client:
            motions = [sway(16, seed, name=f"{number}-{seed}") for seed in range(10)]
            results[number] = [correction.motion.name for correction in client.correct(motions)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: [f"{number}-{seed}" for seed in range(10)] for number in range(3)}


def test_a_seed_of_over_64_bits_is_refused_before_it_is_sent(address: str) -> None:
    with RemoteCorrector(address) as client, pytest.raises(InvalidInput, match="seed"):
        client.correct([sway()], seed=2**63)


def test_another_service_at_the_address_is_said_to_be_one() -> None:
    from loop_client import RemoteGenerator

    with served(SmoothingCorrector()) as address, RemoteGenerator(address) as client:
        with pytest.raises(ServiceUnavailable, match=f"what answers is no generator at {address}"):
            client.describe()


@pytest.mark.parametrize(
    "address", ["", "localhost", "localhost:", ":50051", "host:port", "host:70000", "a b:1", "::1:5"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match="must be"):
        RemoteCorrector(address)


def test_metrics_count_calls_and_frames() -> None:
    with pytest.raises(PlumbError, match="listen"), serving({}, ServerSettings("127.0.0.1")):
        pass
    corrector = SmoothingCorrector()
    from motion.rpc.call_metrics import CallMetrics

    seen: list[str] = []
    publish = CallMetrics.publish
    with pytest.MonkeyPatch.context() as patch:

        def publish_and_tell(self: CallMetrics, host: str, port: int) -> int:
            got = publish(self, host, port)
            seen.append(f"http://{host}:{got}/metrics")
            return got

        patch.setattr(CallMetrics, "publish", publish_and_tell)
        with served(corrector, metrics_port=0) as address, stub_of(address) as stub:
            stub.Correct(request_of(sway(20)))
            with pytest.raises(grpc.RpcError):
                stub.Correct(corrector_pb2.CorrectRequest())
            # The client may know of a call's end before the server has counted it.
            until, text = time.monotonic() + 10, ""
            while 'code="INVALID_ARGUMENT"' not in text and time.monotonic() < until:
                text = urlopen(seen[0]).read().decode()
    assert f'plumb_calls_total{{code="OK",method="/{SERVICE}/Correct"}} 1.0' in text
    assert f'plumb_calls_total{{code="INVALID_ARGUMENT",method="/{SERVICE}/Correct"}} 1.0' in text
    assert f'plumb_frames_total{{method="/{SERVICE}/Correct"}} 20.0' in text
