"""Conversion of errors to gRPC status codes and back, so that a remote call raises the same errors as a local one."""

from __future__ import annotations

import math
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from motion.errors import InvalidInput, NotFound, Overloaded, PlumbError, ServiceUnavailable, Violation
from motion.rpc.denials import PermissionDenied, RetryLater, Unauthenticated, Unreachable

PUSHBACK_TRAILER = "grpc-retry-pushback-ms"
"""Trailer that tells the gRPC library of the client after how many milliseconds to retry."""
_PUSHBACK_MS = "200"
_NO_RETRY = "-1"  # as push-back: the gRPC library of the client hands the error on at once
_MAX_PUSHBACK_S = 5.0
_DETAILS_TRAILER = "grpc-status-details-bin"
# Status and details are sent in HTTP/2 headers, which must be small.
_MAX_VIOLATIONS = 16
_MAX_TEXT = 500


class Refusal(NamedTuple):
    """The end of a refused call: the arguments of `ServicerContext.abort`.

    Attributes:
        code: gRPC status code.
        details: one sentence for a person.
        trailing_metadata: machine-readable details.
    """

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, str | bytes], ...] = ()


def refusal_for(error: PlumbError) -> Refusal:
    """Return the status with which a server reports `error` to its client.

    `InvalidInput` includes its violations as `google.rpc.BadRequest`, `Overloaded` the time after which to retry, and
    `RetryLater` that time as `google.rpc.RetryInfo` too.
    """
    match error:
        case InvalidInput():
            return _bad_request(error)
        case RetryLater():
            return _retry_later(error)
        case Unauthenticated():
            return Refusal(grpc.StatusCode.UNAUTHENTICATED, _shortened(str(error)))
        case PermissionDenied():
            return Refusal(grpc.StatusCode.PERMISSION_DENIED, _shortened(str(error)))
        case NotFound():
            return Refusal(grpc.StatusCode.NOT_FOUND, _shortened(str(error)))
        case Overloaded():
            pushback = ((PUSHBACK_TRAILER, _PUSHBACK_MS),)
            return Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, _shortened(str(error)), pushback)
        case ServiceUnavailable():
            return Refusal(grpc.StatusCode.UNAVAILABLE, _shortened(str(error)))
        case _:
            return Refusal(grpc.StatusCode.FAILED_PRECONDITION, _shortened(str(error)))


def _bad_request(error: InvalidInput) -> Refusal:
    message = _shortened(str(error))
    violations = [
        error_details_pb2.BadRequest.FieldViolation(
            field=_shortened(violation.field), description=_shortened(violation.description)
        )
        for violation in error.violations[:_MAX_VIOLATIONS]
    ]
    details = _details(code_pb2.INVALID_ARGUMENT, message, error_details_pb2.BadRequest(field_violations=violations))
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, message, (details,))


def _retry_later(error: RetryLater) -> Refusal:
    message = _shortened(str(error))
    pause = Duration()
    pause.FromMilliseconds(math.ceil(error.seconds * 1000))
    details = _details(code_pb2.RESOURCE_EXHAUSTED, message, error_details_pb2.RetryInfo(retry_delay=pause))
    pushback = str(pause.ToMilliseconds()) if error.seconds <= _MAX_PUSHBACK_S else _NO_RETRY
    return Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, message, ((PUSHBACK_TRAILER, pushback), details))


def _details(code: int, message: str, detail: Any) -> tuple[str, bytes]:
    status = status_pb2.Status(code=code, message=message)
    status.details.add().Pack(detail)
    return _DETAILS_TRAILER, status.SerializeToString()


def is_about_server(error: PlumbError) -> bool:
    """Return whether an error is about a file of the server, which is nothing that a client may know of or could mend.

    Requests have no paths; so a field that is one is that of a file which cannot be read or written.
    """
    return isinstance(error, InvalidInput) and any(
        PurePosixPath(violation.field).is_absolute() or PureWindowsPath(violation.field).is_absolute()
        for violation in error.violations
    )


def files_refusal(request_id: str) -> Refusal:
    """Return the status for an error that is about a file of the server.

    Args:
        request_id: what the server's log has the details under.
    """
    text = f"the server cannot read or write a file of its own; its log has the details under {request_id}"
    return Refusal(grpc.StatusCode.FAILED_PRECONDITION, text)


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 3] + "..."


def error_from_call(call: grpc.RpcError, peer: str) -> PlumbError:
    """Return the error that a failed call raises in the caller.

    Args:
        call: the exception of the gRPC library.
        peer: who was called, for the text (`sim server at HOST:PORT`).
    """
    code, details = call.code(), call.details() or ""  # pyright: ignore[reportAttributeAccessIssue]
    match code:
        case grpc.StatusCode.INVALID_ARGUMENT:
            return InvalidInput(_violations_of(call) or [Violation("request", details)])
        case grpc.StatusCode.NOT_FOUND:
            return NotFound(details)
        case grpc.StatusCode.RESOURCE_EXHAUSTED if "larger than max" in details:
            return InvalidInput.of("message", f"is too large for the {peer} ({details})")
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            text = f"the {peer} is overloaded ({details})"
            pause = _detail_of(call, error_details_pb2.RetryInfo())
            return RetryLater(text, pause.retry_delay.ToMilliseconds() / 1000) if pause else Overloaded(text)
        case grpc.StatusCode.UNAUTHENTICATED:
            return Unauthenticated(f"the {peer} does not accept the call: {details}")
        case grpc.StatusCode.PERMISSION_DENIED:
            return PermissionDenied(f"the {peer} does not allow the call: {details}")
        case grpc.StatusCode.UNAVAILABLE if _is_untrusted(details):
            return Unreachable(f"no TLS connection to the {peer} ({details})")
        case grpc.StatusCode.UNAVAILABLE if _is_unreachable(details):
            return Unreachable(f"there is no {peer} ({details})")
        case grpc.StatusCode.UNAVAILABLE:
            return ServiceUnavailable(f"the {peer} went away before it answered ({details})")
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return ServiceUnavailable(f"the {peer} did not answer in time")
        case grpc.StatusCode.CANCELLED:
            return ServiceUnavailable(f"the call to the {peer} was cancelled")
        case grpc.StatusCode.UNIMPLEMENTED:
            return ServiceUnavailable(f"what answers is no {peer} ({details})")
        case grpc.StatusCode.FAILED_PRECONDITION:
            return PlumbError(details)
        case _:
            return PlumbError(f"the {peer} failed: {details or code.name}")


def _violations_of(call: grpc.RpcError) -> list[Violation]:
    found = _detail_of(call, error_details_pb2.BadRequest())
    return [Violation(each.field, each.description) for each in found.field_violations] if found else []


def _detail_of(call: grpc.RpcError, detail: Any) -> Any:
    """Return the detail of a failed call that is a message of the type of `detail`; None if there is none."""
    try:
        status = rpc_status.from_call(call)  # pyright: ignore[reportArgumentType]
    except ValueError:  # the details contradict the status, which counts
        return None
    for each in status.details if status else ():
        if each.Is(detail.DESCRIPTOR):
            each.Unpack(detail)
            return detail
    return None


def _is_untrusted(details: str) -> bool:
    return any(sign in details.lower() for sign in ("handshake failed", "verification check failed"))


def _is_unreachable(details: str) -> bool:
    signs = ("failed to connect", "connection refused", "name resolution", "dns resolution", "empty address list")
    return any(sign in details.lower() for sign in signs)
