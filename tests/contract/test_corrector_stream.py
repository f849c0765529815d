"""Bulk correction in one stream of the corrector's service."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest
from corrector_calls import Stub, plain_stub, request_of, served, wait_until
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from motion.rpc.server import serving
from motion.v1 import corrector_pb2
from sim_server.service import services


@pytest.fixture(scope="module")
def stub() -> Iterator[Stub]:
    with served(SmoothingCorrector()) as address, plain_stub(address) as stub:
        yield stub


def test_a_stream_answers_every_motion_under_its_id(stub: Stub) -> None:
    motions = {f"m{seed}": sway(16 + seed, seed) for seed in range(12)}
    answers = {answer.id: answer for answer in stub.CorrectStream(request_of(m, id=i) for i, m in motions.items())}
    assert answers.keys() == motions.keys()
    for name, motion in motions.items():
        assert answers[name].motion.positions == stub.Correct(request_of(motion)).motion.positions


def test_a_stream_continues_after_a_refused_motion(stub: Stub) -> None:
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


def test_an_unexpected_exception_ends_a_stream_with_internal(stub: Stub) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        list(stub.CorrectStream(iter([request_of(sway(), id="a"), request_of(sway(name="defect"), id="b")])))
    assert failed.value.code() == grpc.StatusCode.INTERNAL


def test_a_stream_reads_no_further_ahead_than_its_window() -> None:
    corrector = SmoothingCorrector(delay=0.01)
    with serving(services(corrector, stream_window=4)) as address, plain_stub(address) as stub:
        assert len(list(stub.CorrectStream(request_of(sway(), id=str(i)) for i in range(30)))) == 30
    corrector.close()
    assert corrector.most_waiting <= 4


def test_a_stream_waits_while_the_queue_is_full() -> None:
    corrector = SmoothingCorrector(delay=0.01, queue_size=2)
    with served(corrector) as address, plain_stub(address) as stub:
        answers = list(stub.CorrectStream(request_of(sway(), id=str(i)) for i in range(12)))
    assert len(answers) == 12 and not any(answer.violations for answer in answers)


def test_motions_of_a_cancelled_stream_are_not_simulated() -> None:
    corrector = SmoothingCorrector(delay=0.2, threads=1)
    with served(corrector) as address, plain_stub(address) as stub:
        stream = stub.CorrectStream(request_of(sway(), id=str(i)) for i in range(20))
        next(stream)
        stream.cancel()
        wait_until(lambda: corrector._waiting == 0)
    assert corrector.started <= 4
