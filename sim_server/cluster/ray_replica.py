"""A replica of the corrector on Ray Serve: one core, and motions as messages of the protocol."""

from __future__ import annotations

import asyncio

from motion.errors import InvalidInput
from motion.rpc import wire
from motion.v1 import corrector_pb2
from sim_server.cluster.ray_task import response_message
from sim_server.corrector import Corrector
from sim_server.feasibility import Scorer

ONGOING = 32
"""Motions that a replica simulates at once."""
SCORING = 4
"""Motions that it has beside those to be scored, one after the other."""


class CorrectorReplica:
    """What Ray Serve starts on the nodes; motions that arrive while others run join them in the next free slot.

    Args:
        policy: name or folder of the default policy; empty for the one that ships.
    """

    def __init__(self, policy: str):
        self._corrector = Corrector(policy, slots=ONGOING, threads=1, queue_size=2 * ONGOING)
        self._scorer = Scorer()

    async def __call__(self, request: bytes) -> bytes:
        """Correct one motion; a call that is cancelled drops it.

        Args:
            request: a serialized `CorrectRequest`.

        Returns:
            A serialized `CorrectResponse`.
        """
        message = corrector_pb2.CorrectRequest.FromString(request)
        motion, options = wire.unpack_motion(message.motion), wire.unpack_options(message.options)
        return response_message(await asyncio.wrap_future(self._corrector.submit(motion, message.seed, options)))

    async def score(self, request: bytes) -> bytes:
        """Score one motion; a call that is cancelled drops it.

        Args:
            request: a serialized `ScoreRequest`.

        Returns:
            A serialized `ScoreResponse`; it has violations if the motion was refused.
        """
        motion = wire.unpack_motion(corrector_pb2.ScoreRequest.FromString(request).motion)
        try:
            score = await asyncio.wrap_future(self._scorer.submit(motion))
        except InvalidInput as error:
            refused = [corrector_pb2.FieldViolation(field=v.field, description=v.description) for v in error.violations]
            return corrector_pb2.ScoreResponse(violations=refused).SerializeToString()
        return corrector_pb2.ScoreResponse(score=wire.pack_score(score)).SerializeToString()

    async def describe(self) -> bytes:
        """Return a serialized `DescribeCorrectorResponse`."""
        return wire.pack_corrector_info(self._corrector.describe()).SerializeToString()

    def check_health(self) -> None:
        """Tell Ray Serve to replace this replica if it cannot correct any more.

        Raises:
            RuntimeError: it cannot.
        """
        if not self._corrector.healthy:
            raise RuntimeError("the corrector is closed")
