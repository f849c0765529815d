"""When work that can be resumed is taken up again, and when it is given up."""

from __future__ import annotations

import pytest

from motion.errors import InvalidInput, Overloaded, ServiceUnavailable
from motion.rpc.channel import MAX_ATTEMPTS
from motion.rpc.denials import RetryLater
from motion.rpc.stream_retries import StreamRetries

LOST = ServiceUnavailable("gone")


def test_pauses_double_until_there_is_progress() -> None:
    retries, pauses = StreamRetries(), []
    for position in (0, 0, 0, 1, 1):
        retries.received(position)
        pauses.append(retries.pause_after(LOST))
    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.1, 0.2])


def test_work_without_progress_is_given_up() -> None:
    retries = StreamRetries()
    for _ in range(MAX_ATTEMPTS):
        retries.received(0)
        retries.pause_after(LOST)
    retries.received(0)
    with pytest.raises(ServiceUnavailable, match="gone"):
        retries.pause_after(LOST)


def test_work_that_got_no_response_is_given_up_at_once_where_that_was_tried_already() -> None:
    with pytest.raises(ServiceUnavailable):
        StreamRetries().pause_after(LOST)
    assert StreamRetries(needs_response=False).pause_after(LOST) == pytest.approx(0.1)


def test_an_overloaded_server_is_waited_for_as_long_as_it_says_up_to_two_minutes() -> None:
    retries = StreamRetries()
    assert retries.pause_after(RetryLater("quota", 50.0)) == 50.0
    assert retries.pause_after(Overloaded("full")) < 1
    assert retries.pause_after(RetryLater("quota", 50.0)) == 50.0
    with pytest.raises(RetryLater):
        retries.pause_after(RetryLater("quota", 50.0))
    retries.received(0)
    assert retries.pause_after(RetryLater("quota", 100.0)) == 100.0
    with pytest.raises(RetryLater):
        StreamRetries().pause_after(RetryLater("quota", 3600.0))


def test_what_is_wrong_is_not_tried_again() -> None:
    retries = StreamRetries()
    retries.received(0)
    with pytest.raises(InvalidInput):
        retries.pause_after(InvalidInput.of("steps", "is 0; must be at least 1"))
