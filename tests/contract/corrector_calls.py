"""Helpers of the tests of the corrector's service: a server in this process, a plain client, and requests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from smoothing_corrector import SmoothingCorrector

from motion.motion import Motion
from motion.rpc import wire
from motion.rpc.server import ServerSettings, serving
from motion.v1 import corrector_pb2, corrector_pb2_grpc
from sim_server.service import services

Stub = corrector_pb2_grpc.CorrectorServiceStub


@contextmanager
def served(corrector: SmoothingCorrector, **settings: Any) -> Iterator[str]:
    """Serve a corrector while the block runs, then close it; yields the address."""
    with serving(services(corrector), ServerSettings("127.0.0.1:0", drain_seconds=0.0, **settings)) as address:
        yield address
    corrector.close()


@contextmanager
def plain_stub(address: str) -> Iterator[Stub]:
    """Open a client without the options of ours: no retries, no larger messages."""
    with grpc.insecure_channel(address) as channel:
        yield Stub(channel)


def request_of(motion: Motion, **values: Any) -> corrector_pb2.CorrectRequest:
    """Build a request for the correction of `motion`."""
    return corrector_pb2.CorrectRequest(motion=wire.pack_motion(motion), **values)


def violated_fields(error: grpc.RpcError) -> list[str]:
    """Return the fields of the `google.rpc.BadRequest` of a failed call."""
    status = rpc_status.from_call(error)  # pyright: ignore[reportArgumentType]
    assert status is not None
    bad = error_details_pb2.BadRequest()
    assert status.details[0].Unpack(bad)
    return [violation.field for violation in bad.field_violations]


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until `condition` holds; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.01)
