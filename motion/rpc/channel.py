"""Connections to services: security, message sizes, retries, load balancing, and detection of dead connections."""

from __future__ import annotations

import json

import grpc
import grpc.aio

from motion.rpc import MAX_MESSAGE_BYTES, MAX_RESPONSE_BYTES
from motion.rpc.address import split_address
from motion.rpc.call_traces import async_client_interceptors, traced_channel
from motion.rpc.client_security import ClientSecurity

MAX_ATTEMPTS = 5
"""How often a call is made before it fails for good."""
_SILENCE_S = 10
"""Time in which a server has to answer a ping where others may do its work."""
_LONE_SILENCE_S = 30
"""The same where there is no other server, and nothing is better than to wait."""


def open_channel(address: str, service: str, security: ClientSecurity | None = None) -> grpc.Channel:
    """Return a channel to a service. It connects on first use.

    All our calls are idempotent, so gRPC may repeat a call whose server is unreachable or overloaded.

    Args:
        address: HOST:PORT or a gRPC target. If the name resolves to several replicas (`dns:///sim:50051`), calls are
            distributed over them, and so they are over `ipv4:HOST:PORT,HOST:PORT`.
        service: full name of the service, for example `motion.v1.CorrectorService`.
        security: how to connect; None for what the environment says.

    Raises:
        InvalidInput: `address` is malformed, or `security` cannot be used with it.
    """
    options = channel_options(address, service)
    return traced_channel((security or ClientSecurity.from_environment()).open_channel(address, options))


def open_async_channel(address: str, service: str, security: ClientSecurity | None = None) -> grpc.aio.Channel:
    """Return a channel of `grpc.aio` to a service; see `open_channel`. It belongs to the event loop that runs."""
    options = channel_options(address, service)
    return (security or ClientSecurity.from_environment()).open_async_channel(
        address, options, async_client_interceptors()
    )


def channel_options(address: str, service: str) -> list[tuple[str, str | int]]:
    """Return the options of a channel to a service.

    Args:
        address: as for `open_channel`.
        service: full name of the service.

    Raises:
        InvalidInput: `address` is malformed.
    """
    is_target = "://" in address or address.startswith(("unix:", "ipv4:", "ipv6:", "dns:"))
    if not is_target:
        split_address(address)
    return _options(service, has_replicas=is_target)


def _options(service: str, has_replicas: bool) -> list[tuple[str, str | int]]:
    retries = {
        "maxAttempts": MAX_ATTEMPTS,
        "initialBackoff": "0.1s",
        "maxBackoff": "2s",
        "backoffMultiplier": 3,
        "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
    }
    silence_ms = 1000 * (_SILENCE_S if has_replicas else _LONE_SILENCE_S)
    config = {
        "loadBalancingConfig": [{"round_robin": {}}],
        "methodConfig": [{"name": [{"service": service}], "retryPolicy": retries}],
    }
    if has_replicas:  # a server that drains says so to health checks first, and calls then go to the others
        config["healthCheckConfig"] = {"serviceName": service}
    return [
        ("grpc.service_config", json.dumps(config)),
        ("grpc.max_receive_message_length", MAX_RESPONSE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        # gRPC repeats only requests that fit this buffer. The default of 256 kB would exclude motions of over 48 s.
        ("grpc.per_rpc_retry_buffer_size", MAX_MESSAGE_BYTES),
        # A server that stopped without a word is noticed by these pings, while calls are under way; our servers allow
        # one every 10 s. gRPC has a second limit for pings, of a minute, and takes the later one.
        ("grpc.keepalive_time_ms", 15_000),
        ("grpc.keepalive_timeout_ms", silence_ms),
        ("grpc.http2.ping_timeout_ms", silence_ms),
        # gRPC would take an HTTP proxy from the environment, but our services are on the local network.
        ("grpc.enable_http_proxy", 0),
    ]
