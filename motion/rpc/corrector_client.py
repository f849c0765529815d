"""The client of a sim server: `motion.protocols.Corrector` and `motion.protocols.Scorer` over gRPC."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import grpc
import numpy as np

from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo, ProgressCallback
from motion.report import Correction
from motion.rpc import wire
from motion.rpc.bulk_calls import BulkCalls
from motion.rpc.bulk_results import collect, in_order
from motion.rpc.channel import open_channel
from motion.rpc.corrector_connection import CALLS_PER_SERVER, CorrectorConnection
from motion.rpc.corrector_messages import (
    DESCRIBE_TIMEOUT_S,
    SERVICE,
    CorrectionMessages,
    ScoreMessages,
    checked_motions,
)
from motion.rpc.status import error_from_call
from motion.score import Score
from motion.v1 import corrector_pb2

__all__ = ["CALLS_PER_SERVER", "SERVICE", "RemoteCorrector"]


class RemoteCorrector(CorrectorConnection):
    """A sim server as a `motion.protocols.Corrector` and `Scorer`, with the same results as those in-process.

    Each motion is a call of its own, so that replicas share the work motion by motion and a call whose server dies is
    repeated on another. Many calls run at once; fewer as long as the server reports that it is overloaded.
    `motion.rpc.async_corrector_client.AsyncRemoteCorrector` is the same for event loops.

    Its arguments (address, timeout, in_flight, security, priority) are those of
    `motion.rpc.corrector_connection.CorrectorConnection`.

    Raises:
        InvalidInput: as `CorrectorConnection` raises it.
    """

    _open_channel = staticmethod(open_channel)

    def describe(self) -> CorrectorInfo:
        """Return the description of the server's corrector.

        Raises:
            ServiceUnavailable: there is no such server, or it does not answer.
        """
        request = corrector_pb2.DescribeCorrectorRequest()
        try:
            return wire.unpack_corrector_info(self._stub.Describe(request, timeout=DESCRIBE_TIMEOUT_S))
        except grpc.RpcError as error:
            raise error_from_call(error, self._peer) from error

    def correct(
        self,
        motions: Sequence[Motion | np.ndarray],
        seed: int = 0,
        options: CorrectionOptions | None = None,
        progress: ProgressCallback | bool | None = None,
    ) -> list[Correction]:
        """Correct motions; see `motion.protocols.Corrector.correct`.

        Args:
            motions: `Motion` objects or arrays at 20 fps: positions (frames, 22, 3) in metres, or HumanML3D features
                (frames, 263).
            seed: random seed.
            options: how to correct; None for the defaults.
            progress: called with the numbers of motions (done, all); True shows a bar on stderr.

        Returns:
            One correction per motion, in the same order.

        Raises:
            PlumbError: as below; the attribute `finished` has the corrections that had come before it, by index.
            InvalidInput: a motion is malformed; the field starts with `motions[i]`.
            NotFound: the policy does not exist.
            ServiceUnavailable: there is no such server, it went away, or it did not answer in time.
            Unauthenticated: the server does not know the token.
            PermissionDenied: the token does not allow corrections.
        """
        return collect(self.corrected(motions, seed, options), len(motions), progress)

    def corrected(
        self,
        motions: Sequence[Motion | np.ndarray],
        seed: int = 0,
        options: CorrectionOptions | None = None,
        ordered: bool = False,
    ) -> Generator[tuple[int, Correction], None, None]:
        """Correct motions, and yield each correction as soon as it is there, with the index of its motion.

        What was yielded before an error is not lost with it.

        Args:
            motions: as for `correct`.
            seed: random seed.
            options: how to correct; None for the defaults.
            ordered: whether a correction waits for those of the motions before it.

        Raises:
            PlumbError: as for `correct`.
        """
        messages = CorrectionMessages.of(motions, seed, options, self._peer, self._priority)

        def send(index: int) -> grpc.Future:
            return self._stub.Correct.future(messages.request(index), timeout=self._timeout)

        def receive(index: int, call: grpc.Future) -> Correction:
            try:
                return messages.correction(index, call.result())
            except grpc.RpcError as error:
                raise messages.error(index, error) from error

        results = BulkCalls(send, receive, self._in_flight).results(len(messages.motions))
        return in_order(results) if ordered else results

    def score(
        self, motions: Sequence[Motion | np.ndarray], progress: ProgressCallback | bool | None = None
    ) -> list[Score]:
        """Score motions without correcting them; see `motion.protocols.Scorer.score`.

        Args:
            motions: as for `correct`.
            progress: called with the numbers of motions (done, all); True shows a bar on stderr.

        Returns:
            One score per motion, in the same order.

        Raises:
            PlumbError: as below; the attribute `finished` has the scores that had come before it, by index.
            InvalidInput: a motion is malformed; the field starts with `motions[i]`.
            ServiceUnavailable: there is no such server, it went away, it did not answer in time, or it is older than
                scores.
        """
        messages = ScoreMessages(checked_motions(motions), self._peer)

        def send(index: int) -> grpc.Future:
            return self._stub.Score.future(messages.request(index), timeout=self._timeout)

        def receive(index: int, call: grpc.Future) -> Score:
            try:
                return messages.score(index, call.result())
            except grpc.RpcError as error:
                raise messages.error(index, error) from error

        results = BulkCalls(send, receive, self._in_flight).results(len(messages.motions))
        return collect(results, len(messages.motions), progress)

    def close(self) -> None:
        """Close the connection and cancel running calls."""
        self._channel.close()

    def __enter__(self) -> RemoteCorrector:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
