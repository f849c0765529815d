"""Traces of calls by OpenTelemetry, sent by OTLP where its usual environment variables say.

Nothing is traced unless `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is set; all other
variables of OpenTelemetry's SDK hold too, such as `OTEL_SERVICE_NAME` and `OTEL_TRACES_SAMPLER`. A client sends
`traceparent` in the metadata of its calls (W3C Trace Context), and the span of the server is then a part of its trace.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio

from motion.shell.extras import DISTRIBUTION, MissingExtra

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def is_tracing() -> bool:
    """Return whether the environment asks for traces."""
    return any(os.environ.get(name) for name in _ENDPOINTS)


def server_interceptors(provider: TracerProvider | None = None) -> Sequence[grpc.aio.ServerInterceptor]:
    """Return the interceptors that trace the calls of a server, all but health checks.

    Args:
        provider: makes the spans; None for what the environment says, which may be no tracing at all.

    Raises:
        MissingExtra: the environment asks for traces, and OpenTelemetry is not installed.
    """
    if provider is None and not is_tracing():
        return []
    with _explained():
        from opentelemetry.instrumentation.grpc import aio_server_interceptor
        from opentelemetry.instrumentation.grpc.filters import health_check, negate
    return [aio_server_interceptor(provider or _provider(), filter_=negate(health_check()))]


def traced_channel(channel: grpc.Channel, provider: TracerProvider | None = None) -> grpc.Channel:
    """Return a channel whose calls are traced and carry `traceparent`, or the channel itself if nothing is traced.

    Args:
        channel: the channel.
        provider: as for `server_interceptors`.

    Raises:
        MissingExtra: the environment asks for traces, and OpenTelemetry is not installed.
    """
    if provider is None and not is_tracing():
        return channel
    with _explained():
        from opentelemetry.instrumentation.grpc import client_interceptor
        from opentelemetry.instrumentation.grpc.grpcext import intercept_channel
    interceptor: Any = client_interceptor(provider or _provider())
    return intercept_channel(channel, interceptor)


def async_client_interceptors(provider: TracerProvider | None = None) -> Sequence[grpc.aio.ClientInterceptor]:
    """Return the interceptors that do for a channel of `grpc.aio` what `traced_channel` does for others.

    Args:
        provider: as for `server_interceptors`.

    Raises:
        MissingExtra: the environment asks for traces, and OpenTelemetry is not installed.
    """
    if provider is None and not is_tracing():
        return []
    with _explained():
        from opentelemetry.instrumentation.grpc import aio_client_interceptors
    return aio_client_interceptors(provider or _provider())


@contextmanager
def _explained() -> Iterator[None]:
    """Say which extra brings what is missing; other extras bring other parts of OpenTelemetry's package."""
    try:
        yield
    except ModuleNotFoundError as error:
        text = f"the environment asks for traces, and the module {error.name!r} is not installed"
        raise MissingExtra(f"{text}: pip install '{DISTRIBUTION}[trace]'") from error


@functools.cache
def _provider() -> TracerProvider:
    with _explained():
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "plumb"}
    provider = TracerProvider(resource=Resource.create(name))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
