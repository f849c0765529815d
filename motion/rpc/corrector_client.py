"""The client of a sim server: `motion.protocols.Corrector` and `motion.protocols.Scorer` over gRPC."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import grpc
import numpy as np

from motion.errors import InvalidInput, ServiceUnavailable, Violation
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo, ProgressCallback
from motion.report import Correction
from motion.rpc import wire
from motion.rpc.bulk_calls import BulkCalls
from motion.rpc.channel import open_channel
from motion.rpc.client_security import ClientSecurity
from motion.rpc.status import error_from_call
from motion.score import Score
from motion.v1 import corrector_pb2, corrector_pb2_grpc, motion_pb2
from motion.validation import MAX_MESSAGE_FRAMES, as_motion, as_motions

SERVICE = corrector_pb2.DESCRIPTOR.services_by_name["CorrectorService"].full_name

_DESCRIBE_TIMEOUT_S = 10.0

_Result = TypeVar("_Result")


class RemoteCorrector:
    """A sim server as a `motion.protocols.Corrector` and `Scorer`, with the same results as those in-process.

    Each motion is a call of its own, so that replicas share the work motion by motion and a call whose server dies is
    repeated on another. Many calls run at once; fewer as long as the server reports that it is overloaded.

    Args:
        address: HOST:PORT, or a gRPC target. `ipv4:HOST:PORT,HOST:PORT` and names with several addresses
            (`dns:///sim:50051`) are used in turn, without those that are dead or about to end.
        timeout: seconds that one motion may take, including its time in the queue; None for no limit.
        in_flight: maximum number of concurrent calls.
        security: TLS, certificate and token; None for what the variables PLUMB_CA and so on say.

    Raises:
        InvalidInput: the address is malformed, or the security does not go with it. Whether there is a server only
            shows in the first call.
    """

    def __init__(
        self,
        address: str,
        *,
        timeout: float | None = None,
        in_flight: int = 64,
        security: ClientSecurity | None = None,
    ):
        self._peer = f"sim server at {address}"
        self._timeout = timeout
        self._in_flight = in_flight
        self._channel = open_channel(address, SERVICE, security)
        self._stub = corrector_pb2_grpc.CorrectorServiceStub(self._channel)

    def describe(self) -> CorrectorInfo:
        """Return the description of the server's corrector.

        Raises:
            ServiceUnavailable: there is no such server, or it does not answer.
        """
        request = corrector_pb2.DescribeCorrectorRequest()
        try:
            return wire.unpack_corrector_info(self._stub.Describe(request, timeout=_DESCRIBE_TIMEOUT_S))
        except grpc.RpcError as error:
            raise error_from_call(error, self._peer) from error

    def correct(
        self,
        motions: Sequence[Motion | np.ndarray],
        seed: int = 0,
        options: CorrectionOptions | None = None,
        progress: ProgressCallback | None = None,
    ) -> list[Correction]:
        """Correct motions; see `motion.protocols.Corrector.correct`.

        Args:
            motions: `Motion` objects or arrays at 20 fps: positions (frames, 22, 3) in metres, or HumanML3D features
                (frames, 263).
            seed: random seed.
            options: how to correct; None for the defaults.
            progress: called with the numbers of motions (done, all).

        Returns:
            One correction per motion, in the same order.

        Raises:
            InvalidInput: a motion is malformed; the field starts with `motions[i]`.
            NotFound: the policy does not exist.
            ServiceUnavailable: there is no such server, it went away, or it did not answer in time.
            Unauthenticated: the server does not know the token.
            PermissionDenied: the token does not allow corrections.
        """
        return _in_order(self.corrected(motions, seed, options), len(motions), progress)

    def corrected(
        self, motions: Sequence[Motion | np.ndarray], seed: int = 0, options: CorrectionOptions | None = None
    ) -> Generator[tuple[int, Correction], None, None]:
        """Correct motions, and yield each correction as soon as it is there, with the index of its motion.

        What was yielded before an error is not lost with it.

        Args:
            motions: as for `correct`.
            seed: random seed.
            options: how to correct; None for the defaults.

        Raises:
            PlumbError: as for `correct`.
        """
        checked = _checked(motions)
        packed_options = wire.pack_options(options or CorrectionOptions())

        def send(index: int) -> grpc.Future:
            packed = _packed(index, checked[index])
            request = wire.build(corrector_pb2.CorrectRequest, motion=packed, options=packed_options, seed=seed)
            return self._stub.Correct.future(request, timeout=self._timeout)

        def receive(index: int, call: grpc.Future) -> Correction:
            correction = wire.unpack_correction(self._result(index, call))
            # Messages do not distinguish an empty caption or name from None, so these come from the input.
            named = replace(correction.motion, caption=checked[index].caption, name=checked[index].name)
            return replace(correction, motion=named)

        return BulkCalls(send, receive, self._in_flight).results(len(checked))

    def score(self, motions: Sequence[Motion | np.ndarray], progress: ProgressCallback | None = None) -> list[Score]:
        """Score motions without correcting them; see `motion.protocols.Scorer.score`.

        Args:
            motions: as for `correct`.
            progress: called with the numbers of motions (done, all).

        Returns:
            One score per motion, in the same order.

        Raises:
            InvalidInput: a motion is malformed; the field starts with `motions[i]`.
            ServiceUnavailable: there is no such server, it went away, it did not answer in time, or it is older than
                scores.
        """
        checked = _checked(motions)

        def send(index: int) -> grpc.Future:
            request = corrector_pb2.ScoreRequest(motion=_packed(index, checked[index]))
            return self._stub.Score.future(request, timeout=self._timeout)

        def receive(index: int, call: grpc.Future) -> Score:
            if call.exception() is not None and call.code() == grpc.StatusCode.UNIMPLEMENTED:  # pyright: ignore[reportAttributeAccessIssue]
                raise ServiceUnavailable(f"the {self._peer} cannot score; it is older than scores, or no sim server")
            return wire.unpack_scored(self._result(index, call))

        results = BulkCalls(send, receive, self._in_flight).results(len(checked))
        return _in_order(results, len(checked), progress)

    def _result(self, index: int, call: grpc.Future) -> Any:
        """Return the message that answers a call, or raise its error with the fields of the caller's list."""
        try:
            return call.result()
        except grpc.RpcError as error:
            raise _locate(index, error_from_call(error, self._peer)) from error

    def close(self) -> None:
        """Close the connection and cancel running calls."""
        self._channel.close()

    def __enter__(self) -> RemoteCorrector:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _checked(motions: Sequence[Motion | np.ndarray]) -> list[Motion]:
    """Convert all inputs to motions before the first one is sent."""
    # The server knows its own limit of frames and reports it.
    return as_motions(motions, partial(as_motion, max_frames=MAX_MESSAGE_FRAMES))


def _in_order(
    results: Generator[tuple[int, _Result], None, None], count: int, progress: ProgressCallback | None
) -> list[_Result]:
    """Return results in the order of their indices; `progress` is told of each."""
    found: dict[int, _Result] = {}
    with closing(results):
        for index, result in results:
            found[index] = result
            if progress:
                progress(len(found), count)
    return [found[index] for index in range(count)]


def _packed(index: int, motion: Motion) -> motion_pb2.Motion:
    try:
        return wire.pack_motion(motion)
    except InvalidInput as error:
        raise error.within(f"motions[{index}]") from error


def _locate(index: int, error: Exception) -> Exception:
    """Move violations of the request's field `motion` to `motions[index]`, the field of the caller's list."""
    if not isinstance(error, InvalidInput):
        return error
    return InvalidInput(
        [
            Violation(f"motions[{index}]{v.field.removeprefix('motion')}", v.description)
            if v.field == "motion" or v.field.startswith("motion.")
            else v
            for v in error.violations
        ]
    )
