"""What a client of the corrector sends and what it makes of the answers, whatever carries them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import grpc
import numpy as np

from motion.errors import InvalidInput, PlumbError, ServiceUnavailable, Violation
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.report import Correction
from motion.rpc import wire
from motion.rpc.status import error_from_call
from motion.score import Score
from motion.v1 import corrector_pb2, motion_pb2
from motion.validation import MAX_MESSAGE_FRAMES, as_motion, as_motions

SERVICE = corrector_pb2.DESCRIPTOR.services_by_name["CorrectorService"].full_name
DESCRIBE_TIMEOUT_S = 10.0
MAX_PRIORITY = 100
"""The highest priority of a motion; the lowest one is its negative."""


def checked_motions(motions: Sequence[Motion | np.ndarray]) -> list[Motion]:
    """Convert all inputs to motions, before the first one is sent.

    Raises:
        InvalidInput: an input is no motion; the field starts with `motions[i]`.
    """
    # The server knows its own limit of frames and reports it.
    return as_motions(motions, partial(as_motion, max_frames=MAX_MESSAGE_FRAMES))


@dataclass(frozen=True)
class CorrectionMessages:
    """The requests for the corrections of motions, and the corrections of their answers.

    Attributes:
        motions: the motions, checked.
        options: the options, packed.
        seed: random seed.
        peer: who is called, for errors.
        priority: order among the client's own motions on a server.
    """

    motions: Sequence[Motion]
    options: corrector_pb2.CorrectionOptions
    seed: int
    peer: str
    priority: int = 0

    @classmethod
    def of(
        cls,
        motions: Sequence[Motion | np.ndarray],
        seed: int,
        options: CorrectionOptions | None,
        peer: str,
        priority: int = 0,
    ) -> CorrectionMessages:
        """Check the inputs of `Corrector.correct`.

        Raises:
            InvalidInput: an input is no motion, or an option cannot be sent.
        """
        packed = wire.pack_options(options or CorrectionOptions())
        return cls(checked_motions(motions), packed, seed, peer, priority)

    def request(self, index: int) -> corrector_pb2.CorrectRequest:
        """Return the request for the motion of an index.

        Raises:
            InvalidInput: a value cannot be sent.
        """
        packed = _packed(index, self.motions[index])
        values = {"motion": packed, "options": self.options, "seed": self.seed, "priority": self.priority}
        return wire.build(corrector_pb2.CorrectRequest, **values)

    def correction(self, index: int, response: corrector_pb2.CorrectResponse) -> Correction:
        """Return the correction in an answer."""
        correction = wire.unpack_correction(response)
        # Messages do not distinguish an empty caption or name from None, so these come from the input.
        motion = self.motions[index]
        return replace(correction, motion=replace(correction.motion, caption=motion.caption, name=motion.name))

    def error(self, index: int, error: grpc.RpcError) -> PlumbError:
        """Return the error of a failed call, with the fields of the caller's list."""
        return _located(index, error_from_call(error, self.peer))


@dataclass(frozen=True)
class ScoreMessages:
    """The requests for the scores of motions, and the scores of their answers.

    Attributes:
        motions: the motions, checked.
        peer: who is called, for errors.
    """

    motions: Sequence[Motion]
    peer: str

    def request(self, index: int) -> corrector_pb2.ScoreRequest:
        """Return the request for the motion of an index.

        Raises:
            InvalidInput: a value cannot be sent.
        """
        return corrector_pb2.ScoreRequest(motion=_packed(index, self.motions[index]))

    def score(self, index: int, response: corrector_pb2.ScoreResponse) -> Score:
        """Return the score in an answer."""
        return wire.unpack_scored(response)

    def error(self, index: int, error: grpc.RpcError) -> PlumbError:
        """Return the error of a failed call, with the fields of the caller's list."""
        if error.code() == grpc.StatusCode.UNIMPLEMENTED:  # pyright: ignore[reportAttributeAccessIssue]
            return ServiceUnavailable(f"the {self.peer} cannot score; it is older than scores, or no sim server")
        return _located(index, error_from_call(error, self.peer))


def _packed(index: int, motion: Motion) -> motion_pb2.Motion:
    try:
        return wire.pack_motion(motion)
    except InvalidInput as error:
        raise error.within(f"motions[{index}]") from error


def _located(index: int, error: PlumbError) -> PlumbError:
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
