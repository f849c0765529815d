"""`RemoteGenerator` against servers that die in the middle of a call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest

from motion.errors import ServiceUnavailable
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.rpc import generator_client, wire
from motion.rpc.channel import MAX_ATTEMPTS
from motion.rpc.generator_client import SERVICE, RemoteGenerator
from motion.rpc.server import serving
from motion.v1 import generator_pb2, generator_pb2_grpc

MOTION = wire.pack_motion(Motion(np.zeros((4, 22, 3), np.float32)))


class DyingGenerator(generator_pb2_grpc.GeneratorServiceServicer):
    """Sends one response per call and then ends the call like a server that is killed.

    Args:
        progresses: whether the response of each call is one step further than that of the call before.
    """

    def __init__(self, progresses: bool):
        self.progresses = progresses
        self.calls = 0

    async def Sample(self, request: generator_pb2.SampleRequest, context: grpc.aio.ServicerContext) -> Any:
        self.calls += 1
        index = request.start_index if self.progresses else 0
        yield generator_pb2.SampleResponse(index=index, motion=MOTION)
        if index + 1 < len(request.prompts):
            await context.abort(grpc.StatusCode.UNAVAILABLE, "killed")

    async def Fit(self, request: generator_pb2.FitRequest, context: grpc.aio.ServicerContext) -> Any:
        self.calls += 1
        step = self.calls if self.progresses else 1
        yield generator_pb2.FitResponse(step=step, steps=request.steps, checkpoint="c" if step == request.steps else "")
        if step < request.steps:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "killed")

    async def UploadDataset(self, request_iterator: Any, context: grpc.aio.ServicerContext) -> Any:
        self.calls += 1
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION if self.progresses else grpc.StatusCode.UNAVAILABLE, "")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record the pauses of the client instead of waiting."""
    seconds: list[float] = []
    monkeypatch.setattr(generator_client.time, "sleep", seconds.append)
    return seconds


@pytest.fixture
def stuck() -> Iterator[tuple[DyingGenerator, RemoteGenerator]]:
    yield from _served(DyingGenerator(progresses=False))


@pytest.fixture
def slow() -> Iterator[tuple[DyingGenerator, RemoteGenerator]]:
    yield from _served(DyingGenerator(progresses=True))


def _served(servicer: DyingGenerator) -> Iterator[tuple[DyingGenerator, RemoteGenerator]]:
    def add(server: grpc.aio.Server) -> None:
        generator_pb2_grpc.add_GeneratorServiceServicer_to_server(servicer, server)

    with serving({SERVICE: add}) as address, RemoteGenerator(address) as client:
        yield servicer, client


def test_sampling_gives_up_on_a_server_that_dies_without_progress(stuck, pauses: list[float]) -> None:
    servicer, client = stuck
    with pytest.raises(ServiceUnavailable):
        list(client.sample(["a"] * 9, [4] * 9))
    assert servicer.calls == MAX_ATTEMPTS + 1
    assert pauses == [0.1 * 2**failures for failures in range(MAX_ATTEMPTS)]


def test_training_gives_up_on_a_server_that_dies_without_progress(stuck, pauses: list[float]) -> None:
    servicer, client = stuck
    with pytest.raises(ServiceUnavailable):
        client.fit("set", "", 100)
    assert servicer.calls == MAX_ATTEMPTS + 1 and len(pauses) == MAX_ATTEMPTS


def test_sampling_resumes_as_long_as_there_is_progress_with_a_pause_each_time(slow, pauses: list[float]) -> None:
    servicer, client = slow
    count = 3 * MAX_ATTEMPTS
    assert len(list(client.sample(["a"] * count, [4] * count))) == count
    assert servicer.calls == count and pauses == [0.1] * (count - 1)


def test_training_resumes_as_long_as_there_is_progress(slow, pauses: list[float]) -> None:
    _, client = slow
    assert client.fit("set", "", 3 * MAX_ATTEMPTS) == "c"
    assert pauses == [0.1] * (3 * MAX_ATTEMPTS - 1)


def test_an_upload_is_repeated_with_growing_pauses(stuck, pauses: list[float]) -> None:
    _, client = stuck
    with pytest.raises(ServiceUnavailable):
        client.upload(MotionSet((Motion(np.zeros((4, 22, 3), np.float32)),), (("a",),)))
    assert pauses == [0.1 * 2**failures for failures in range(MAX_ATTEMPTS - 1)]
