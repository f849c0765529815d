"""The interceptor around every call: limits concurrent calls, maps exceptions to status codes, counts calls."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio

from motion.errors import Overloaded, PlumbError, ServiceUnavailable
from motion.rpc.status import refusal_for

if TYPE_CHECKING:
    from motion.rpc.call_metrics import CallMetrics

_log = logging.getLogger(__name__)

CallContext = Callable[[grpc.aio.ServicerContext], AbstractAsyncContextManager[None]]
"""Makes the context manager that a call runs in."""


class Guard(grpc.aio.ServerInterceptor):
    """A server interceptor that limits concurrent calls and lets no exception leave except as a status code.

    Calls beyond the limit are refused with RESOURCE_EXHAUSTED and the time after which to retry. Health checks and
    reflection are not among `services`, so that a server at its limit still answers them. An unexpected exception is
    logged under a random id; the client gets this id and nothing else about the exception.

    Args:
        services: full names of the services to guard.
        max_calls: maximum number of concurrent calls of all services together.
        metrics: counts the calls, if given.
    """

    def __init__(self, services: Collection[str], max_calls: int, metrics: CallMetrics | None = None):
        self._services = frozenset(services)
        self._max_calls = max_calls
        self._metrics = metrics
        self._active = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False

    async def drain(self) -> None:
        """Refuse new calls, and wait until the running ones have ended."""
        self._closing = True
        await self._idle.wait()

    async def intercept_service(self, continuation: Any, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Wrap the handler of a call to a guarded service."""
        handler = await continuation(handler_call_details)
        method: str = handler_call_details.method  # pyright: ignore[reportAttributeAccessIssue]
        if handler is None or method.strip("/").partition("/")[0] not in self._services:
            return handler
        return _wrap(handler, lambda context: self._call(method, context), self._response_counter(method))

    def _response_counter(self, method: str) -> Callable[[Any], None] | None:
        metrics = self._metrics
        return (lambda response: metrics.record_response(method, response)) if metrics else None

    @asynccontextmanager
    async def _call(self, method: str, context: grpc.aio.ServicerContext) -> AsyncIterator[None]:
        started = time.perf_counter()
        code = grpc.StatusCode.OK
        self._enter()
        try:
            self._admit(context)
            yield
        except PlumbError as error:
            refusal = refusal_for(error)
            code = refusal.code
            await context.abort(*refusal)
        except grpc.aio.AbortError:
            code = grpc.StatusCode.UNKNOWN
            raise
        except asyncio.CancelledError:
            code = grpc.StatusCode.CANCELLED
            raise
        except Exception:
            error_id = uuid.uuid4().hex[:8]
            code = grpc.StatusCode.INTERNAL
            _log.exception("%s failed, error id %s", method, error_id)
            await context.abort(code, f"internal error of the server; its log has the details under {error_id}")
        finally:
            self._leave()
            if self._metrics:
                self._metrics.record_call(method, code.name, time.perf_counter() - started)

    def _admit(self, context: grpc.aio.ServicerContext) -> None:
        if self._closing:
            raise ServiceUnavailable("the server is shutting down")
        if self._active > self._max_calls:
            raise Overloaded(f"{self._max_calls} calls are running, which is the limit")
        remaining = context.time_remaining()
        if remaining is not None and remaining <= 0:
            raise ServiceUnavailable("the deadline had passed when the call arrived")

    def _enter(self) -> None:
        self._active += 1
        self._idle.clear()

    def _leave(self) -> None:
        self._active -= 1
        if not self._active:
            self._idle.set()


def _wrap(handler: Any, call_context: CallContext, count: Callable[[Any], None] | None) -> Any:
    """Return a handler that runs each call of `handler` inside `call_context` and passes its responses to `count`."""
    if handler.response_streaming:
        behaviour = handler.stream_stream if handler.request_streaming else handler.unary_stream

        async def stream(request: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
            async with call_context(context), aclosing(behaviour(request, context)) as responses:
                async for response in responses:
                    if count:
                        count(response)
                    yield response

        make = (
            grpc.stream_stream_rpc_method_handler if handler.request_streaming else grpc.unary_stream_rpc_method_handler
        )
        return make(stream, handler.request_deserializer, handler.response_serializer)

    behaviour = handler.stream_unary if handler.request_streaming else handler.unary_unary

    async def unary(request: Any, context: grpc.aio.ServicerContext) -> Any:
        async with call_context(context):
            response = await behaviour(request, context)
            if count:
                count(response)
            return response

    make = grpc.stream_unary_rpc_method_handler if handler.request_streaming else grpc.unary_unary_rpc_method_handler
    return make(unary, handler.request_deserializer, handler.response_serializer)
