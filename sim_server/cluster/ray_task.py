"""What the processes of a Ray cluster do: correct motions that come as messages of the protocol.

Requests and answers are the bytes of `motion.v1` messages, so that nothing of ours is pickled between versions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from motion.motion import Motion
from motion.protocols import CorrectionOptions, Corrector
from motion.report import Correction
from motion.rpc import wire
from motion.v1 import corrector_pb2


def correct_messages(policy: str, requests: Sequence[bytes]) -> list[bytes]:
    """Correct motions, all with the seed and options of the first one.

    Args:
        policy: name or folder of the default policy; empty for the one that ships.
        requests: serialized messages `CorrectRequest`.

    Returns:
        Serialized messages `CorrectResponse`, in the same order.
    """
    messages = [corrector_pb2.CorrectRequest.FromString(each) for each in requests]
    motions = [wire.unpack_motion(each.motion) for each in messages]
    options = wire.unpack_options(messages[0].options)
    corrections = process_corrector(policy).correct(motions, messages[0].seed, options)
    return [response_message(each) for each in corrections]


def response_message(correction: Correction) -> bytes:
    """Return a serialized `CorrectResponse` with a correction, and its trace if it has one."""
    response = corrector_pb2.CorrectResponse(
        motion=wire.pack_motion(correction.motion), report=wire.pack_report(correction.report)
    )
    if correction.trace is not None:
        response.trace.CopyFrom(wire.pack_trace(correction.trace))
    return response.SerializeToString()


def request_message(motion: Motion, seed: int, options: CorrectionOptions) -> bytes:
    """Return a serialized `CorrectRequest`."""
    return corrector_pb2.CorrectRequest(
        motion=wire.pack_motion(motion), options=wire.pack_options(options), seed=seed
    ).SerializeToString()


def describe_message(policy: str) -> bytes:
    """Return a serialized `DescribeCorrectorResponse` of the corrector in this process."""
    return wire.pack_corrector_info(process_corrector(policy).describe()).SerializeToString()


@cache
def process_corrector(policy: str) -> Corrector:
    """Return the corrector of this process, which has one core."""
    from sim_server.corrector import Corrector

    return Corrector(policy, threads=1)
