"""The corrector as a gRPC service, `motion.v1.CorrectorService`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Protocol

import grpc.aio

from motion.errors import InvalidInput, NotFound, Overloaded, Violation
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo
from motion.report import Correction
from motion.rpc import wire
from motion.rpc.server import Services
from motion.rpc.server import serve as serve_services
from motion.rpc.server_settings import (
    CORRECTOR_ADDRESS,
    DEFAULT_DRAIN_SECONDS,
    DEFAULT_GRACE_SECONDS,
    ServerSettings,
)
from motion.v1 import corrector_pb2, corrector_pb2_grpc

STREAM_WINDOW = 256
"""Motions of a stream that may wait for their answers."""
_OVERLOAD_PAUSE_SECONDS = 0.05


class SubmittingCorrector(Protocol):
    """A corrector that can be served; `sim_server.Corrector` is one."""

    def describe(self) -> CorrectorInfo:
        """Return the corrector's policies, versions and limits."""
        ...

    def submit(self, motion: Motion, seed: int, options: CorrectionOptions) -> Future[Correction]:
        """Hand over a motion without waiting for its correction; cancelling the future drops the motion.

        Raises:
            InvalidInput: the motion, an option or the seed is invalid.
            NotFound: there is no such policy.
            Overloaded: too many motions wait already.
        """
        ...


def serve(
    corrector: SubmittingCorrector,
    listen: str = CORRECTOR_ADDRESS,
    announce: Path | None = None,
    metrics_port: int | None = None,
    grace_seconds: float = DEFAULT_GRACE_SECONDS,
    drain_seconds: float = DEFAULT_DRAIN_SECONDS,
) -> None:
    """Serve a corrector until SIGTERM.

    Args:
        corrector: the corrector that answers.
        listen: HOST:PORT; port 0 picks a free port.
        announce: file to write the address to once the server answers.
        metrics_port: port of the same host for Prometheus metrics; None for none.
        grace_seconds: time that running calls have to finish after the drain.
        drain_seconds: time after SIGTERM in which calls are still accepted.

    Raises:
        InvalidInput: `listen` is not an address, or is in use.
    """
    settings = ServerSettings(listen, announce, metrics_port, drain_seconds=drain_seconds, grace_seconds=grace_seconds)
    serve_services(services(corrector), settings)


def services(corrector: SubmittingCorrector, stream_window: int = STREAM_WINDOW) -> Services:
    """Make the service, as `motion.rpc.server` takes it.

    Args:
        corrector: the corrector that answers.
        stream_window: motions of a stream that may wait for their answers.
    """
    servicer = CorrectorServicer(corrector, stream_window)
    name = corrector_pb2.DESCRIPTOR.services_by_name["CorrectorService"].full_name
    return {name: lambda server: corrector_pb2_grpc.add_CorrectorServiceServicer_to_server(servicer, server)}


class CorrectorServicer(corrector_pb2_grpc.CorrectorServiceServicer):
    """Hands motions to a corrector and waits for the corrections without blocking other calls.

    When a client cancels a call, or its deadline passes, the corrector drops the motion.

    Args:
        corrector: the corrector that answers.
        stream_window: motions of a stream that may wait for their answers.
    """

    def __init__(self, corrector: SubmittingCorrector, stream_window: int = STREAM_WINDOW):
        self._corrector = corrector
        self._stream_window = stream_window

    async def Describe(
        self, request: corrector_pb2.DescribeCorrectorRequest, context: grpc.aio.ServicerContext
    ) -> corrector_pb2.DescribeCorrectorResponse:
        """Describe the corrector."""
        return wire.pack_corrector_info(self._corrector.describe())

    async def Correct(
        self, request: corrector_pb2.CorrectRequest, context: grpc.aio.ServicerContext
    ) -> corrector_pb2.CorrectResponse:
        """Correct one motion."""
        return _answer(request, await self._correct(request))

    async def CorrectStream(
        self, request_iterator: AsyncIterator[corrector_pb2.CorrectRequest], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[corrector_pb2.CorrectResponse]:
        """Correct the motions of a stream, and answer each as soon as it is ready.

        A motion is read only once the client has taken the answer to the one `stream_window` before it. A client that
        does not read answers therefore cannot fill the server's memory.
        """
        window = asyncio.Semaphore(self._stream_window)
        answers: asyncio.Queue[corrector_pb2.CorrectResponse | None] = asyncio.Queue()

        async def answer(request: corrector_pb2.CorrectRequest) -> None:
            answers.put_nowait(await self._answer_in_stream(request))

        async def read() -> None:
            async with asyncio.TaskGroup() as jobs:
                async for request in request_iterator:
                    await window.acquire()
                    jobs.create_task(answer(request))

        reader = asyncio.create_task(read())
        reader.add_done_callback(lambda _: answers.put_nowait(None))
        try:
            while (response := await answers.get()) is not None:
                yield response
                window.release()
            await reader
        except ExceptionGroup as group:
            raise group.exceptions[0] from group
        finally:
            reader.cancel()

    async def _answer_in_stream(self, request: corrector_pb2.CorrectRequest) -> corrector_pb2.CorrectResponse:
        """Answer one request, with its violations if it is refused; wait while the corrector is overloaded."""
        while True:
            try:
                if not request.id:
                    raise InvalidInput.of("id", "is empty; must name the motion, because answers come in any order")
                return _answer(request, await self._correct(request))
            except Overloaded:
                await asyncio.sleep(_OVERLOAD_PAUSE_SECONDS)
            except InvalidInput as error:
                return _refusal(request, error.violations)
            except NotFound as error:
                return _refusal(request, [Violation("options.policy", str(error))])

    async def _correct(self, request: corrector_pb2.CorrectRequest) -> Correction:
        if not request.HasField("motion"):
            raise InvalidInput.of("motion", "is missing; must be the motion to correct")
        try:
            options = wire.unpack_options(request.options)
        except InvalidInput as error:
            raise error.within("options") from error
        try:
            future = self._corrector.submit(wire.unpack_motion(request.motion), request.seed, options)
        except InvalidInput as error:
            raise error.within("motion") from error
        # When this call is cancelled so is the future, which tells the corrector to drop the motion.
        return await asyncio.wrap_future(future)


def _answer(request: corrector_pb2.CorrectRequest, correction: Correction) -> corrector_pb2.CorrectResponse:
    return corrector_pb2.CorrectResponse(
        motion=wire.pack_motion(correction.motion), report=wire.pack_report(correction.report), id=request.id
    )


def _refusal(request: corrector_pb2.CorrectRequest, violations: Iterable[Violation]) -> corrector_pb2.CorrectResponse:
    return corrector_pb2.CorrectResponse(
        id=request.id,
        violations=[corrector_pb2.FieldViolation(field=v.field, description=v.description) for v in violations],
    )
