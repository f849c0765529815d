"""Connections to a service: limits, retries, spreading over replicas, and noticing that the other end is gone."""

from __future__ import annotations

import json

import grpc

from motion.rpc import MAX_MESSAGE_BYTES
from motion.rpc.address import split_address

MAX_ATTEMPTS = 5


def open_channel(address: str, service: str) -> grpc.Channel:
    """A channel to the replicas of `service` (its full name) at `address`, connected when first used.

    `address` is HOST:PORT; of a name that stands for several replicas (`dns:///sim:50051`) calls go to each in turn.
    Every call of ours is idempotent, so gRPC repeats it where the server cannot be reached or has too much to do.

    Raises:
        InvalidInput: `address` is none.
    """
    if "://" not in address and not address.startswith(("unix:", "ipv4:", "ipv6:", "dns:")):
        split_address(address)
    return grpc.insecure_channel(address, options=_options(service))


def _options(service: str) -> list[tuple[str, str | int]]:
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
    return [
        ("grpc.service_config", json.dumps(config)),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        # A request is kept for repetition up to here; the default of 256 kB would leave out motions of over 48 s.
        ("grpc.per_rpc_retry_buffer_size", MAX_MESSAGE_BYTES),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        # Services are near; a proxy for the world outside, which gRPC takes from the environment, is not for them.
        ("grpc.enable_http_proxy", 0),
    ]
