"""The corrector as a gRPC service, `motion.v1.CorrectorService`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import grpc.aio

from motion.errors import InvalidInput, Violation
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.report import Correction
from motion.rpc import MAX_MESSAGE_BYTES, wire
from motion.rpc.admission import ByteBudget
from motion.rpc.answer_stream import StreamAnswers
from motion.rpc.corrector_messages import MAX_PRIORITY
from motion.rpc.quotas import charged, current_client, motion_seconds
from motion.rpc.server import Services
from motion.rpc.server import serve as serve_services
from motion.rpc.server_settings import (
    CORRECTOR_ADDRESS,
    DEFAULT_DRAIN_SECONDS,
    DEFAULT_GRACE_SECONDS,
    DEFAULT_PENDING_BYTES,
    ServerSettings,
)
from motion.score import Score
from motion.v1 import corrector_pb2, corrector_pb2_grpc, motion_pb2
from sim_server.fair_queue import Sender
from sim_server.served_corrector import FairCorrector, ScoringCorrector, SubmittingCorrector, SubmittingScorer

STREAM_WINDOW = 256
"""Motions of a stream that may wait for their answers."""
_FRAMING_BYTES = 1024  # of a message beside its motion, report and trace
_LARGE_FRAMES = 2000  # checking these takes milliseconds, in which the event loop would answer nobody

_T = TypeVar("_T")


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
        InvalidInput: `listen` is not an address of this machine alone, or is in use. For other addresses, TLS and
            tokens there are `motion.rpc.server.serve` and `services`.
    """
    settings = ServerSettings(listen, announce, metrics_port, drain_seconds=drain_seconds, grace_seconds=grace_seconds)
    serve_services(services(corrector), settings)


def services(
    corrector: SubmittingCorrector,
    stream_window: int = STREAM_WINDOW,
    scorer: SubmittingScorer | None = None,
    pending_bytes: int = DEFAULT_PENDING_BYTES,
    least_fps: float = 0.0,
) -> Services:
    """Make the service, as `motion.rpc.server` takes it.

    Args:
        corrector: the corrector that answers.
        stream_window: motions of a stream that may wait for their answers.
        scorer: the scorer that answers; None for the corrector itself if it scores too, as `WorkerPool` does, and else
            for `sim_server.feasibility.Scorer` in this process.
        pending_bytes: bytes of the requests in streams that may wait for their answers.
        least_fps: lowest frame rate of a motion; those of lower rates are long for the bytes that they come in.
    """
    servicer = CorrectorServicer(corrector, stream_window, scorer, pending_bytes, least_fps)
    name = corrector_pb2.DESCRIPTOR.services_by_name["CorrectorService"].full_name
    return {name: lambda server: corrector_pb2_grpc.add_CorrectorServiceServicer_to_server(servicer, server)}


