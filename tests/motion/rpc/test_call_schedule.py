"""When calls are made and made again: a schedule without network and clock."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motion.errors import Overloaded, ServiceUnavailable
from motion.rpc.bulk_calls import CallSchedule
from motion.rpc.denials import RetryLater, Unreachable

LOST = ServiceUnavailable("gone")


def _take_all(schedule: CallSchedule, now: float) -> list[int]:
    taken: list[int] = []
    while (index := schedule.take(now)) is not None:
        taken.append(index)
    return taken


@settings(max_examples=100, deadline=None)
@given(
    count=st.integers(0, 30),
    limit=st.integers(1, 8),
    outcomes=st.lists(st.sampled_from(["answer", "answer", "full", "later", "lost"]), max_size=200),
    seed=st.randoms(use_true_random=False),
)
def test_every_call_is_answered_once_and_never_more_run_than_may(
    count: int, limit: int, outcomes: list[str], seed
) -> None:
    schedule, now, running, answered, losses = CallSchedule(count, limit), 0.0, [], [], dict.fromkeys(range(count), 0)
    while not schedule.is_done:
        running += _take_all(schedule, now)
        assert len(running) <= limit and len(set(running)) == len(running)
        if not running:
            pause = schedule.pause(now)
            assert pause is not None and pause > 0
            now += pause
            continue
        index = running.pop(seed.randrange(len(running)))
        outcome = outcomes.pop() if outcomes and (answered or running) else "answer"
        now += 0.01
        if outcome == "full":
            schedule.failed(index, Overloaded("full"), False, now)
        elif outcome == "later":
            schedule.failed(index, RetryLater("later", 1.0), False, now)
        elif outcome == "lost" and losses[index] < 3:
            losses[index] += 1
            try:
                schedule.failed(index, LOST, True, now)
            except ServiceUnavailable:  # there never was an answer, and nothing else is under way
                assert not answered
                return
        else:
            schedule.answered(index)
            answered.append(index)
    assert sorted(answered) == list(range(count))
    assert schedule.take(now + 1e6) is None


def test_a_server_that_goes_away_after_long_refusals_is_waited_for() -> None:
    schedule, now = CallSchedule(2, 1), 0.0
    index = schedule.take(now)
    assert index is not None
    schedule.answered(index)
    for _ in range(6):
        index = schedule.take(now)
        assert index is not None
        schedule.failed(index, Overloaded("full"), False, now)
        now += schedule.pause(now) or 0.0
    index = schedule.take(now)
    assert index is not None and now > 10
    schedule.failed(index, LOST, True, now)
    assert schedule.pause(now) is not None


def test_refusals_pause_all_calls_for_a_time_that_doubles_until_there_is_an_answer() -> None:
    schedule, now, pauses = CallSchedule(10, 2), 0.0, []
    for _ in range(4):
        index = schedule.take(now)
        assert index is not None
        schedule.failed(index, Overloaded("full"), False, now)
        pauses.append(schedule.pause(now) or 0.0)
        assert schedule.take(now + pauses[-1] * 0.9) is None
        now += pauses[-1]
    assert pauses == pytest.approx([0.2, 0.4, 0.8, 1.6])
    schedule.answered(_take_all(schedule, now)[0])
    index = schedule.take(now)
    assert index is not None
    schedule.failed(index, Overloaded("full"), False, now)
    assert schedule.pause(now) == pytest.approx(0.2)


def test_the_time_that_a_server_names_is_waited_for() -> None:
    schedule = CallSchedule(3, 3)
    assert _take_all(schedule, 0.0) == [0, 1, 2]
    schedule.failed(0, RetryLater("quota", 7.0), False, 1.0)
    schedule.answered(1)
    schedule.answered(2)
    assert schedule.take(7.9) is None and schedule.pause(1.0) == 7.0 and schedule.take(8.0) == 0
    with pytest.raises(RetryLater):
        schedule.failed(0, RetryLater("quota", 1000.0), False, 9.0)


def test_as_many_calls_run_as_the_servers_took_and_one_more_for_each_round_of_answers() -> None:
    schedule = CallSchedule(1000, 64)
    running = _take_all(schedule, 0.0)
    for index in running[8:]:
        schedule.failed(index, Overloaded("full"), False, 0.0)
    running = running[:8]
    assert schedule.window == 8
    for round_of_answers in range(1, 5):
        for index in running:
            schedule.answered(index)
        running = _take_all(schedule, 10.0)
        assert 8 + round_of_answers - 1 <= len(running) <= 8 + round_of_answers


def test_what_a_dead_server_held_goes_elsewhere_while_the_other_calls_go_on() -> None:
    schedule = CallSchedule(100, 8)
    running = _take_all(schedule, 0.0)
    schedule.answered(running[7])
    for index in running[:4]:
        schedule.failed(index, LOST, True, 1.0)
    assert schedule.window == 8
    assert _take_all(schedule, 1.0) == [8, 9, 10, 11, 12]  # nobody waits for the pause of the lost ones
    for index in (4, 5, 6, 8):
        schedule.answered(index)
    assert _take_all(schedule, 2.0) == [0, 1, 2, 3]


def test_calls_that_take_long_are_not_taken_for_a_server_that_is_away() -> None:
    schedule = CallSchedule(3, 3)
    assert _take_all(schedule, 0.0) == [0, 1, 2]
    schedule.failed(0, LOST, True, 500.0)  # no answer from anybody yet, but two servers are at work
    assert schedule.take(501.0) == 0
    schedule.failed(0, Unreachable("there is none"), True, 900.0)
    schedule.answered(1)
    assert schedule.take(1000.0) == 0
    schedule.answered(0)
    schedule.answered(2)
    assert schedule.is_done


def test_without_any_server_the_calls_end_after_ten_seconds_and_their_items_are_not_blamed() -> None:
    schedule, now = CallSchedule(5, 1), 0.0
    first = schedule.take(now)
    assert first == 0
    schedule.answered(first)
    with pytest.raises(Unreachable):
        for _ in range(100):
            index = schedule.take(now)
            if index is not None:
                schedule.failed(index, Unreachable("there is none"), True, now)
            now += 0.25
    assert 10.0 <= now <= 11.0


def test_without_any_answer_nothing_is_waited_for() -> None:
    schedule = CallSchedule(2, 1)
    assert schedule.take(0.0) == 0
    with pytest.raises(Unreachable):
        schedule.failed(0, Unreachable("there is none"), True, 0.1)
