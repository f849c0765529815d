"""Status codes of gRPC as answers over HTTP, in the form of the Connect protocol."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import json_format
from google.rpc import error_details_pb2, status_pb2

from motion.rpc.status import PUSHBACK_TRAILER

_DETAILS = "grpc-status-details-bin"
_KINDS = {each.DESCRIPTOR.full_name: each for each in (error_details_pb2.BadRequest, error_details_pb2.RetryInfo)}
_HTTP_STATUS = {
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.UNAUTHENTICATED: 401,
}


@dataclass(frozen=True)
class HttpError:
    """The end of a refused call over HTTP.

    Attributes:
        status: status code of HTTP.
        document: the JSON document: `code`, `message` and `details`.
        headers: headers of the answer.
    """

    status: int
    document: dict[str, Any]
    headers: dict[str, str]


def http_error(
    code: grpc.StatusCode, text: str | None, trailers: Iterable[tuple[str, str | bytes]] | None = ()
) -> HttpError:
    """Return the answer over HTTP for the end of a call.

    Args:
        code: status code of gRPC.
        text: sentence for a person.
        trailers: trailing metadata, as in `motion.rpc.status`.
    """
    values = dict(trailers or ())
    name = "canceled" if code is grpc.StatusCode.CANCELLED else code.name.lower()
    document: dict[str, Any] = {"code": name, "message": text or ""}
    if isinstance(packed := values.get(_DETAILS), bytes):
        document["details"] = _details(packed)
    headers = {}
    pause = values.get(PUSHBACK_TRAILER)
    if isinstance(pause, str) and pause.isdecimal():
        headers["Retry-After"] = str(math.ceil(int(pause) / 1000))
    if code is grpc.StatusCode.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "Bearer"
    return HttpError(_HTTP_STATUS.get(code, 500), document, headers)


def _details(packed: bytes) -> list[dict[str, Any]]:
    details = []
    for each in status_pb2.Status.FromString(packed).details:
        name = each.type_url.rpartition("/")[2]
        detail: dict[str, Any] = {"type": name, "value": base64.b64encode(each.value).decode("ascii").rstrip("=")}
        if kind := _KINDS.get(name):
            message = kind.FromString(each.value)
            detail["debug"] = json_format.MessageToDict(message, preserving_proto_field_name=True)
        details.append(detail)
    return details
