"""Traces: a server's span is a part of its client's trace, and nothing is traced that nobody asked for."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import grpc.aio
import pytest
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from motion.rpc import wire
from motion.rpc.async_corrector_client import AsyncRemoteCorrector
from motion.rpc.call_traces import async_client_interceptors, server_interceptors, traced_channel
from motion.rpc.client_security import ClientSecurity
from motion.rpc.corrector_client import SERVICE
from motion.rpc.guard import Guard
from motion.rpc.server_settings import Limits
from motion.shell.extras import MissingExtra
from motion.v1 import corrector_pb2, corrector_pb2_grpc
from sim_server.service import services

pytest.importorskip("opentelemetry.instrumentation.grpc", reason="the extra `trace` is missing")
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


def _memory() -> tuple[TracerProvider, InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider, exporter


@contextmanager
def _traced_server(provider: TracerProvider) -> Iterator[str]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> tuple[grpc.aio.Server, int]:
        guard = Guard([SERVICE], Limits())
        server = grpc.aio.server(interceptors=[*server_interceptors(provider), guard])
        for add in services(SmoothingCorrector()).values():
            add(server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server, port

    server, port = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(5), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _request() -> corrector_pb2.CorrectRequest:
    return corrector_pb2.CorrectRequest(motion=wire.pack_motion(sway()))


def test_a_call_of_a_traced_client_and_its_handling_are_one_trace() -> None:
    provider, exporter = _memory()
    with _traced_server(provider) as address, grpc.insecure_channel(address) as channel:
        stub = corrector_pb2_grpc.CorrectorServiceStub(traced_channel(channel, provider))
        assert stub.Correct(_request()).report.completed == 1.0
        list(stub.CorrectStream(iter([_request()])))
    spans = exporter.get_finished_spans()
    sides = {(span.name.rpartition("/")[2], span.kind.name): span for span in spans}
    assert set(sides) == {(name, kind) for name in ("Correct", "CorrectStream") for kind in ("CLIENT", "SERVER")}
    for name in ("Correct", "CorrectStream"):
        served, called = sides[name, "SERVER"], sides[name, "CLIENT"]
        assert served.parent is not None and served.parent.span_id == called.context.span_id
        assert served.context.trace_id == called.context.trace_id


def test_clients_of_event_loops_are_traced_too_and_send_their_token(monkeypatch: pytest.MonkeyPatch) -> None:
    provider, exporter = _memory()
    monkeypatch.setattr("motion.rpc.call_traces.is_tracing", lambda: True)
    monkeypatch.setattr("motion.rpc.call_traces._provider", lambda: provider)

    async def ask(address: str) -> int:
        async with AsyncRemoteCorrector(address, security=ClientSecurity(token="some-token-0123456789")) as client:
            return len(await client.correct([sway(), sway()]))

    with _traced_server(provider) as address:
        assert asyncio.run(ask(address)) == 2
    spans = exporter.get_finished_spans()
    called = {span.context.span_id for span in spans if span.kind.name == "CLIENT"}
    served = {span.parent.span_id for span in spans if span.kind.name == "SERVER" and span.parent}
    assert len(called) == 2 and served == called


def test_a_traceparent_that_a_client_sends_itself_is_continued() -> None:
    provider, exporter = _memory()
    trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    with _traced_server(provider) as address, grpc.insecure_channel(address) as channel:
        stub = corrector_pb2_grpc.CorrectorServiceStub(channel)
        stub.Correct(_request(), metadata=[("traceparent", f"00-{trace}-{span}-01")])
    (served,) = exporter.get_finished_spans()
    assert f"{served.context.trace_id:032x}" == trace
    assert served.parent is not None and f"{served.parent.span_id:016x}" == span


def test_the_span_of_a_refused_call_has_its_status() -> None:
    provider, exporter = _memory()
    with _traced_server(provider) as address, grpc.insecure_channel(address) as channel:
        stub = corrector_pb2_grpc.CorrectorServiceStub(channel)
        with pytest.raises(grpc.RpcError):
            stub.Correct(corrector_pb2.CorrectRequest())
    (served,) = exporter.get_finished_spans()
    assert served.attributes is not None
    assert served.attributes["rpc.grpc.status_code"] == grpc.StatusCode.INVALID_ARGUMENT.value[0]


def test_nothing_is_traced_unless_the_environment_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", raising=False)
    channel = grpc.insecure_channel("127.0.0.1:1")
    assert server_interceptors() == []
    assert traced_channel(channel) is channel and async_client_interceptors() == []
    channel.close()


def test_what_is_missing_for_traces_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "opentelemetry.instrumentation.grpc", None)
    with pytest.raises(MissingExtra, match=r"plumb-motion\[trace\]"):
        server_interceptors()
