"""The interceptor around every call: asks who calls, admits, reads, maps exceptions to status codes, and reports."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from motion.errors import InvalidInput, PlumbError, ServiceUnavailable
from motion.rpc.access import check_right, identify
from motion.rpc.admission import Admission
from motion.rpc.call_log import CallRecord, motion_frames, request_id
from motion.rpc.server_settings import Limits
from motion.rpc.status import files_refusal, is_about_server, refusal_for
from motion.rpc.tokens import TokenFile

if TYPE_CHECKING:
    from motion.rpc.call_metrics import CallMetrics

_log = logging.getLogger(__name__)
_END: Any = grpc.aio.EOF  # pyright: ignore[reportAttributeAccessIssue]


class Guard(grpc.aio.ServerInterceptor):
    """A server interceptor that admits calls and lets no exception leave except as a status code.

    Who calls, and whether they may, is settled before the request is read; the bytes of a request are counted before
    it is decoded. An unexpected exception is logged under the id of the request; the client gets this id and nothing
    else about the exception. Health checks are not guarded, so that a server at its limit still answers them, nor is
    reflection where no tokens are asked for.

    Args:
        services: full names of the services to guard.
        limits: what the server takes.
        tokens: the tokens that it accepts; None if it asks for none.
        metrics: counts the calls, if given.
        others: full names of services that are guarded only if there are tokens.
    """

    def __init__(
        self,
        services: Collection[str],
        limits: Limits,
        tokens: TokenFile | None = None,
        metrics: CallMetrics | None = None,
        others: Collection[str] = (),
    ):
        self._services = frozenset(services) | (frozenset(others) if tokens else frozenset())
        self._limits = limits
        self._tokens = tokens
        self._metrics = metrics
        self._admission = Admission(limits)

    async def intercept_service(self, continuation: Any, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Wrap the handler of a call to a guarded service."""
        handler = await continuation(handler_call_details)
        method: str = handler_call_details.method  # pyright: ignore[reportAttributeAccessIssue]
        if handler is None or method.strip("/").partition("/")[0] not in self._services:
            return handler
        return self._wrap(handler, method)

    def _wrap(self, handler: Any, method: str) -> Any:
        """Return a handler of undecoded messages that runs `handler`.

        It takes a stream whatever `handler` takes, which is the same on the wire: then the call begins before its
        request has been read.
        """
        request_kind, response_kind = (
            "stream" if streaming else "unary" for streaming in (handler.request_streaming, handler.response_streaming)
        )
        behaviour = getattr(handler, f"{request_kind}_{response_kind}")
        decode = handler.request_deserializer

        @asynccontextmanager
        async def begin(context: grpc.aio.ServicerContext) -> AsyncIterator[tuple[CallRecord, Any]]:
            async with self._call(method, context) as record:
                if handler.request_streaming:
                    yield record, _decoded_stream(context, decode)
                    return
                raw = await self._read(context)
                if self._metrics:
                    self._metrics.record_request(method, len(raw))
                with self._admission.message(len(raw)):
                    request = _decoded(raw, decode)
                    del raw
                    yield record, request

        async def stream(_: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
            async with begin(context) as (record, request), aclosing(behaviour(request, context)) as responses:
                async for response in responses:
                    self._count(method, record, response)
                    yield response

        async def unary(_: Any, context: grpc.aio.ServicerContext) -> Any:
            async with begin(context) as (record, request):
                response = await behaviour(request, context)
                self._count(method, record, response)
                return response

        if handler.response_streaming:
            return grpc.stream_stream_rpc_method_handler(stream, None, handler.response_serializer)
        return grpc.stream_unary_rpc_method_handler(unary, None, handler.response_serializer)

    @asynccontextmanager
    async def _call(self, method: str, context: grpc.aio.ServicerContext) -> AsyncIterator[CallRecord]:
        started = time.perf_counter()
        record = CallRecord(request_id(context.invocation_metadata() or ()), method)
        code = grpc.StatusCode.OK
        if self._metrics:
            self._metrics.record_start(method)
        try:
            client = identify(context, self._tokens)
            record.client = client.name
            check_right(client, method)
            _check_deadline(context)
            with self._admission.call(client):
                yield record
        except PlumbError as error:
            about_server = is_about_server(error)
            if about_server:
                _log.error("%s failed, request id %s: %s", method, record.request_id, error)
            refusal = files_refusal(record.request_id) if about_server else refusal_for(error)
            code = refusal.code
            await context.abort(*refusal)
        except grpc.aio.AbortError:
            code = grpc.StatusCode.UNKNOWN
            raise
        except asyncio.CancelledError:
            code = grpc.StatusCode.CANCELLED
            raise
        except Exception:
            code = grpc.StatusCode.INTERNAL
            _log.exception("%s failed, request id %s", method, record.request_id)
            text = f"internal error of the server; its log has the details under {record.request_id}"
            await context.abort(code, text)
        finally:
            record.finish(code.name, time.perf_counter() - started)
            if self._metrics:
                self._metrics.record_call(method, code.name, record.seconds)

    def _count(self, method: str, record: CallRecord, response: Any) -> None:
        frames = motion_frames(response)
        record.frames += frames
        if self._metrics:
            self._metrics.record_response(method, response)

    async def _read(self, context: grpc.aio.ServicerContext) -> bytes:
        """Read the request of a call that has one."""
        try:
            async with asyncio.timeout(self._limits.read_seconds):
                raw = await context.read()
        except TimeoutError:
            seconds = f"{self._limits.read_seconds:g} s"
            raise ServiceUnavailable(f"the request did not arrive within {seconds} of the call") from None
        if raw is _END:
            raise InvalidInput.of("request", "is missing; must be one message")
        return raw


def _check_deadline(context: grpc.aio.ServicerContext) -> None:
    remaining = context.time_remaining()
    if remaining is not None and remaining <= 0:
        raise ServiceUnavailable("the deadline had passed when the call arrived")


def _decoded(raw: bytes, decode: Callable[[bytes], Any]) -> Any:
    try:
        return decode(raw)
    except DecodeError as error:
        raise InvalidInput.of("request", "cannot be decoded; must be a message of the service's .proto file") from error


async def _decoded_stream(context: grpc.aio.ServicerContext, decode: Callable[[bytes], Any]) -> AsyncIterator[Any]:
    while (raw := await context.read()) is not _END:
        yield _decoded(raw, decode)
