"""Conversion of errors to gRPC status codes and back, so that a remote call raises the same errors as a local one."""

from __future__ import annotations

from typing import NamedTuple

import grpc
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from motion.errors import InvalidInput, NotFound, Overloaded, PlumbError, ServiceUnavailable, Violation

PUSHBACK_TRAILER = "grpc-retry-pushback-ms"
"""Trailer that tells the gRPC library of the client after how many milliseconds to retry."""
_PUSHBACK_MS = "200"
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

    `InvalidInput` includes its violations as `google.rpc.BadRequest`, `Overloaded` the time after which to retry.
    """
    match error:
        case InvalidInput():
            return _bad_request(error)
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
    status = status_pb2.Status(code=code_pb2.INVALID_ARGUMENT, message=message)
    status.details.add().Pack(error_details_pb2.BadRequest(field_violations=violations))
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, message, ((_DETAILS_TRAILER, status.SerializeToString()),))


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
            return Overloaded(f"the {peer} is overloaded ({details})")
        case grpc.StatusCode.UNAVAILABLE if _is_unreachable(details):
            return ServiceUnavailable(f"there is no {peer} ({details})")
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
    try:
        status = rpc_status.from_call(call)  # pyright: ignore[reportArgumentType]
    except ValueError:  # the details contradict the status, which counts
        return []
    found = error_details_pb2.BadRequest()
    for detail in status.details if status else ():
        if detail.Is(found.DESCRIPTOR):
            detail.Unpack(found)
            return [Violation(violation.field, violation.description) for violation in found.field_violations]
    return []


def _is_unreachable(details: str) -> bool:
    signs = ("failed to connect", "connection refused", "name resolution", "dns resolution", "empty address list")
    return any(sign in details.lower() for sign in signs)
