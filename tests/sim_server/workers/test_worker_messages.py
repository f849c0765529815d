"""Messages between a pool and its workers arrive as they were sent, or not at all."""

from __future__ import annotations

import io
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from swaying_body import sway
from synthetic_trace import synthetic_trace

from motion.errors import InvalidInput, NotFound
from motion.protocols import CorrectionOptions
from motion.report import Correction
from motion.score import Score
from motion.trace import TRACE_ARRAYS
from sim_server.workers.worker_messages import (
    Message,
    correction_message,
    order_message,
    read_correction,
    read_message,
    read_order,
    read_refusal,
    read_score,
    read_score_order,
    refusal_message,
    score_message,
    score_order_message,
    write_message,
)


def _passed_on(message: Message) -> Message:
    file = io.BytesIO()
    write_message(file, message)
    file.seek(0)
    arrived = read_message(file)
    assert arrived is not None and read_message(file) is None
    return arrived


@given(
    options=st.builds(
        CorrectionOptions,
        policy=st.text(max_size=10),
        assist=st.one_of(st.sampled_from(["auto", "none"]), st.floats(0, 1e6)),
        effort=st.sampled_from(["kinematic", "fast", "standard", "thorough"]),
        max_assist_n=st.one_of(st.none(), st.floats(0, 1e6)),
        in_place=st.booleans(),
        trace=st.booleans(),
    ),
    seed=st.integers(0, 2**63 - 1),
    frames=st.integers(4, 40),
    texts=st.tuples(*[st.one_of(st.none(), st.text(max_size=20))] * 2),
)
def test_an_order_arrives_to_the_last_bit(
    options: CorrectionOptions, seed: int, frames: int, texts: tuple[str | None, str | None]
) -> None:
    motion = sway(frames, 1, caption=texts[0], name=texts[1])
    arrived, arrived_seed, arrived_options = read_order(_passed_on(order_message(7, motion, seed, options)))
    assert np.array_equal(arrived.positions, motion.positions) and arrived.positions.flags.writeable
    assert (arrived.fps, arrived.caption, arrived.name) == (motion.fps, *texts)
    assert (arrived_seed, arrived_options) == (seed, options)


@pytest.mark.parametrize("traced", [False, True])
def test_a_correction_arrives_to_the_last_bit(traced: bool) -> None:
    from smoothing_corrector import SmoothingCorrector

    (made,) = SmoothingCorrector().correct([sway(20, 3)], seed=5)
    correction = Correction(made.motion, made.report, synthetic_trace(19, 2) if traced else None)
    arrived = read_correction(_passed_on(correction_message(3, correction)))
    assert np.array_equal(arrived.motion.positions, correction.motion.positions)
    assert arrived.report == correction.report
    assert (arrived.trace is not None) == traced
    if arrived.trace and correction.trace:
        for name in TRACE_ARRAYS:
            assert np.array_equal(getattr(arrived.trace, name), getattr(correction.trace, name), equal_nan=True)
        assert arrived.trace.parts == correction.trace.parts


@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=11, max_size=11))
def test_a_score_arrives_to_the_last_bit(values: list[float]) -> None:
    motion = sway(9, 1, fps=30.0)
    ordered = read_score_order(_passed_on(score_order_message(7, motion)))
    assert np.array_equal(ordered.positions, motion.positions) and ordered.fps == 30.0
    numbers = dict(zip([each.name for each in fields(Score)], values, strict=False))
    wrench = np.arange(54, dtype=np.float32).reshape(9, 6) / 7
    score = Score(**numbers, reasons=("läuft \ud800",), wrench=wrench)  # pyright: ignore[reportArgumentType]
    arrived = read_score(_passed_on(score_message(7, score)))
    assert arrived.to_json() == score.to_json() and arrived.wrench.tobytes() == score.wrench.tobytes()


def test_a_message_that_was_cut_off_is_none() -> None:
    file = io.BytesIO()
    write_message(file, order_message(1, sway(10), 0, CorrectionOptions()))
    whole = file.getvalue()
    for length in (0, 5, 16, 40, len(whole) - 1):
        assert read_message(io.BytesIO(whole[:length])) is None


def test_errors_at_the_start_arrive_as_what_they_were() -> None:
    refused = read_refusal(_passed_on(refusal_message(InvalidInput.of("policy", "is damaged"))))
    assert isinstance(refused, InvalidInput) and str(refused) == "policy: is damaged"
    missing = read_refusal(_passed_on(refusal_message(NotFound("no policy 'x'"))))
    assert isinstance(missing, NotFound) and str(missing) == "no policy 'x'"
