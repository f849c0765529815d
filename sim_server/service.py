"""The corrector as a gRPC service, `motion.v1.CorrectorService`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol, TypeVar

import grpc.aio

from motion.errors import InvalidInput, NotFound, Overloaded, Violation
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo
from motion.report import Correction
from motion.rpc import MAX_MESSAGE_BYTES, wire
from motion.rpc.server import Services
from motion.rpc.server import serve as serve_services
from motion.rpc.server_settings import (
    CORRECTOR_ADDRESS,
    DEFAULT_DRAIN_SECONDS,
    DEFAULT_GRACE_SECONDS,
    ServerSettings,
)
from motion.score import Score
from motion.v1 import corrector_pb2, corrector_pb2_grpc

STREAM_WINDOW = 256
"""Motions of a stream that may wait for their answers."""
_OVERLOAD_PAUSE_SECONDS = 0.05
_FRAMING_BYTES = 1024  # of a message beside its motion, report and trace

_Request = TypeVar("_Request", corrector_pb2.CorrectRequest, corrector_pb2.ScoreRequest)
_Response = TypeVar("_Response", corrector_pb2.CorrectResponse, corrector_pb2.ScoreResponse)


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


class SubmittingScorer(Protocol):
    """A scorer that can be served; `sim_server.feasibility.Scorer` is one."""

    def submit(self, motion: Motion) -> Future[Score]:
        """Hand over a motion without waiting for its score; cancelling the future drops the motion.

        Raises:
            InvalidInput: the motion is invalid.
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


def services(
    corrector: SubmittingCorrector, stream_window: int = STREAM_WINDOW, scorer: SubmittingScorer | None = None
) -> Services:
    """Make the service, as `motion.rpc.server` takes it.

    Args:
        corrector: the corrector that answers.
        stream_window: motions of a stream that may wait for their answers.
        scorer: the scorer that answers; None for `sim_server.feasibility.Scorer`.
    """
    servicer = CorrectorServicer(corrector, stream_window, scorer)
    name = corrector_pb2.DESCRIPTOR.services_by_name["CorrectorService"].full_name
    return {name: lambda server: corrector_pb2_grpc.add_CorrectorServiceServicer_to_server(servicer, server)}


class CorrectorServicer(corrector_pb2_grpc.CorrectorServiceServicer):
    """Hands motions to a corrector and waits for the corrections without blocking other calls.

    When a client cancels a call, or its deadline passes, the corrector drops the motion.

    Args:
        corrector: the corrector that answers.
        stream_window: motions of a stream that may wait for their answers.
        scorer: the scorer that answers; None for `sim_server.feasibility.Scorer`.
    """

    def __init__(
        self,
        corrector: SubmittingCorrector,
        stream_window: int = STREAM_WINDOW,
        scorer: SubmittingScorer | None = None,
    ):
        self._corrector = corrector
        self._stream_window = stream_window
        self._scorer = scorer

    async def Describe(
        self, request: corrector_pb2.DescribeCorrectorRequest, context: grpc.aio.ServicerContext
    ) -> corrector_pb2.DescribeCorrectorResponse:
        """Describe the corrector."""
        return wire.pack_corrector_info(self._corrector.describe())

    async def Correct(
        self, request: corrector_pb2.CorrectRequest, context: grpc.aio.ServicerContext
    ) -> corrector_pb2.CorrectResponse:
        """Correct one motion."""
        return await self._correct(request)

    async def CorrectStream(
        self, request_iterator: AsyncIterator[corrector_pb2.CorrectRequest], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[corrector_pb2.CorrectResponse]:
        """Correct the motions of a stream, and answer each as soon as it is ready.

        A motion is read only once the client has taken the answer to the one `stream_window` before it. A client that
        does not read answers therefore cannot fill the server's memory.
        """
        async for response in self._stream(request_iterator, self._correct, corrector_pb2.CorrectResponse):
            yield response

    async def Score(
        self, request: corrector_pb2.ScoreRequest, context: grpc.aio.ServicerContext
    ) -> corrector_pb2.ScoreResponse:
        """Score one motion."""
        return await self._score(request)

    async def ScoreStream(
        self, request_iterator: AsyncIterator[corrector_pb2.ScoreRequest], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[corrector_pb2.ScoreResponse]:
        """Score the motions of a stream, and answer each as soon as it is ready; see `CorrectStream`."""
        async for response in self._stream(request_iterator, self._score, corrector_pb2.ScoreResponse):
            yield response

    async def _stream(
        self,
        requests: AsyncIterator[_Request],
        answer: Callable[[_Request], Awaitable[_Response]],
        response_type: type[_Response],
    ) -> AsyncIterator[_Response]:
        """Answer the requests of a stream, at most `stream_window` of them at once."""
        window = asyncio.Semaphore(self._stream_window)
        answers: asyncio.Queue[_Response | None] = asyncio.Queue()

        async def answer_one(request: _Request) -> None:
            answers.put_nowait(await _answer_in_stream(request, answer, response_type))

        async def read() -> None:
            async with asyncio.TaskGroup() as jobs:
                async for request in requests:
                    await window.acquire()
                    jobs.create_task(answer_one(request))

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

    async def _correct(self, request: corrector_pb2.CorrectRequest) -> corrector_pb2.CorrectResponse:
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
        correction = await asyncio.wrap_future(future)
        response = corrector_pb2.CorrectResponse(
            motion=wire.pack_motion(correction.motion), report=wire.pack_report(correction.report), id=request.id
        )
        if options.trace and correction.trace is not None:
            response.trace.CopyFrom(wire.pack_trace(correction.trace))
            if (size := response.ByteSize()) > MAX_MESSAGE_BYTES - _FRAMING_BYTES:
                most = f"must be at most {MAX_MESSAGE_BYTES >> 20} MiB; cut the motion, or ask for no trace"
                raise InvalidInput.of("options.trace", f"makes a message of {size / 2**20:.1f} MiB; {most}")
        return response

    async def _score(self, request: corrector_pb2.ScoreRequest) -> corrector_pb2.ScoreResponse:
        if not request.HasField("motion"):
            raise InvalidInput.of("motion", "is missing; must be the motion to score")
        self._scorer = self._scorer or _new_scorer()
        try:
            score = await asyncio.wrap_future(self._scorer.submit(wire.unpack_motion(request.motion)))
        except InvalidInput as error:
            raise error.within("motion") from error
        return corrector_pb2.ScoreResponse(score=wire.pack_score(score), id=request.id)


async def _answer_in_stream(
    request: _Request, answer: Callable[[_Request], Awaitable[_Response]], response_type: type[_Response]
) -> _Response:
    """Answer one request, with its violations if it is refused; wait while the server is overloaded."""
    while True:
        try:
            if not request.id:
                raise InvalidInput.of("id", "is empty; must name the motion, because answers come in any order")
            return await answer(request)
        except Overloaded:
            await asyncio.sleep(_OVERLOAD_PAUSE_SECONDS)
        except InvalidInput as error:
            return _refusal(response_type, request.id, error.violations)
        except NotFound as error:
            return _refusal(response_type, request.id, [Violation("options.policy", str(error))])


def _refusal(response_type: type[_Response], identity: str, violations: Iterable[Violation]) -> _Response:
    refused: list[Any] = [corrector_pb2.FieldViolation(field=v.field, description=v.description) for v in violations]
    return response_type(id=identity, violations=refused)


def _new_scorer() -> SubmittingScorer:
    # It imports MuJoCo, which a server with another corrector may do without until it is asked for a score.
    from sim_server.feasibility import Scorer

    return Scorer()