class CorrectorServicer(corrector_pb2_grpc.CorrectorServiceServicer):
    """Hands motions to a corrector and waits for the corrections without blocking other calls.

    When a client cancels a call, or its deadline passes, the corrector drops the motion.

    Args:
        corrector: the corrector that answers.
        stream_window: motions of a stream that may wait for their answers.
        scorer: the scorer that answers; None for the corrector itself if it scores too, as `WorkerPool` does, and else
            for `sim_server.feasibility.Scorer` in this process.
        pending_bytes: bytes of the requests in streams that may wait for their answers.
        least_fps: lowest frame rate of a motion.
    """

    def __init__(
        self,
        corrector: SubmittingCorrector,
        stream_window: int = STREAM_WINDOW,
        scorer: SubmittingScorer | None = None,
        pending_bytes: int = DEFAULT_PENDING_BYTES,
        least_fps: float = 0.0,
    ):
        self._corrector = corrector
        self._least_fps = least_fps
        self._scorer = scorer
        self._checking = ThreadPoolExecutor(2, thread_name_prefix="check")
        budget = ByteBudget(pending_bytes)
        self._corrections = StreamAnswers(
            self._start_correction, partial(_refusal, corrector_pb2.CorrectResponse), stream_window, budget
        )
        self._scores = StreamAnswers(
            self._start_score, partial(_refusal, corrector_pb2.ScoreResponse), stream_window, budget
        )

    async def Describe(
        self, request: corrector_pb2.DescribeCorrectorRequest, context: grpc.aio.ServicerContext
    ) -> corrector_pb2.DescribeCorrectorResponse:
        """Describe the corrector."""
        return wire.pack_corrector_info(self._corrector.describe())

    async def Correct(
        self, request: corrector_pb2.CorrectRequest, context: grpc.aio.ServicerContext
    ) -> corrector_pb2.CorrectResponse:
        """Correct one motion."""
        finish = await self._start_correction(request)
        return await finish()

    async def CorrectStream(
        self, request_iterator: AsyncIterator[corrector_pb2.CorrectRequest], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[corrector_pb2.CorrectResponse]:
        """Correct the motions of a stream, and answer each as soon as it is ready."""
        async with aclosing(self._corrections.answer(request_iterator)) as responses:
            async for response in responses:
                yield response

    async def Score(
        self, request: corrector_pb2.ScoreRequest, context: grpc.aio.ServicerContext
    ) -> corrector_pb2.ScoreResponse:
        """Score one motion."""
        finish = await self._start_score(request)
        return await finish()

    async def ScoreStream(
        self, request_iterator: AsyncIterator[corrector_pb2.ScoreRequest], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[corrector_pb2.ScoreResponse]:
        """Score the motions of a stream, and answer each as soon as it is ready."""
        async with aclosing(self._scores.answer(request_iterator)) as responses:
            async for response in responses:
                yield response

    async def _start_correction(
        self, request: corrector_pb2.CorrectRequest
    ) -> Callable[[], Awaitable[corrector_pb2.CorrectResponse]]:
        """Hand the motion of a request to the corrector, and return what waits for the answer."""
        if not request.HasField("motion"):
            raise InvalidInput.of("motion", "is missing; must be the motion to correct")
        if request.seed < 0:
            raise InvalidInput.of("seed", f"is {request.seed}; must be at least 0 and below 2^63")
        try:
            options = wire.unpack_options(request.options)
        except InvalidInput as error:
            raise error.within("options") from error
        identity = request.id
        future = await self._submit(request.motion, partial(self._hand_over, _sender(request), request.seed, options))

        async def finish() -> corrector_pb2.CorrectResponse:
            # When this call is cancelled so is the future, which tells the corrector to drop the motion.
            correction = await asyncio.wrap_future(future)
            response = corrector_pb2.CorrectResponse(
                motion=wire.pack_motion(correction.motion), report=wire.pack_report(correction.report), id=identity
            )
            if options.wants_trace and correction.trace is not None:
                response.trace.CopyFrom(wire.pack_trace(correction.trace))
                if (size := response.ByteSize()) > MAX_MESSAGE_BYTES - _FRAMING_BYTES:
                    if not options.trace:  # a trace that was not asked for at any price must not cost the motion
                        response.ClearField("trace")
                        return response
                    most = f"must be at most {MAX_MESSAGE_BYTES >> 20} MiB; cut the motion, or ask for no trace"
                    raise InvalidInput.of("options.trace", f"makes a message of {size / 2**20:.1f} MiB; {most}")
            return response

        return finish

    def _hand_over(self, sender: Sender, seed: int, options: CorrectionOptions, motion: Motion) -> Future[Correction]:
        if isinstance(self._corrector, FairCorrector):
            return self._corrector.submit_for(sender, motion, seed, options)
        return self._corrector.submit(motion, seed, options)

    async def _start_score(
        self, request: corrector_pb2.ScoreRequest
    ) -> Callable[[], Awaitable[corrector_pb2.ScoreResponse]]:
        """Hand the motion of a request to the scorer, and return what waits for the answer."""
        if not request.HasField("motion"):
            raise InvalidInput.of("motion", "is missing; must be the motion to score")
        identity = request.id
        future = await self._submit(request.motion, await self._scoring())

        async def finish() -> corrector_pb2.ScoreResponse:
            try:
                score = await asyncio.wrap_future(future)
            except InvalidInput as error:
                raise error.within("motion") from error
            return corrector_pb2.ScoreResponse(score=wire.pack_score(score), id=identity)

        return finish

    async def _scoring(self) -> Callable[[Motion], Future[Score]]:
        """Return what scores motions of the current call: the scorer, or else the corrector where it corrects them."""
        if self._scorer is None and isinstance(self._corrector, ScoringCorrector):
            return partial(self._corrector.submit_score, Sender(current_client()))
        if self._scorer is None:  # the first call opens it in a thread, since it imports for a second
            scorer = await asyncio.get_running_loop().run_in_executor(self._checking, _new_scorer)
            self._scorer = self._scorer or scorer  # another call may have been faster
        return self._scorer.submit

    async def _submit(self, message: motion_pb2.Motion, submit: Callable[[Motion], Future[_T]]) -> Future[_T]:
        """Charge a motion to who sent it and hand it over, in a thread if its checks take long."""
        try:
            motion = wire.unpack_motion(message)
            if 0 < motion.fps < self._least_fps:
                raise InvalidInput.of("fps", f"is {motion.fps:g}; must be at least {self._least_fps:g} on this server")
            with charged(motion_seconds(motion), "positions"):
                if len(motion) < _LARGE_FRAMES:
                    return submit(motion)
                handed_over = self._checking.submit(submit, motion)
                try:
                    return await asyncio.wrap_future(handed_over)
                except asyncio.CancelledError:
                    handed_over.add_done_callback(_drop)
                    raise
        except InvalidInput as error:
            raise error.within("motion") from error


def _drop(handed_over: Future[Future[Any]]) -> None:
    """Drop a motion that nobody waits for any more."""
    if not handed_over.cancelled() and handed_over.exception() is None:
        handed_over.result().cancel()


def _sender(request: corrector_pb2.CorrectRequest) -> Sender:
    """Return who sent a request, and how urgent it is among that client's own."""
    if not abs(request.priority) <= MAX_PRIORITY:
        most = f"must be from -{MAX_PRIORITY} to {MAX_PRIORITY}"
        raise InvalidInput.of("priority", f"is {request.priority}; {most}")
    return Sender(current_client(), request.priority)


def _refusal(response_type: Callable[..., _T], request: Any, violations: Iterable[Violation]) -> _T:
    refused: list[Any] = [corrector_pb2.FieldViolation(field=v.field, description=v.description) for v in violations]
    return response_type(id=request.id, violations=refused)


def _new_scorer() -> SubmittingScorer:
    # It imports MuJoCo, which a server with another corrector may do without until it is asked for a score.
    from sim_server.feasibility import Scorer

    return Scorer()
