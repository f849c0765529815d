"""Fuzz the codec with libFuzzer, guided by coverage: `python codec_fuzzer.py [FLAGS OF LIBFUZZER] [CORPUS]`.

Whatever bytes a message is made of, `unpack_*` returns a value or raises `InvalidInput`; and what it returns is packed
to a message that has the same value.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["motion.rpc"]):
    from motion.rpc import measured_wire, tensors, wire

import numpy as np
from google.protobuf.message import DecodeError

from motion.errors import InvalidInput
from motion.v1 import corrector_pb2, generator_pb2, motion_pb2

CODECS = (
    (motion_pb2.Tensor, tensors.unpack_tensor, tensors.pack_tensor),
    (motion_pb2.Motion, wire.unpack_motion, wire.pack_motion),
    (corrector_pb2.CorrectionOptions, wire.unpack_options, wire.pack_options),
    (corrector_pb2.CorrectResponse, wire.unpack_correction, None),
    (corrector_pb2.ScoreResponse, wire.unpack_scored, None),
    (corrector_pb2.Trace, measured_wire.unpack_trace, measured_wire.pack_trace),
    (generator_pb2.SampleRequest, wire.unpack_sample_options, None),
)


def fuzz_one(data: bytes) -> None:
    """Unpack the message that bytes stand for, the first of which chooses its type."""
    if not data:
        return
    message_type, unpack, pack = CODECS[data[0] % len(CODECS)]
    try:
        value = unpack(message_type.FromString(data[1:]))
    except (DecodeError, InvalidInput):
        return
    if pack is not None:
        again = unpack(pack(value))
        assert _text(again) == _text(value), (value, again)


def _text(value: object) -> object:
    """Return what can be compared: NaN is not itself, and arrays compare by element."""
    return (value.dtype.str, value.shape, value.tobytes()) if isinstance(value, np.ndarray) else repr(value)


if __name__ == "__main__":
    np.set_printoptions(threshold=sys.maxsize)
    atheris.Setup(sys.argv, fuzz_one)
    atheris.Fuzz()
