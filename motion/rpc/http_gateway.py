"""The services of a gRPC server as JSON over HTTP, for browsers and scripts.

A call is `POST /motion.v1.CorrectorService/Correct`, and `GET /healthz` says whether the server takes calls. Requests
and answers have the form of the Connect protocol's unary calls. Each is made as a gRPC call to the same server over a
socket that only this process can reach, so tokens, rights, limits, log and metrics are those of the gRPC server. Calls
that send a stream are not offered; those that answer with one write a JSON document a line.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from aiohttp import web
from google.protobuf import descriptor_pool, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc

from motion.errors import PlumbError, ServiceUnavailable
from motion.rpc import MAX_RESPONSE_BYTES
from motion.rpc.access import check_right, identify
from motion.rpc.address import is_loopback
from motion.rpc.admission import ByteBudget
from motion.rpc.denials import PermissionDenied, Unauthenticated
from motion.rpc.http_errors import HttpError, http_error
from motion.rpc.http_json import format_message, parse_message
from motion.rpc.http_request import HttpCaller, call_metadata, call_timeout, check_host
from motion.rpc.server_settings import ServerSettings
from motion.rpc.status import refusal_for
from motion.rpc.tokens import TokenFile
from motion.rpc.watched_files import WatchedFiles

_LARGE_BYTES = 2**18  # reading longer documents would keep the event loop from other calls
_PARSED_SIZE = 8  # memory that a document takes while it is read, for each byte of it
_SHUTDOWN_SECONDS = 2.0


@dataclass(frozen=True)
class _Method:
    """A method of a service: full name, and the classes of its messages."""

    name: str
    request: Any
    response: Any
    streams_requests: bool
    streams_responses: bool


class HttpGateway:
    """Answers calls over HTTP by making them over gRPC; belongs to one event loop.

    Args:
        services: full names of the services.
        settings: those of the gRPC server.
        tokens: the tokens that the server accepts; None if it asks for none.

    Attributes:
        target: address of the socket that the gRPC server has to listen on, without TLS.
    """

    def __init__(self, services: Collection[str], settings: ServerSettings, tokens: TokenFile | None):
        self._folder = tempfile.TemporaryDirectory(prefix="plumb-")  # only its owner can enter it
        self.target = f"unix:{Path(self._folder.name) / 'grpc'}"
        self._services = tuple(services)
        self._methods = {method.name: method for name in services for method in _methods_of(name)}
        self._settings = settings
        self._tokens = tokens
        self._budget = ByteBudget(settings.limits.pending_bytes)
        self._tls = _ReloadedTls(settings) if settings.security.tls_cert else None
        self._channel = grpc.aio.insecure_channel(
            self.target, options=[("grpc.max_receive_message_length", MAX_RESPONSE_BYTES), ("grpc.enable_retries", 0)]
        )
        application = web.Application(client_max_size=settings.limits.message_bytes, middlewares=[self._with_headers])
        application.router.add_get("/healthz", self._health)
        application.router.add_post("/{service}/{method}", self._call)
        # When a client goes away its call is cancelled, and its motion leaves the corrector.
        self._runner = web.AppRunner(
            application, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS
        )

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port, which differs from `port` only if that is 0.

        Raises:
            OSError: the port is in use.
        """
        await self._runner.setup()
        site = web.TCPSite(self._runner, host.strip("[]"), port, ssl_context=self._tls.context if self._tls else None)
        await site.start()
        return self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening, and let go of the socket."""
        await self._runner.cleanup()
        await self._channel.close()
        self._folder.cleanup()

    @web.middleware
    async def _with_headers(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Answer what browsers ask before a call, and turn errors to documents."""
        if self._tls:
            self._tls.reload()
        allowed = self._allowed_origin(request)
        if request.method == "OPTIONS" and allowed:
            return web.Response(status=204, headers=allowed | _PREFLIGHT)
        try:
            response = await handler(request)
        except web.HTTPException as error:
            text = error.text or error.reason
            return web.json_response({"code": "unimplemented", "message": text}, status=error.status, headers=allowed)
        if not response.prepared:
            response.headers.update(allowed)
        return response

    def _allowed_origin(self, request: web.Request) -> dict[str, str]:
        origin = request.headers.get("Origin")
        if origin is None or not {origin, "*"} & set(self._settings.http_origins):
            return {}
        return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}

    async def _health(self, _: web.Request) -> web.Response:
        stub: Any = health_pb2_grpc.HealthStub(self._channel)
        states = {}
        for name in self._services:
            answer = await stub.Check(health_pb2.HealthCheckRequest(service=name))
            states[name] = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
        return web.json_response(states, status=200 if set(states.values()) == {"SERVING"} else 503)

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = self._methods.get(f"/{request.match_info['service']}/{request.match_info['method']}")
        if method is None:
            return _refused(http_error(grpc.StatusCode.UNIMPLEMENTED, f"there is no {request.path}"), 404)
        if method.streams_requests:
            text = f"{method.name} takes a stream, which needs gRPC; other calls take one request each"
            return _refused(http_error(grpc.StatusCode.UNIMPLEMENTED, text))
        if request.content_type != "application/json":
            text = f"the content is {request.content_type}; must be application/json"
            return _refused(http_error(grpc.StatusCode.INVALID_ARGUMENT, text), 415)
        metadata = call_metadata(request)
        try:
            if self._tokens is None and is_loopback(self._settings.listen):
                check_host(request.headers)
            timeout = call_timeout(request.headers)
            message, lists = method.request(), False
            if self._may_call(metadata, method):
                message, lists = await self._read(request, message)
        except web.HTTPRequestEntityTooLarge:
            most = f"{self._settings.limits.message_bytes / 2**20:g} MiB"
            error = http_error(grpc.StatusCode.RESOURCE_EXHAUSTED, f"the document is larger than {most}")
            return _refused(error, 413)
        except PlumbError as error:
            return _refused(http_error(*refusal_for(error)))
        lists = lists or request.query.get("arrays") == "lists"
        try:
            if method.streams_responses:
                return await self._answer_stream(request, method, message, metadata, timeout, lists)
            call = self._channel.unary_unary(method.name, method.request.SerializeToString, method.response.FromString)
            answer = await call(message, timeout=timeout, metadata=metadata)
            document = await asyncio.to_thread(format_message, answer, lists)
            return web.json_response(document, headers=_request_id(metadata))
        except grpc.aio.AioRpcError as error:
            return _refused(_error_of(error), metadata=metadata)

    def _may_call(self, metadata: Any, method: _Method) -> bool:
        """Return whether the gRPC server will read the request; it refuses the others itself, and logs them."""
        try:
            check_right(identify(HttpCaller(metadata), self._tokens), method.name)  # pyright: ignore[reportArgumentType]
        except (Unauthenticated, PermissionDenied):
            return False
        return True

    async def _read(self, request: web.Request, message: Any) -> tuple[Any, bool]:
        """Fill a message with the document of a request; see `parse_message`.

        Raises:
            InvalidInput: it is no document of such a message.
            ServiceUnavailable: it does not arrive in time.
        """
        seconds = self._settings.limits.read_seconds
        size = _PARSED_SIZE * min(request.content_length or request.client_max_size, request.client_max_size)
        await self._budget.acquire(size)
        try:
            async with asyncio.timeout(seconds):
                text = await request.read()
            if len(text) > _LARGE_BYTES:
                return await asyncio.to_thread(parse_message, text, message)
            return parse_message(text, message)
        except TimeoutError:
            raise ServiceUnavailable(f"the document did not arrive within {seconds:g} s of the call") from None
        finally:
            self._budget.release(size)

    async def _answer_stream(
        self, request: web.Request, method: _Method, message: Any, metadata: Any, timeout: float | None, lists: bool
    ) -> web.StreamResponse:
        """Write a JSON document a line; an error after the first line is a document `{"error": ...}`."""
        call = self._channel.unary_stream(method.name, method.request.SerializeToString, method.response.FromString)
        headers = {"Content-Type": "application/x-ndjson", **_request_id(metadata), **self._allowed_origin(request)}
        response = web.StreamResponse(headers=headers)
        try:
            async for answer in call(message, timeout=timeout, metadata=metadata):
                if not response.prepared:
                    await response.prepare(request)
                await response.write(_line(format_message(answer, lists)))
        except grpc.aio.AioRpcError as error:
            if not response.prepared:
                raise
            await response.write(_line({"error": _error_of(error).document}))
        if not response.prepared:
            await response.prepare(request)
        await response.write_eof()
        return response


