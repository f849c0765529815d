"""A generator as a gRPC service, `motion.v1.GeneratorService`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import grpc.aio

from motion.errors import InvalidInput, PlumbError
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, Generator
from motion.rpc import wire
from motion.rpc.server import ServerSettings, Services
from motion.rpc.server import serve as serve_services
from motion.v1 import generator_pb2, generator_pb2_grpc
from motion.validation import in_order

DEFAULT_LISTEN = "127.0.0.1:50052"
MAX_UPLOAD_BYTES = 4 * 2**30
_SAMPLING_THREADS = 4

_T = TypeVar("_T")


def serve(
    generator: Generator,
    listen: str = DEFAULT_LISTEN,
    announce: Path | None = None,
    metrics_port: int | None = None,
    grace_seconds: float = 30.0,
    drain_seconds: float = 0.2,
) -> None:
    """Serve `generator` until SIGTERM; see `motion.rpc.server`. A fit that does not end within the grace is stopped
    where it can be taken up again.

    Raises:
        InvalidInput: `listen` is no address, or cannot be listened on.
    """
    settings = ServerSettings(listen, announce, metrics_port, drain_seconds=drain_seconds, grace_seconds=grace_seconds)
    serve_services(services(generator), settings)


def services(generator: Generator) -> Services:
    """The service for `motion.rpc.server`."""
    servicer = GeneratorServicer(generator)
    name = generator_pb2.DESCRIPTOR.services_by_name["GeneratorService"].full_name
    return {name: lambda server: generator_pb2_grpc.add_GeneratorServiceServicer_to_server(servicer, server)}


class FitStopped(PlumbError):
    """Raised into a fit, through its progress, when nobody waits for it any more."""


class GeneratorServicer(generator_pb2_grpc.GeneratorServiceServicer):
    """Runs the generator's methods in threads, so that the server goes on answering.

    One fit runs at a time, and others wait for their turn; samples are made beside it. A `Fit` that its client gives
    up stops at its next step, and the same request takes it up from what was saved.
    """

    def __init__(self, generator: Generator):
        self._generator = generator
        self._fits = ThreadPoolExecutor(1, thread_name_prefix="fit")
        self._work = ThreadPoolExecutor(_SAMPLING_THREADS, thread_name_prefix="generator")

    async def Describe(
        self, request: generator_pb2.DescribeGeneratorRequest, context: grpc.aio.ServicerContext
    ) -> generator_pb2.DescribeGeneratorResponse:
        info = await asyncio.get_running_loop().run_in_executor(self._work, self._generator.describe)
        return wire.pack_generator_info(info)

    async def Sample(
        self, request: generator_pb2.SampleRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[generator_pb2.SampleResponse]:
        """One motion a message; the next is made when the client has taken this one."""
        options = wire.unpack_sample_options(request)

        def begin() -> Iterator[Motion]:
            return iter(
                self._generator.sample(
                    list(request.prompts), list(request.lengths), request.seed, options, request.start_index
                )
            )

        motions = await asyncio.get_running_loop().run_in_executor(self._work, begin)
        index = request.start_index
        async for motion in _stepped(self._work, motions):
            yield generator_pb2.SampleResponse(index=index, motion=wire.pack_motion(motion))
            index += 1

    async def UploadDataset(
        self, request_iterator: AsyncIterator[generator_pb2.UploadDatasetRequest], context: grpc.aio.ServicerContext
    ) -> generator_pb2.UploadDatasetResponse:
        motions: list[Motion] = []
        captions: list[tuple[str, ...]] = []
        size, total = 0, 0
        async for request in request_iterator:
            size += request.ByteSize()
            if size > MAX_UPLOAD_BYTES:
                raise InvalidInput.of("motions", f"are over {MAX_UPLOAD_BYTES} bytes, the most that a set may have")
            try:
                motions.append(in_order(wire.unpack_motion(request.motion)))
            except InvalidInput as error:
                raise error.within(f"motions[{len(motions)}]") from error
            captions.append(tuple(request.captions))
            total = request.total
        if not motions:
            raise InvalidInput.of("motions", "are none; a set must have at least one")
        if len(motions) != total:
            raise InvalidInput.of("total", f"is {total}; must be the number of motions, of which {len(motions)} came")
        dataset = MotionSet(tuple(motions), tuple(captions))
        identity = await asyncio.get_running_loop().run_in_executor(self._work, self._generator.upload, dataset)
        return generator_pb2.UploadDatasetResponse(dataset_id=identity, motions=len(motions))

    async def Fit(
        self, request: generator_pb2.FitRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[generator_pb2.FitResponse]:
        loop = asyncio.get_running_loop()
        lines: asyncio.Queue[FitProgress | None] = asyncio.Queue()
        given_up = threading.Event()

        def report(line: FitProgress) -> None:
            if given_up.is_set():
                raise FitStopped("nobody waits for this fit any more")
            loop.call_soon_threadsafe(lines.put_nowait, line)

        def run() -> str:
            settings = dict(request.settings)
            return self._generator.fit(request.dataset_id, request.init, request.steps, request.seed, settings, report)

        fit = self._fits.submit(run)
        ended = asyncio.wrap_future(fit)
        ended.add_done_callback(lambda _: lines.put_nowait(None))
        try:
            while (line := await lines.get()) is not None:
                yield generator_pb2.FitResponse(step=line.step, steps=line.steps, loss=line.loss)
            yield generator_pb2.FitResponse(step=request.steps, steps=request.steps, checkpoint=await ended)
        finally:
            given_up.set()
            ended.cancel()


async def _stepped(threads: ThreadPoolExecutor, items: Iterator[_T]) -> AsyncIterator[_T]:
    """The items, each made in a thread when it is asked for; the iterator is closed also when it is left half-way."""
    end = object()
    step = threads.submit(next, items, end)
    try:
        while (item := await asyncio.wrap_future(step)) is not end:
            yield item  # pyright: ignore[reportReturnType]
            step = threads.submit(next, items, end)
    finally:
        if close := getattr(items, "close", None):
            # A step may still be at work, and an iterator cannot be closed from outside of it.
            step.add_done_callback(lambda _: close())
