"""A generator as a gRPC service, `motion.v1.GeneratorService`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import grpc.aio
import numpy as np

from generator.training_queue import TrainingQueue
from motion.errors import InvalidInput, Overloaded, Violation
from motion.motion import DEFAULT_FPS, Motion
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, Generator
from motion.rpc import wire
from motion.rpc.quotas import charged
from motion.rpc.server import Services
from motion.rpc.server import serve as serve_services
from motion.rpc.server_settings import (
    DEFAULT_DRAIN_SECONDS,
    DEFAULT_GRACE_SECONDS,
    GENERATOR_ADDRESS,
    ServerSecurity,
    ServerSettings,
)
from motion.v1 import generator_pb2, generator_pb2_grpc, motion_pb2
from motion.validation import check_fps, reorder_joints

MAX_UPLOAD_BYTES = 4 * 2**30
MAX_UPLOADS = 2
"""Uploads at a time; a set is in memory until it is complete."""
MAX_NAME_LENGTH = 200
"""Most characters of the name of a checkpoint or a data set, and of a motion in one."""
_SAMPLING_THREADS = 4  # for a generator that does not say how many requests it samples at a time
_METHODS = ("describe", "sample", "upload", "fit")

_T = TypeVar("_T")


def serve(
    generator: Generator,
    listen: str = GENERATOR_ADDRESS,
    announce: Path | None = None,
    metrics_port: int | None = None,
    grace_seconds: float = DEFAULT_GRACE_SECONDS,
    drain_seconds: float = DEFAULT_DRAIN_SECONDS,
    insecure: bool = False,
) -> None:
    """Serve a generator until SIGTERM or SIGINT.

    Args:
        generator: what to serve.
        listen: HOST:PORT; port 0 picks a free port.
        announce: file that the address is written to once the server answers.
        metrics_port: port of the same host to serve Prometheus metrics on; None for none.
        grace_seconds: how long running calls may take to end after a signal. Training that takes longer is stopped, and
            continues when it is requested again.
        drain_seconds: how long calls are still accepted after a signal.
        insecure: whether to listen in clear text where other machines can connect. TLS and tokens are settings of
            `motion.rpc.server.serve`, which takes `services(generator)`.

    Raises:
        InvalidInput: if `generator` lacks a method, or `listen` is not an address that can or may be listened on.
    """
    settings = ServerSettings(
        listen,
        announce,
        metrics_port,
        drain_seconds=drain_seconds,
        grace_seconds=grace_seconds,
        security=ServerSecurity(insecure=insecure),
    )
    serve_services(services(generator), settings)


def services(generator: Generator) -> Services:
    """Return the service of a generator for `motion.rpc.server`.

    Raises:
        InvalidInput: if `generator` lacks a method of `motion.protocols.Generator`.
    """
    if missing := [name for name in _METHODS if not callable(getattr(generator, name, None))]:
        needed = f"{', '.join(_METHODS[:-1])} and {_METHODS[-1]} of motion.protocols.Generator"
        raise InvalidInput.of(
            "generator", f"is a {type(generator).__name__} without {', '.join(missing)}; must have the methods {needed}"
        )
    servicer = GeneratorServicer(generator)
    name = generator_pb2.DESCRIPTOR.services_by_name["GeneratorService"].full_name
    return {name: lambda server: generator_pb2_grpc.add_GeneratorServiceServicer_to_server(servicer, server)}


class GeneratorServicer(generator_pb2_grpc.GeneratorServiceServicer):
    """Runs the methods of a generator in threads, so that the server keeps answering.

    One training run is active at a time, and others wait; sampling continues meanwhile. Descriptions have a thread of
    their own, so that clients that sample do not delay them. Equal `Fit` requests watch the same run. When the last
    client of a run goes away, it stops at its next step; the same request continues it from the saved state.

    Args:
        generator: what to serve. Four requests are sampled at the same time, or as many as its `parallel_samples`.
    """

    def __init__(self, generator: Generator):
        self._generator = generator
        self._describing = ThreadPoolExecutor(1, thread_name_prefix="describe")
        threads = getattr(generator, "parallel_samples", _SAMPLING_THREADS)
        self._sampling = ThreadPoolExecutor(threads, thread_name_prefix="sample")
        self._training = TrainingQueue(self._fit)
        self._uploads = 0

    async def Describe(
        self, request: generator_pb2.DescribeGeneratorRequest, context: grpc.aio.ServicerContext
    ) -> generator_pb2.DescribeGeneratorResponse:
        """Describe the generator."""
        return wire.pack_generator_info(await _run_in(self._describing, self._generator.describe))

    async def Sample(
        self, request: generator_pb2.SampleRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[generator_pb2.SampleResponse]:
        """Send one motion a message; the next is computed when the client has taken this one."""
        options = wire.unpack_sample_options(request)
        _check_names(checkpoint=request.checkpoint)

        def start() -> Iterator[Motion]:
            prompts, lengths = list(request.prompts), list(request.lengths)
            return iter(self._generator.sample(prompts, lengths, request.seed, options, request.start_index))

        wanted = (max(0, length) for length in request.lengths[max(0, request.start_index) :])
        with charged(sum(wanted) / DEFAULT_FPS, "lengths"):
            motions = await _run_in(self._sampling, start)
        index = request.start_index
        async for motion in _iterate_in(self._sampling, motions):
            if not np.isfinite(motion.positions).all():
                raise InvalidInput.of("guidance", f"makes numbers of prompt {index} that are not finite; must be less")
            yield generator_pb2.SampleResponse(index=index, motion=wire.pack_motion(motion))
            index += 1

    async def UploadDataset(
        self, request_iterator: AsyncIterator[generator_pb2.UploadDatasetRequest], context: grpc.aio.ServicerContext
    ) -> generator_pb2.UploadDatasetResponse:
        """Receive a data set, one motion a message, and hand it to the generator once it is complete."""
        if self._uploads >= MAX_UPLOADS:
            raise Overloaded(f"{self._uploads} data sets are being uploaded, which is the limit")
        self._uploads += 1
        try:
            return await self._upload(request_iterator)
        finally:
            self._uploads -= 1

    async def _upload(
        self, request_iterator: AsyncIterator[generator_pb2.UploadDatasetRequest]
    ) -> generator_pb2.UploadDatasetResponse:
        motions: list[Motion] = []
        captions: list[tuple[str, ...]] = []
        names: set[str] = set()
        size, total = 0, 0
        async for request in request_iterator:
            size += request.ByteSize()
            if size > MAX_UPLOAD_BYTES:
                raise InvalidInput.of("motions", f"are over {MAX_UPLOAD_BYTES} bytes, the most that a set may have")
            try:
                motions.append(_trainable(request.motion))
            except InvalidInput as error:
                raise error.within(f"motions[{len(motions)}]") from error
            name = request.motion.name
            if name in names:
                reason = f"is {name!r}, as that of another motion; must be unique in a set"
                raise InvalidInput.of(f"motions[{len(motions) - 1}].name", reason)
            names.add(name)
            captions.append(tuple(request.captions))
            total = request.total
        if not motions:
            raise InvalidInput.of("motions", "are none; a set must have at least one")
        if len(motions) != total:
            raise InvalidInput.of("total", f"is {total}; must be the number of motions, of which {len(motions)} came")
        dataset = MotionSet(tuple(motions), tuple(captions))
        identity = await _run_in(self._sampling, lambda: self._generator.upload(dataset))
        return generator_pb2.UploadDatasetResponse(dataset_id=identity, motions=len(motions))

    async def Fit(
        self, request: generator_pb2.FitRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[generator_pb2.FitResponse]:
        """Train, sending the progress of every step and, last, the id of the checkpoint."""
        _check_names(dataset_id=request.dataset_id, init=request.init)
        _check_settings(request.settings)
        key = request.SerializeToString(deterministic=True)
        async for line in self._training.watch(key, request):
            if isinstance(line, str):
                yield generator_pb2.FitResponse(step=request.steps, steps=request.steps, checkpoint=line)
            else:
                yield generator_pb2.FitResponse(step=line.step, steps=line.steps, loss=line.loss)

    def _fit(self, request: generator_pb2.FitRequest, progress: Callable[[FitProgress], None]) -> str:
        settings = dict(request.settings)
        return self._generator.fit(request.dataset_id, request.init, request.steps, request.seed, settings, progress)


def _check_names(**names: str) -> None:
    """Check the lengths of names from a client, which may become those of files."""
    violations = [
        Violation(field, f"has {len(name)} characters; must have at most {MAX_NAME_LENGTH}")
        for field, name in names.items()
        if len(name) > MAX_NAME_LENGTH
    ]
    if violations:
        raise InvalidInput(violations)


def _check_settings(settings: Mapping[str, str]) -> None:
    """Refuse settings from a client that name files of this machine: whoever serves chooses the text encoders' weights.

    Raises:
        InvalidInput: on the setting.
    """
    kind, colon, source = settings.get("text_encoder", "").partition(":")
    if colon and source:
        raise InvalidInput.of("settings.text_encoder", f"names weights of its own; must be {kind!r} over the network")


def _trainable(message: motion_pb2.Motion) -> Motion:
    """Return the motion of an upload.

    Raises:
        InvalidInput: it is malformed, its rate is none, its name is too long, or a position is not finite.
    """
    motion = reorder_joints(wire.unpack_motion(message))
    check_fps(motion.fps)
    _check_names(name=motion.name or "")
    if not np.isfinite(motion.positions).all():
        raise InvalidInput.of("positions", "have numbers that are not finite; must be metres")
    return motion


async def _run_in(threads: Executor, call: Callable[[], _T]) -> _T:
    return await asyncio.get_running_loop().run_in_executor(threads, call)


async def _iterate_in(threads: Executor, items: Iterator[_T]) -> AsyncIterator[_T]:
    """Yield the items, computing each in a thread when it is asked for, and close their iterator in any case."""
    end = object()
    step = threads.submit(next, items, end)
    try:
        while (item := await asyncio.wrap_future(step)) is not end:
            yield item  # pyright: ignore[reportReturnType]
            step = threads.submit(next, items, end)
    finally:
        if close := getattr(items, "close", None):
            # A step may still be running, and an iterator cannot be closed while it runs.
            step.add_done_callback(lambda _: close())
