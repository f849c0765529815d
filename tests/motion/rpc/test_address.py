"""Which targets stay on this machine."""

from __future__ import annotations

import pytest

from motion.rpc.address import is_loopback


@pytest.mark.parametrize(
    "target",
    [
        "127.0.0.1:1",
        "127.9.9.9:1",
        "localhost:1",
        "LOCALHOST:1",
        "[::1]:1",
        "unix:/tmp/socket",
        "unix-abstract:name",
        "ipv4:127.0.0.1:1,127.0.0.1:2",
        "ipv6:[::1]:1",
        "dns:///localhost:1",
        "dns:localhost:1",
    ],
)
def test_targets_of_this_machine(target: str) -> None:
    assert is_loopback(target)


@pytest.mark.parametrize(
    "target",
    [
        "0.0.0.0:1",
        "[::]:1",
        "10.0.0.1:1",
        "sim:1",
        "localhost.example.org:1",
        "ipv4:127.0.0.1:1,10.0.0.1:1",
        "dns:///sim:1",
        "dns://127.0.0.1:53/sim:1",
        "xds:///localhost:1",
        "127.0.0.1.example.org:1",
    ],
)
def test_targets_that_may_be_elsewhere(target: str) -> None:
    assert not is_loopback(target)
