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
from motion.rpc.server import ServerSettings, Services
from motion.rpc.server import serve as serve_services
from motion.v1 import corrector_pb2, corrector_pb2_grpc
from sim_server.corrector import QueueFull

DEFAULT_LISTEN = "127.0.0.1:50051"
STREAM_WINDOW = 256
_FULL_PAUSE_SECONDS = 0.05


class SubmittingCorrector(Protocol):
    """What the service needs of a corrector (`sim_server.Corrector` is one).

    `submit` checks the motion and raises `InvalidInput` about it, `NotFound` for the policy or `QueueFull`; it does not
    wait for the simulation. Cancelling its future drops the motion.
    """

    def describe(self) -> CorrectorInfo: ...

    def submit(self, motion: Motion, options: CorrectionOptions, seed: int) -> Future[Correction]: ...


def serve(
    corrector: SubmittingCorrector,
    listen: str = DEFAULT_LISTEN,
    announce: Path | None = None,
    metrics_port: int | None = None,
    grace_seconds: float = 30.0,
    drain_seconds: float = 0.2,
) -> None:
    """Serve `corrector` until SIGTERM; see `motion.rpc.server`.

    Raises:
        InvalidInput: `listen` is no address, or cannot be listened on.
    """
    settings = ServerSettings(listen, announce, metrics_port, drain_seconds=drain_seconds, grace_seconds=grace_seconds)
    serve_services(services(corrector), settings)


def services(corrector: SubmittingCorrector, stream_window: int = STREAM_WINDOW) -> Services:
    """The service for `motion.rpc.server`; a stream has at most `stream_window` motions not yet answered."""
    servicer = CorrectorServicer(corrector, stream_window)
    name = corrector_pb2.DESCRIPTOR.services_by_name["CorrectorService"].full_name
    return {name: lambda server: corrector_pb2_grpc.add_CorrectorServiceServicer_to_server(servicer, server)}


class CorrectorServicer(corrector_pb2_grpc.CorrectorServiceServicer):
    """Hands motions to the corrector and waits for them without holding anything up.

    A call that its client gives up, or whose deadline passes, takes its motion out of the corrector.
    """

    def __init__(self, corrector: SubmittingCorrector, stream_window: int = STREAM_WINDOW):
        self._corrector = corrector
        self._stream_window = stream_window

    async def Describe(
        self, request: corrector_pb2.DescribeCorrectorRequest, context: grpc.aio.ServicerContext
    ) -> corrector_pb2.DescribeCorrectorResponse:
        return wire.pack_corrector_info(self._corrector.describe())

    async def Correct(
        self, request: corrector_pb2.CorrectRequest, context: grpc.aio.ServicerContext
    ) -> corrector_pb2.CorrectResponse:
        return _answer(request, await self._correct(request))

    async def CorrectStream(
        self, request_iterator: AsyncIterator[corrector_pb2.CorrectRequest], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[corrector_pb2.CorrectResponse]:
        """Answers as they are ready. A motion is read only when the one `stream_window` before it has been answered
        and the client has taken the answer, so a client that does not read is not read from either."""
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
        """The answer to one request, a refusal if need be; waits where there is no room, which slows the stream."""
        while True:
            try:
                if not request.id:
                    raise InvalidInput.of("id", "is empty; must name the motion, answers come in any order")
                return _answer(request, await self._correct(request))
            except Overloaded:
                await asyncio.sleep(_FULL_PAUSE_SECONDS)
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
            future = self._corrector.submit(wire.unpack_motion(request.motion), options, request.seed)
        except InvalidInput as error:
            raise error.within("motion") from error
        except QueueFull as error:
            raise Overloaded(str(error)) from error
        # Cancelled together with this call, which is how the corrector learns that nobody waits any more.
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
