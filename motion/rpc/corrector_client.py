"""The client of a sim server: `motion.protocols.Corrector` over gRPC."""

from __future__ import annotations

import queue
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import grpc
import numpy as np

from motion.errors import InvalidInput, Overloaded, Violation
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo, ProgressCallback
from motion.report import Correction
from motion.rpc import wire
from motion.rpc.channel import open_channel
from motion.rpc.status import error_from_call
from motion.v1 import corrector_pb2, corrector_pb2_grpc
from motion.validation import MAX_MESSAGE_FRAMES, as_motion, as_motions

SERVICE = corrector_pb2.DESCRIPTOR.services_by_name["CorrectorService"].full_name

_DESCRIBE_TIMEOUT_S = 10.0
_OVERLOAD_PAUSE_S = 0.2
_OVERLOAD_TIMEOUT_S = 120.0


class RemoteCorrector:
    """A sim server as a `motion.protocols.Corrector`, with the same results as one in-process.

    Each motion is a call of its own, so that replicas share the work motion by motion and a call whose server dies is
    repeated on another. Many calls run at once; fewer as long as the server reports that it is overloaded.

    Args:
        address: HOST:PORT, or a gRPC target.
        timeout: seconds that one motion may take, including its time in the queue; None for no limit.
        in_flight: maximum number of concurrent calls.

    Raises:
        InvalidInput: the address is malformed. Whether there is a server only shows in the first call.
    """

    def __init__(self, address: str, *, timeout: float | None = None, in_flight: int = 64):
        self._peer = f"sim server at {address}"
        self._timeout = timeout
        self._in_flight = in_flight
        self._channel = open_channel(address, SERVICE)
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
        """
        checked = _checked(motions)
        bulk = _BulkCorrection(self._stub, self._peer, self._timeout, self._in_flight)
        return bulk.correct(checked, seed, wire.pack_options(options or CorrectionOptions()), progress)

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


class _BulkCorrection:
    """The state of one `correct`: which motions wait, which are being corrected, and how many calls may run."""

    def __init__(self, stub: corrector_pb2_grpc.CorrectorServiceStub, peer: str, timeout: float | None, limit: int):
        self._stub = stub
        self._peer = peer
        self._timeout = timeout
        self._limit = limit
        self._window = limit
        self._calls: dict[int, grpc.Future] = {}
        self._ended: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._last_answer = time.monotonic()

    def correct(
        self,
        motions: Sequence[Motion],
        seed: int,
        options: corrector_pb2.CorrectionOptions,
        progress: ProgressCallback | None,
    ) -> list[Correction]:
        waiting = deque(range(len(motions)))
        corrections: dict[int, Correction] = {}
        try:
            while waiting or self._calls:
                while waiting and len(self._calls) < self._window:
                    index = waiting.popleft()
                    self._send(index, motions[index], seed, options)
                index = self._ended.get()
                try:
                    corrections[index] = self._receive(index, motions[index])
                except Overloaded as error:
                    self._slow_down(error)
                    waiting.appendleft(index)
                    continue
                self._last_answer = time.monotonic()
                self._window = min(self._limit, self._window + 1)
                if progress:
                    progress(len(corrections), len(motions))
        finally:
            for call in self._calls.values():
                call.cancel()
        return [corrections[index] for index in range(len(motions))]

    def _send(self, index: int, motion: Motion, seed: int, options: corrector_pb2.CorrectionOptions) -> None:
        try:
            packed = wire.pack_motion(motion)
        except InvalidInput as error:
            raise error.within(f"motions[{index}]") from error
        request = wire.build(corrector_pb2.CorrectRequest, motion=packed, options=options, seed=seed)
        call = self._stub.Correct.future(request, timeout=self._timeout)
        self._calls[index] = call
        call.add_done_callback(lambda _: self._ended.put(index))

    def _receive(self, index: int, motion: Motion) -> Correction:
        call = self._calls.pop(index)
        try:
            correction = wire.unpack_correction(call.result())
        except grpc.RpcError as error:
            raise _locate(index, error_from_call(error, self._peer)) from error
        # Messages do not distinguish an empty caption or name from None, so these come from the input.
        return replace(correction, motion=replace(correction.motion, caption=motion.caption, name=motion.name))

    def _slow_down(self, error: Overloaded) -> None:
        """Reduce the number of concurrent calls; raise `error` if no answer has come for too long."""
        self._window = max(1, len(self._calls))
        if time.monotonic() - self._last_answer > _OVERLOAD_TIMEOUT_S:
            raise error
        time.sleep(_OVERLOAD_PAUSE_S)


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
