"""Scores and traces survive the wire bit for bit, and malformed ones are refused by field."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_trace import is_same_trace, synthetic_trace

from motion.errors import InvalidInput
from motion.rpc import wire
from motion.score import Score
from motion.trace import TRACE_ARRAYS, Trace
from motion.v1 import corrector_pb2

SCORE = Score(
    *(float(value) / 7 for value in range(1, 12)),
    reasons=("nothing carries the body from 2.0 to 6.1 s", "the left foot slides"),
    wrench=np.random.default_rng(0).normal(size=(9, 6)).astype(np.float32),
)


def test_a_trace_survives_bit_for_bit() -> None:
    trace = synthetic_trace()
    message = corrector_pb2.Trace.FromString(wire.pack_trace(trace).SerializeToString())
    assert is_same_trace(wire.unpack_trace(message), trace)


def test_a_score_survives_bit_for_bit() -> None:
    back = wire.unpack_score(corrector_pb2.Score.FromString(wire.pack_score(SCORE).SerializeToString()))
    assert back.to_json() == SCORE.to_json()
    assert back.wrench.tobytes() == SCORE.wrench.tobytes() and back.wrench.shape == (9, 6)


def test_every_field_of_a_trace_and_of_a_score_is_on_the_wire() -> None:
    assert {field.name for field in fields(Trace)} == set(corrector_pb2.Trace.DESCRIPTOR.fields_by_name)
    assert {field.name for field in fields(Score)} == set(corrector_pb2.Score.DESCRIPTOR.fields_by_name)


@pytest.mark.parametrize("name", TRACE_ARRAYS)
def test_an_array_of_another_type_or_shape_is_refused_by_field(name: str) -> None:
    message = wire.pack_trace(synthetic_trace())
    getattr(message, name).CopyFrom(wire.pack_tensor(np.zeros(3, np.int64)))
    with pytest.raises(InvalidInput, match=rf"^trace\.{name}\.dtype: is int64"):
        wire.unpack_trace(message)
    message = wire.pack_trace(synthetic_trace())
    getattr(message, name).shape.append(2)
    with pytest.raises(InvalidInput, match=rf"^trace\.{name}\.data: has \d+ bytes"):
        wire.unpack_trace(message)
    message.ClearField(name)  # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidInput, match=rf"^trace\.{name}\.dtype: is 0"):
        wire.unpack_trace(message)


@pytest.mark.parametrize(
    "wrench", [np.zeros((4, 5), np.float32), np.zeros((4, 6)), np.full((4, 6), np.nan, np.float32)]
)
def test_a_malformed_wrench_of_a_score_is_refused(wrench: np.ndarray) -> None:
    message = wire.pack_score(SCORE)
    message.wrench.CopyFrom(wire.pack_tensor(wrench))
    with pytest.raises(InvalidInput, match=r"^score\.wrench"):
        wire.unpack_score(message)


@given(st.binary(max_size=300))
def test_any_bytes_that_parse_are_read_or_refused(raw: bytes) -> None:
    for message, read in ((corrector_pb2.Trace, wire.unpack_trace), (corrector_pb2.Score, wire.unpack_score)):
        try:
            parsed = message.FromString(raw)
        except Exception:
            continue  # protobuf refuses the bytes itself
        with pytest.raises(InvalidInput):
            read(parsed)  # pyright: ignore[reportArgumentType]


def test_an_answer_without_a_score_is_refused() -> None:
    with pytest.raises(InvalidInput, match="response"):
        wire.unpack_scored(corrector_pb2.ScoreResponse(id="a"))
