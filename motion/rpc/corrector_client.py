"""A corrector that is a service: the methods of `motion.protocols.Corrector`, over gRPC."""

from __future__ import annotations

import queue
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

import grpc
import numpy as np

from motion.errors import InvalidInput, Overloaded, Violation
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo
from motion.report import Correction
from motion.rpc import wire
from motion.rpc.channel import open_channel
from motion.rpc.status import error_of
from motion.v1 import corrector_pb2, corrector_pb2_grpc
from motion.validation import MOST_FRAMES, as_motion

SERVICE = corrector_pb2.DESCRIPTOR.services_by_name["CorrectorService"].full_name

_DESCRIBE_SECONDS = 10.0
_OVERLOAD_PAUSE_SECONDS = 0.2
_OVERLOAD_PATIENCE_SECONDS = 120.0


class RemoteCorrector:
    """The sim server at an address; satisfies `motion.protocols.Corrector`, with the results of one in-process.

    A motion is a call of its own, so that replicas share the work motion by motion and a call that is lost with its
    server is made again elsewhere. Many are under way at once, fewer while the server says that it has too much to do.

    Args:
        address: HOST:PORT, or a gRPC target.
        timeout: seconds that one motion may take, its wait for its turn included; None for no limit.
        in_flight: calls under way at once.

    Raises:
        InvalidInput: the address is none. Whether a server is there shows only in the first call.
    """

    def __init__(self, address: str, *, timeout: float | None = None, in_flight: int = 64):
        self._peer = f"sim server at {address}"
        self._timeout = timeout
        self._in_flight = in_flight
        self._channel = open_channel(address, SERVICE)
        self._stub = corrector_pb2_grpc.CorrectorServiceStub(self._channel)

    def describe(self) -> CorrectorInfo:
        """What the server says about its corrector.

        Raises:
            ServiceUnavailable: there is no such server, or it does not answer.
        """
        request = corrector_pb2.DescribeCorrectorRequest()
        try:
            return wire.unpack_corrector_info(self._stub.Describe(request, timeout=_DESCRIBE_SECONDS))
        except grpc.RpcError as error:
            raise error_of(error, self._peer) from error

    def correct(
        self,
        motions: Sequence[Motion | np.ndarray],
        seed: int = 0,
        options: CorrectionOptions | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Correction]:
        """Correct motions; the answers are in the same order. Arguments as for `sim_server.Corrector.correct`.

        Raises:
            InvalidInput: an input is no motion, its fields under `motions[i]`.
            NotFound: no policy has the name in `options`.
            ServiceUnavailable: there is no such server, it went away, or it did not answer in time.
        """
        checked = _checked(motions)
        bulk = _Bulk(self._stub, self._peer, self._timeout, self._in_flight)
        return bulk.correct(checked, seed, wire.pack_options(options or CorrectionOptions()), progress)

    def close(self) -> None:
        """Close the connection; calls under way are cancelled."""
        self._channel.close()

    def __enter__(self) -> RemoteCorrector:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _checked(motions: Sequence[Motion | np.ndarray]) -> list[Motion]:
    """The inputs as motions, all looked at before the first is sent."""
    checked, violations = [], []
    for index, sample in enumerate(motions):
        try:
            # How long it may last, the server knows.
            checked.append(as_motion(sample, max_frames=MOST_FRAMES))
        except InvalidInput as error:
            violations += error.within(f"motions[{index}]").violations
    if violations:
        raise InvalidInput(violations)
    return checked


class _Bulk:
    """One `correct`: which motions wait, which are under way, how many may be."""

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
        progress: Callable[[int, int], None] | None,
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
            raise _about_motion(index, error_of(error, self._peer)) from error
        # What does not travel apart from its absence: a caption or a name that is None or empty.
        return replace(correction, motion=replace(correction.motion, caption=motion.caption, name=motion.name))

    def _slow_down(self, error: Overloaded) -> None:
        """Have fewer calls under way than were too many; raise `error` when nothing has come for too long."""
        self._window = max(1, len(self._calls))
        if time.monotonic() - self._last_answer > _OVERLOAD_PATIENCE_SECONDS:
            raise error
        time.sleep(_OVERLOAD_PAUSE_SECONDS)


def _about_motion(index: int, error: Exception) -> Exception:
    """`error`, where it is about the request's motion, said of motion `index` of the caller's list."""
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
