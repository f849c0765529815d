"""Connections to services: security, message sizes, retries, load balancing, and detection of dead connections."""

from __future__ import annotations

import json

import grpc

from motion.rpc import MAX_MESSAGE_BYTES, MAX_RESPONSE_BYTES
from motion.rpc.address import split_address
from motion.rpc.client_security import ClientSecurity

MAX_ATTEMPTS = 5
"""How often a call is made before it fails for good."""


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
    is_target = "://" in address or address.startswith(("unix:", "ipv4:", "ipv6:", "dns:"))
    if not is_target:
        split_address(address)
    security = security or ClientSecurity.from_environment()
    return security.open_channel(address, _options(service, has_replicas=is_target))


def _options(service: str, has_replicas: bool) -> list[tuple[str, str | int]]:
    retries = {
        "maxAttempts": MAX_ATTEMPTS,
        "initialBackoff": "0.1s",
        "maxBackoff": "2s",
        "backoffMultiplier": 3,
        "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
    }
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
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        # gRPC would take an HTTP proxy from the environment, but our services are on the local network.
        ("grpc.enable_http_proxy", 0),
    ]
