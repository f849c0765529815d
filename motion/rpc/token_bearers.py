"""Interceptors of clients that add a token to the metadata of every call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import grpc
import grpc.aio


class _CallDetails(NamedTuple):
    method: str
    timeout: float | None
    metadata: Any
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: grpc.Compression | None


class TokenBearer(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Adds a token to the metadata of every call of a channel."""

    def __init__(self, token: str):
        self._header = _header(token)

    def _intercept(self, continuation: Callable[[Any, Any], Any], details: Any, request: Any) -> Any:
        values = {name: getattr(details, name, None) for name in _CallDetails._fields}
        values["metadata"] = [*(details.metadata or ()), self._header]
        return continuation(_CallDetails._make(values.values()), request)

    intercept_unary_unary: Any = _intercept
    intercept_unary_stream: Any = _intercept
    intercept_stream_unary: Any = _intercept
    intercept_stream_stream: Any = _intercept


def async_token_bearers(token: str) -> Sequence[grpc.aio.ClientInterceptor]:
    """Return the interceptors of a channel of `grpc.aio`, which takes one for each kind of call."""
    header = _header(token)

    async def intercept(_: Any, continuation: Callable[[Any, Any], Any], details: Any, request: Any) -> Any:
        metadata = grpc.aio.Metadata(*(details.metadata or ()), header)
        return await continuation(details._replace(metadata=metadata), request)

    kinds = {
        "unary_unary": grpc.aio.UnaryUnaryClientInterceptor,
        "unary_stream": grpc.aio.UnaryStreamClientInterceptor,
        "stream_unary": grpc.aio.StreamUnaryClientInterceptor,
        "stream_stream": grpc.aio.StreamStreamClientInterceptor,
    }
    return [type("AsyncTokenBearer", (kind,), {f"intercept_{name}": intercept})() for name, kind in kinds.items()]


def _header(token: str) -> tuple[str, str]:
    return "authorization", f"Bearer {token}"
