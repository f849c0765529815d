"""What connections to services are told: whom to call, what to repeat, and when a silent server counts as lost."""

from __future__ import annotations

import json

import pytest

from motion.errors import InvalidInput
from motion.rpc.address import count_addresses
from motion.rpc.channel import channel_options, open_channel

SERVICE = "motion.v1.CorrectorService"


@pytest.mark.parametrize(
    ("address", "is_many", "silence_ms"),
    [
        ("sim:50051", False, 30_000),
        ("[::1]:50051", False, 30_000),
        ("dns:///sim:50051", True, 10_000),
        ("ipv4:10.0.0.1:1,10.0.0.2:1", True, 10_000),
    ],
)
def test_where_others_can_do_the_work_health_is_asked_for_and_silence_is_short(
    address: str, is_many: bool, silence_ms: int
) -> None:
    options = dict(channel_options(address, SERVICE))
    config = json.loads(str(options["grpc.service_config"]))
    assert ("healthCheckConfig" in config) == is_many
    assert options["grpc.keepalive_timeout_ms"] == options["grpc.http2.ping_timeout_ms"] == silence_ms
    # Servers allow a ping every ten seconds.
    assert int(options["grpc.keepalive_time_ms"]) > 10_000


def test_only_what_is_safe_is_repeated() -> None:
    config = json.loads(str(dict(channel_options("sim:1", SERVICE))["grpc.service_config"]))
    (method,) = config["methodConfig"]
    assert method["name"] == [{"service": SERVICE}]
    assert method["retryPolicy"]["retryableStatusCodes"] == ["UNAVAILABLE", "RESOURCE_EXHAUSTED"]


def test_addresses_are_counted_where_they_are_known() -> None:
    targets = {"sim:50051": 1, "dns:///sim:50051": 1, "ipv4:a:1": 1, "ipv4:10.0.0.1:1,10.0.0.2:1": 2, "ipv6:[::1]:1": 1}
    assert {target: count_addresses(target) for target in targets} == targets


def test_a_malformed_address_is_refused() -> None:
    with pytest.raises(InvalidInput, match="HOST:PORT"):
        open_channel("sim", SERVICE)
