"""Errors as gRPC status codes, and back: a remote call raises what the same call in-process would."""

from __future__ import annotations

from typing import NamedTuple

import grpc
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from motion.errors import InvalidInput, NotFound, Overloaded, PlumbError, ServiceUnavailable, Violation

PUSHBACK_TRAILER = "grpc-retry-pushback-ms"
"""Tells the retrying client, inside its gRPC library, when to come again."""
_PUSHBACK_MS = "200"
_DETAILS_TRAILER = "grpc-status-details-bin"
# Status and details travel in HTTP/2 headers, which have a small limit of their own.
_MAX_VIOLATIONS = 16
_MAX_TEXT = 500


class Refusal(NamedTuple):
    """What a call is ended with: the arguments of `ServicerContext.abort`."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, str | bytes], ...] = ()


def refusal_of(error: PlumbError) -> Refusal:
    """How a server says `error` to its client.

    `InvalidInput` carries its violations along, as `google.rpc.BadRequest`; `Overloaded` says when to come again.
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


def error_of(call: grpc.RpcError, peer: str) -> PlumbError:
    """What the failed `call` means to its caller; `peer` says in words who was called (`sim server at HOST:PORT`)."""
    code, details = call.code(), call.details() or ""  # pyright: ignore[reportAttributeAccessIssue]
    match code:
        case grpc.StatusCode.INVALID_ARGUMENT:
            return InvalidInput(_violations_of(call) or [Violation("request", details)])
        case grpc.StatusCode.NOT_FOUND:
            return NotFound(details)
        case grpc.StatusCode.RESOURCE_EXHAUSTED if "larger than max" in details:
            return InvalidInput.of("message", f"is too large for the {peer} ({details})")
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return Overloaded(f"the {peer} has as much to do as it takes on ({details})")
        case grpc.StatusCode.UNAVAILABLE if _never_reached(details):
            return ServiceUnavailable(f"there is no {peer} ({details})")
        case grpc.StatusCode.UNAVAILABLE:
            return ServiceUnavailable(f"the {peer} went away before it answered ({details})")
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return ServiceUnavailable(f"the {peer} did not answer in the time it was given")
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
    except ValueError:  # details that contradict the status: believe the status
        return []
    found = error_details_pb2.BadRequest()
    for detail in status.details if status else ():
        if detail.Is(found.DESCRIPTOR):
            detail.Unpack(found)
            return [Violation(violation.field, violation.description) for violation in found.field_violations]
    return []


def _never_reached(details: str) -> bool:
    signs = ("failed to connect", "connection refused", "name resolution", "dns resolution", "empty address list")
    return any(sign in details.lower() for sign in signs)
