"""The client of a sim server for event loops; `motion.rpc.corrector_client` has the one for all other programs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import grpc
import grpc.aio
import numpy as np

from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo, ProgressCallback
from motion.report import Correction
from motion.rpc import wire
from motion.rpc.async_bulk_calls import AsyncBulkCalls
from motion.rpc.bulk_results import collect_async, in_order_async
from motion.rpc.channel import open_async_channel
from motion.rpc.corrector_connection import CorrectorConnection
from motion.rpc.corrector_messages import (
    DESCRIBE_TIMEOUT_S,
    CorrectionMessages,
    ScoreMessages,
    checked_motions,
)
from motion.rpc.status import error_from_call
from motion.score import Score
from motion.v1 import corrector_pb2


class AsyncRemoteCorrector(CorrectorConnection):
    """A sim server for programs with an event loop; `RemoteCorrector` with coroutines.

    It is opened and used in one event loop. What `RemoteCorrector` says of repeated calls, replicas and results holds
    here too. A coroutine that is cancelled cancels its calls.

    Its arguments (address, timeout, in_flight, security, priority) are those of
    `motion.rpc.corrector_connection.CorrectorConnection`.

    Raises:
        InvalidInput: as `CorrectorConnection` raises it.
    """

    _open_channel = staticmethod(open_async_channel)

    async def describe(self) -> CorrectorInfo:
        """Return the description of the server's corrector.

        Raises:
            ServiceUnavailable: there is no such server, or it does not answer.
        """
        request = corrector_pb2.DescribeCorrectorRequest()
        try:
            return wire.unpack_corrector_info(await self._stub.Describe(request, timeout=DESCRIBE_TIMEOUT_S))
        except grpc.RpcError as error:
            raise error_from_call(error, self._peer) from error

    async def correct(
        self,
        motions: Sequence[Motion | np.ndarray],
        seed: int = 0,
        options: CorrectionOptions | None = None,
        progress: ProgressCallback | bool | None = None,
    ) -> list[Correction]:
        """Correct motions; see `motion.protocols.Corrector.correct`.

        Args:
            motions: as for `motion.rpc.corrector_client.RemoteCorrector.correct`.
            seed: random seed.
            options: how to correct; None for the defaults.
            progress: called with the numbers of motions (done, all); True shows a bar on stderr.

        Returns:
            One correction per motion, in the same order.

        Raises:
            PlumbError: as `RemoteCorrector.correct` raises; the attribute `finished` has the corrections that had come
                before it, by index.
        """
        return await collect_async(self.corrected(motions, seed, options), len(motions), progress)

    def corrected(
        self,
        motions: Sequence[Motion | np.ndarray],
        seed: int = 0,
        options: CorrectionOptions | None = None,
        ordered: bool = False,
    ) -> AsyncGenerator[tuple[int, Correction], None]:
        """Correct motions, and yield each correction as soon as it is there, with the index of its motion.

        Args:
            motions: as for `correct`.
            seed: random seed.
            options: how to correct; None for the defaults.
            ordered: whether a correction waits for those of the motions before it.

        Raises:
            PlumbError: as for `correct`.
        """
        messages = CorrectionMessages.of(motions, seed, options, self._peer, self._priority)

        async def call(index: int) -> Correction:
            return messages.correction(index, await self._stub.Correct(messages.request(index), timeout=self._timeout))

        results = AsyncBulkCalls(call, messages.error, self._in_flight).results(len(messages.motions))
        return in_order_async(results) if ordered else results

    async def score(
        self, motions: Sequence[Motion | np.ndarray], progress: ProgressCallback | bool | None = None
    ) -> list[Score]:
        """Score motions without correcting them; see `motion.protocols.Scorer.score`.

        Args:
            motions: as for `correct`.
            progress: called with the numbers of motions (done, all); True shows a bar on stderr.

        Returns:
            One score per motion, in the same order.

        Raises:
            PlumbError: as `RemoteCorrector.score` raises; the attribute `finished` has the scores that had come before
                it, by index.
        """
        messages = ScoreMessages(checked_motions(motions), self._peer)

        async def call(index: int) -> Score:
            return messages.score(index, await self._stub.Score(messages.request(index), timeout=self._timeout))

        results = AsyncBulkCalls(call, messages.error, self._in_flight).results(len(messages.motions))
        return await collect_async(results, len(messages.motions), progress)

    async def close(self) -> None:
        """Close the connection and cancel running calls."""
        await self._channel.close()

    async def __aenter__(self) -> AsyncRemoteCorrector:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
