"""Quotas of clients: what comes back with time, what is refused, and what is taken back."""

from __future__ import annotations

import contextvars

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motion.errors import InvalidInput, Overloaded
from motion.motion import Motion
from motion.rpc.denials import RetryLater
from motion.rpc.quotas import Usage, charged, enter_call, motion_seconds
from motion.rpc.server_settings import Quotas


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(quota=st.floats(1, 1e5), charges=st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 600)), max_size=30))
def test_no_more_than_the_quota_and_what_has_come_back_is_ever_used(
    quota: float, charges: list[tuple[float, float]]
) -> None:
    clock = Clock()
    usage = Usage("alice", Quotas(seconds=quota), clock)
    used = 0.0
    for seconds, pause in charges:
        try:
            usage.charge(seconds, "positions")
            used += seconds
        except (InvalidInput, RetryLater):
            pass
        assert used <= (quota + (clock.now - 1000.0) * quota / 3600) * (1 + 1e-9) + 1e-6
        clock.now += pause


@given(quota=st.floats(1, 1e5), first=st.floats(0.01, 1), second=st.floats(0.01, 1))
def test_after_the_time_that_the_refusal_names_the_same_charge_is_taken(
    quota: float, first: float, second: float
) -> None:
    clock = Clock()
    usage = Usage("alice", Quotas(seconds=quota), clock)
    usage.charge(first * quota, "positions")
    try:
        usage.charge(second * quota, "positions")
    except RetryLater as error:
        assert 0 < error.seconds <= 3600
        clock.now += error.seconds + 1e-6
        usage.charge(second * quota, "positions")
    clock.now += 2 * 3600
    assert usage.is_idle


def test_a_motion_that_never_fits_the_quota_is_invalid_rather_than_late() -> None:
    usage = Usage("alice", Quotas(seconds=10))
    with pytest.raises(InvalidInput, match=r"lengths: last 11 s; alice may use 10 s an hour"):
        usage.charge(11, "lengths")


def test_calls_are_counted_until_they_end() -> None:
    usage = Usage("alice", Quotas(calls=1))
    with usage.call(), pytest.raises(Overloaded, match="alice makes 1 calls already"), usage.call():
        pass
    with usage.call():
        assert not usage.is_idle
    assert usage.is_idle


def test_motion_that_was_not_worked_on_is_taken_back() -> None:
    usage = Usage("alice", Quotas(seconds=10), Clock())

    def use() -> None:
        enter_call(usage, 8)
        with pytest.raises(ZeroDivisionError), charged(8, "positions"):
            raise ZeroDivisionError
        with charged(8, "positions"):
            pass
        with pytest.raises(RetryLater), charged(3, "positions"):
            pass
        with pytest.raises(InvalidInput, match="takes at most 8 s in a request"), charged(9, "positions"):
            pass

    contextvars.copy_context().run(use)


def test_outside_of_a_call_nothing_is_charged() -> None:
    used = False
    with charged(1e9, "positions"):
        used = True
    assert used


@pytest.mark.parametrize(("fps", "frames", "seconds"), [(20.0, 21, 1.0), (0.0, 21, 0.0), (np.nan, 9, 0.0), (20, 0, 0)])
def test_a_motion_with_a_rate_that_is_none_counts_nothing(fps: float, frames: int, seconds: float) -> None:
    assert motion_seconds(Motion(np.zeros((frames, 22, 3), np.float32), fps)) == seconds