class _ReloadedTls:
    """A TLS context with the server's certificates, which are read again when they change."""

    def __init__(self, settings: ServerSettings):
        security = settings.security
        self._cert, self._key = security.tls_cert, security.tls_key
        self._watched = WatchedFiles([path for path in (self._cert, self._key) if path])
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(str(self._cert), self._key)
        if security.client_ca:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(security.client_ca)

    def reload(self) -> None:
        """Use the files as they are now for new connections; the gRPC server reports it if they are wrong."""
        if self._watched.have_changed():
            try:
                self.context.load_cert_chain(str(self._cert), self._key)
            except (OSError, ssl.SSLError):
                pass


_PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "authorization, content-type, connect-protocol-version, connect-timeout-ms, "
    "x-request-id",
    "Access-Control-Max-Age": "7200",
}


def _methods_of(service: str) -> list[_Method]:
    described = descriptor_pool.Default().FindServiceByName(service)
    return [
        _Method(
            f"/{service}/{each.name}",
            message_factory.GetMessageClass(each.input_type),
            message_factory.GetMessageClass(each.output_type),
            each.client_streaming,
            each.server_streaming,
        )
        for each in described.methods
    ]


def _error_of(error: grpc.aio.AioRpcError) -> HttpError:
    return http_error(error.code(), error.details(), tuple(error.trailing_metadata()))


def _refused(error: HttpError, status: int | None = None, metadata: Any = ()) -> web.Response:
    headers = error.headers | _request_id(metadata)
    return web.json_response(error.document, status=status or error.status, headers=headers)


def _request_id(metadata: Any) -> dict[str, str]:
    return {key: value for key, value in metadata if key == "x-request-id"}


def _line(document: Any) -> bytes:
    return json.dumps(document).encode() + b"\n"
