"""Many calls at once: what is repeated, how often, and what is not lost."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Any

import grpc
import pytest

from motion.errors import InvalidInput, Overloaded, ServiceUnavailable
from motion.rpc import bulk_calls
from motion.rpc.bulk_calls import BulkCalls
from motion.rpc.denials import RetryLater


class EndedCall(Future[str]):
    """A call that has ended with a status code."""

    def __init__(self, code: grpc.StatusCode):
        super().__init__()
        self._code = code
        self.set_result("")

    def code(self) -> grpc.StatusCode:
        return self._code


class Servers:
    """Fails each call with the errors listed for its index, one after another, then answers."""

    def __init__(self, errors: dict[int, list[Exception]], code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE):
        self.errors = errors
        self.code = code
        self.sent: list[int] = []

    def send(self, index: int) -> Any:
        self.sent.append(index)
        return EndedCall(self.code)

    def receive(self, index: int, call: Any) -> str:
        if self.errors.get(index):
            raise self.errors[index].pop(0)
        return f"answer {index}"

    def results(self, count: int, limit: int = 4) -> list[tuple[int, str]]:
        return list(BulkCalls(self.send, self.receive, limit).results(count))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_calls, "_OVERLOAD_PAUSE_S", 0.01)
    monkeypatch.setattr(bulk_calls, "_ABSENCE_PAUSE_S", 0.01)


def _gone(times: int) -> list[Exception]:
    return [ServiceUnavailable("gone") for _ in range(times)]


def test_every_item_is_answered_once_whatever_happens_on_the_way() -> None:
    servers = Servers({3: [Overloaded("full"), Overloaded("full")], 5: _gone(3), 7: [RetryLater("later", 0.02)]})
    assert sorted(servers.results(12)) == [(index, f"answer {index}") for index in range(12)]
    assert len(servers.sent) == 12 + 2 + 3 + 1


def test_a_call_that_the_server_cancelled_is_made_again() -> None:
    servers = Servers({3: _gone(1)}, grpc.StatusCode.CANCELLED)
    assert len(servers.results(12)) == 12 and servers.sent.count(3) == 2


def test_an_item_that_loses_every_server_is_given_up() -> None:
    servers = Servers({3: _gone(99)})
    with pytest.raises(ServiceUnavailable, match="gone"):
        servers.results(12)
    assert servers.sent.count(3) == 4


def test_without_any_answer_the_first_failure_is_the_last() -> None:
    servers = Servers({0: _gone(99)})
    with pytest.raises(ServiceUnavailable):
        servers.results(1)
    assert servers.sent == [0]


@pytest.mark.parametrize("code", [grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNIMPLEMENTED])
def test_only_a_server_that_went_away_is_worth_another_call(code: grpc.StatusCode) -> None:
    servers = Servers({5: _gone(1)}, code)
    with pytest.raises(ServiceUnavailable):
        servers.results(12)
    assert servers.sent.count(5) == 1


def test_what_came_before_an_error_is_not_lost_with_it() -> None:
    servers = Servers({5: [InvalidInput.of("motion", "is wrong")]})
    found = []
    with pytest.raises(InvalidInput):
        for pair in BulkCalls(servers.send, servers.receive, 1).results(12):
            found.append(pair)
    assert found == [(index, f"answer {index}") for index in range(5)]


def test_the_time_that_a_server_names_is_waited_for_if_it_is_short() -> None:
    started = time.monotonic()
    assert len(Servers({0: [RetryLater("later", 0.3)]}).results(1)) == 1
    assert time.monotonic() - started >= 0.3
    with pytest.raises(RetryLater):
        Servers({0: [RetryLater("later", 1000.0)]}).results(1)
    assert time.monotonic() - started < 5


def test_calls_that_fail_together_pause_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    sleep = time.sleep
    monkeypatch.setattr(bulk_calls.time, "sleep", lambda seconds: (pauses.append(seconds), sleep(seconds)))
    errors: dict[int, list[Exception]] = {index: [Overloaded("full")] for index in range(8)}
    assert len(Servers(errors).results(8, limit=8)) == 8
    assert len(pauses) < 8
