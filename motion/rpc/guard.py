"""What stands around every call of a service: admission, status codes for exceptions, and counting."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Any

import grpc
import grpc.aio

from motion.errors import Overloaded, PlumbError, ServiceUnavailable
from motion.rpc.call_metrics import CallMetrics
from motion.rpc.status import refusal_of

_log = logging.getLogger(__name__)

Around = Callable[[grpc.aio.ServicerContext], AbstractAsyncContextManager[None]]


class Guard(grpc.aio.ServerInterceptor):
    """Admits at most `max_calls` calls at a time to `services`, and lets no exception out but as a status code.

    Calls beyond that are refused with RESOURCE_EXHAUSTED and the time after which to come again. Health and
    reflection are not among `services`, so a full server still says that it is well. An exception that no one raised
    on purpose is logged here under a mark that the client is told, and nothing more.
    """

    def __init__(self, services: Collection[str], max_calls: int, metrics: CallMetrics | None = None):
        self._services = frozenset(services)
        self._max_calls = max_calls
        self._metrics = metrics
        self._active = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False

    async def drained(self) -> None:
        """Admit no more calls, and wait until those that are under way have ended."""
        self._closing = True
        await self._idle.wait()

    async def intercept_service(self, continuation: Any, handler_call_details: grpc.HandlerCallDetails) -> Any:
        handler = await continuation(handler_call_details)
        method: str = handler_call_details.method  # pyright: ignore[reportAttributeAccessIssue]
        if handler is None or method.strip("/").partition("/")[0] not in self._services:
            return handler
        return _surrounded(handler, lambda context: self._call(method, context), self._count_frames(method))

    def _count_frames(self, method: str) -> Callable[[Any], None] | None:
        metrics = self._metrics
        return (lambda response: metrics.answered(method, response)) if metrics else None

    @asynccontextmanager
    async def _call(self, method: str, context: grpc.aio.ServicerContext) -> AsyncIterator[None]:
        started = time.perf_counter()
        code = grpc.StatusCode.OK
        self._enter()
        try:
            self._admit(context)
            yield
        except PlumbError as error:
            refusal = refusal_of(error)
            code = refusal.code
            await context.abort(*refusal)
        except grpc.aio.AbortError:
            code = grpc.StatusCode.UNKNOWN
            raise
        except asyncio.CancelledError:
            code = grpc.StatusCode.CANCELLED
            raise
        except Exception:
            mark = uuid.uuid4().hex[:8]
            code = grpc.StatusCode.INTERNAL
            _log.exception("%s failed, mark %s", method, mark)
            await context.abort(code, f"an error of the server's own; its log has it under {mark}")
        finally:
            self._leave()
            if self._metrics:
                self._metrics.ended(method, code.name, time.perf_counter() - started)

    def _admit(self, context: grpc.aio.ServicerContext) -> None:
        if self._closing:
            raise ServiceUnavailable("the server is shutting down")
        if self._active > self._max_calls:
            raise Overloaded(f"{self._max_calls} calls are under way, which is the limit")
        remaining = context.time_remaining()
        if remaining is not None and remaining <= 0:
            raise ServiceUnavailable("the deadline had passed when the call came")

    def _enter(self) -> None:
        self._active += 1
        self._idle.clear()

    def _leave(self) -> None:
        self._active -= 1
        if not self._active:
            self._idle.set()


def _surrounded(handler: Any, around: Around, answered: Callable[[Any], None] | None) -> Any:
    """`handler` with `around` about each call of it, and `answered` told of each of its answers."""
    if handler.response_streaming:
        behaviour = handler.stream_stream if handler.request_streaming else handler.unary_stream

        async def stream(request: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
            async with around(context), aclosing(behaviour(request, context)) as responses:
                async for response in responses:
                    if answered:
                        answered(response)
                    yield response

        make = (
            grpc.stream_stream_rpc_method_handler if handler.request_streaming else grpc.unary_stream_rpc_method_handler
        )
        return make(stream, handler.request_deserializer, handler.response_serializer)

    behaviour = handler.stream_unary if handler.request_streaming else handler.unary_unary

    async def unary(request: Any, context: grpc.aio.ServicerContext) -> Any:
        async with around(context):
            response = await behaviour(request, context)
            if answered:
                answered(response)
            return response

    make = grpc.stream_unary_rpc_method_handler if handler.request_streaming else grpc.unary_unary_rpc_method_handler
    return make(unary, handler.request_deserializer, handler.response_serializer)
