"""The contract of scorers and of traces: the same results in-process and over the network."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import numpy as np
import pytest
from corrector_calls import Stub, plain_stub, request_of, served, violated_fields
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway
from synthetic_trace import is_same_trace, synthetic_trace

from loop_client import RemoteCorrector, RemoteGenerator
from motion.errors import InvalidInput, ServiceUnavailable
from motion.motion import Motion
from motion.protocols import CorrectionOptions, Scorer
from motion.rpc import wire
from motion.rpc.server import ServerSettings, serving
from motion.score import Score
from motion.v1 import corrector_pb2
from sim_server.feasibility import Scorer as LocalScorer
from sim_server.service import services


@pytest.fixture(scope="module")
def local() -> Iterator[LocalScorer]:
    with LocalScorer() as scorer:
        yield scorer


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(SmoothingCorrector()) as address:
        yield address


@pytest.fixture(scope="module")
def remote(address: str) -> Iterator[RemoteCorrector]:
    with RemoteCorrector(address) as client:
        yield client


@pytest.fixture(scope="module")
def stub(address: str) -> Iterator[Stub]:
    with plain_stub(address) as stub:
        yield stub


@pytest.fixture(params=["in-process", "networked"])
def scorer(request: pytest.FixtureRequest, local: Scorer, remote: Scorer) -> Scorer:
    return local if request.param == "in-process" else remote


def _bytes(score: Score) -> tuple[object, bytes]:
    return score.to_json(), score.wrench.tobytes()


def _scored(motion: Motion, **values: str) -> corrector_pb2.ScoreRequest:
    return corrector_pb2.ScoreRequest(motion=wire.pack_motion(motion), **values)


def test_scorers_satisfy_the_protocol(scorer: Scorer) -> None:
    assert isinstance(scorer, Scorer)


def test_local_and_remote_scores_have_the_same_bytes(local: Scorer, remote: Scorer) -> None:
    motions = [sway(20, 1), sway(31, 2, fps=30.0), sway(20, 4).positions, sway(20, 5).positions + np.float32([0, 1, 0])]
    assert [*map(_bytes, local.score(motions))] == [*map(_bytes, remote.score(motions))]


def test_scores_depend_neither_on_order_nor_on_other_motions(scorer: Scorer) -> None:
    motions = [sway(16 + 3 * seed, seed) for seed in range(4)]
    together, backwards = scorer.score(motions), scorer.score(motions[::-1])[::-1]
    alone = [scorer.score([motion])[0] for motion in motions]
    assert [*map(_bytes, together)] == [*map(_bytes, backwards)] == [*map(_bytes, alone)]
    assert scorer.score([]) == []


def test_malformed_motions_are_refused_with_the_same_text(local: Scorer, remote: Scorer) -> None:
    broken = sway(20).positions.copy()
    broken[3, 4, 1] = np.nan
    refusals = []
    for scorer in (local, remote):
        with pytest.raises(InvalidInput) as refused:
            scorer.score([sway(16), broken])
        refusals.append(refused.value.violations)
        with pytest.raises(InvalidInput, match=r"^motions\[0\]\.positions"):
            scorer.score([sway(3)])
    assert refusals[0] == refusals[1] and refusals[0][0].field == "motions[1].positions"


def test_bad_requests_name_their_fields(stub: Stub) -> None:
    cut = _scored(sway())
    cut.motion.positions.data = b"1234"
    for request, field in (
        (corrector_pb2.ScoreRequest(), "motion"),
        (cut, "motion.positions.data"),
        (_scored(Motion(sway().positions, fps=0.0)), "motion.fps"),
    ):
        with pytest.raises(grpc.RpcError) as failed:
            stub.Score(request)
        assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert violated_fields(failed.value) == [field]


def test_a_stream_answers_every_motion_under_its_id_and_continues_after_refusals(stub: Stub) -> None:
    bad = _scored(sway(), id="bad")
    bad.motion.positions.data = b"1234"
    requests = [_scored(sway(), id="a"), bad, _scored(sway()), _scored(sway(20, 3), id="b")]
    answers = {answer.id: answer for answer in stub.ScoreStream(iter(requests))}
    assert {name: [v.field for v in answers[name].violations] for name in answers} == {
        "a": [],
        "b": [],
        "bad": ["motion.positions.data"],
        "": ["id"],
    }
    assert answers["a"].score == stub.Score(_scored(sway())).score
    assert not answers["bad"].HasField("score")


def test_a_stream_waits_while_the_queue_is_full() -> None:
    corrector = SmoothingCorrector()
    made = services(corrector, scorer=LocalScorer(queue_size=1))
    with serving(made, ServerSettings("127.0.0.1:0", drain_seconds=0.0)) as address, plain_stub(address) as stub:
        answers = list(stub.ScoreStream(_scored(sway(), id=str(i)) for i in range(6)))
    corrector.close()
    assert len(answers) == 6 and not any(answer.violations for answer in answers)


def test_the_client_gets_all_scores_from_a_server_with_a_short_queue() -> None:
    corrector = SmoothingCorrector()
    made = services(corrector, scorer=LocalScorer(queue_size=1))
    with serving(made, ServerSettings("127.0.0.1:0", drain_seconds=0.0)) as address:
        with RemoteCorrector(address) as client:
            assert len(client.score([sway(16, seed) for seed in range(6)])) == 6
    corrector.close()


def test_a_server_without_scores_is_named(address: str) -> None:
    with RemoteGenerator(address), RemoteCorrector(address) as client:
        client._stub.Score = client._channel.unary_unary(
            "/motion.v1.CorrectorService/NoSuchCall",
            request_serializer=corrector_pb2.ScoreRequest.SerializeToString,
            response_deserializer=corrector_pb2.ScoreResponse.FromString,
        )
        with pytest.raises(ServiceUnavailable, match="cannot score"):
            client.score([sway()])


def test_a_trace_comes_over_the_wire_if_it_is_asked_for_and_only_then(remote: RemoteCorrector) -> None:
    with_trace, without = (remote.correct([sway(20)], 3, CorrectionOptions(trace=wish))[0] for wish in (True, False))
    assert is_same_trace(with_trace.trace, synthetic_trace(19, 3))
    assert without.trace is None and without.report == with_trace.report
    (untraced,) = remote.correct([sway(20, name="untraced")], 3, CorrectionOptions(trace=True))
    assert untraced.trace is None


def test_a_trace_that_does_not_fit_in_a_message_is_refused_by_field(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim_server.service.MAX_MESSAGE_BYTES", 2**18)
    wish = corrector_pb2.CorrectionOptions(trace=True)
    assert stub.Correct(request_of(sway(20), options=wish)).HasField("trace")
    assert stub.Correct(request_of(sway(200))).HasField("report")
    with pytest.raises(grpc.RpcError) as failed:
        stub.Correct(request_of(sway(200), options=wish))
    assert violated_fields(failed.value) == ["options.trace"]
    wish = corrector_pb2.CorrectionOptions(trace_if_simulated=True)
    assert stub.Correct(request_of(sway(20), options=wish)).HasField("trace")
    assert not stub.Correct(request_of(sway(200), options=wish)).HasField("trace")
