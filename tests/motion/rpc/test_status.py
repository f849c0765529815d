"""Errors keep their meaning over the wire."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from motion.errors import InvalidInput, NotFound, Overloaded, PlumbError, ServiceUnavailable
from motion.rpc.denials import PermissionDenied, RetryLater, Unauthenticated
from motion.rpc.status import PUSHBACK_TRAILER, Refusal, error_from_call, is_about_server, refusal_for


class FailedCall(grpc.RpcError):
    """A call that ended with a refusal, as the client sees it."""

    def __init__(self, refusal: Refusal):
        self._refusal = refusal

    def code(self) -> grpc.StatusCode:
        return self._refusal.code

    def details(self) -> str:
        return self._refusal.details

    def trailing_metadata(self) -> Any:
        return self._refusal.trailing_metadata


@pytest.mark.parametrize(
    "error",
    [
        InvalidInput.of("seed", "is -1; must be at least 0"),
        NotFound("no policy"),
        Overloaded("full"),
        RetryLater("later", 61.25),
        ServiceUnavailable("ends"),
        Unauthenticated("no token"),
        PermissionDenied("no right"),
        PlumbError("not now"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_client_raises_the_error_that_the_server_raised(error: PlumbError) -> None:
    received = error_from_call(FailedCall(refusal_for(error)), "sim server")
    assert type(received) is type(error) and str(error) in str(received)
    if isinstance(error, RetryLater):
        assert isinstance(received, RetryLater) and received.seconds == error.seconds


@pytest.mark.parametrize(("seconds", "pushback"), [(0.25, "250"), (5.0, "5000"), (60.0, "-1")])
def test_the_library_repeats_a_call_by_itself_only_if_it_is_soon(seconds: float, pushback: str) -> None:
    assert dict(refusal_for(RetryLater("later", seconds)).trailing_metadata)[PUSHBACK_TRAILER] == pushback


def test_an_error_about_a_file_of_the_server_is_none_of_the_request() -> None:
    assert is_about_server(InvalidInput.of("/var/lib/plumb/checkpoints", "cannot be written: No space left on device"))
    assert is_about_server(InvalidInput.of("C:\\plumb\\x", "cannot be written"))
    assert not is_about_server(InvalidInput.of("motion.positions", "is /etc/passwd; must be numbers"))
    assert not is_about_server(NotFound("/etc"))
