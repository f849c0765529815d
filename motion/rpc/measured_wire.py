"""Conversion of scores and traces to messages and back; both consist of numbers, names and arrays."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from google.protobuf.message import Message

from motion.errors import InvalidInput
from motion.rpc.tensors import build, pack_tensor, unpack_tensor
from motion.score import Score
from motion.trace import TRACE_ARRAYS, Trace
from motion.v1 import corrector_pb2

_SCORE_ARRAYS = ("wrench",)


def pack_score(score: Score) -> corrector_pb2.Score:
    """Convert a score to a message."""
    return build(corrector_pb2.Score, **_packed(score, _SCORE_ARRAYS))


def unpack_score(message: corrector_pb2.Score) -> Score:
    """Return the score of a message.

    Raises:
        InvalidInput: the array of the wrenches is malformed; the field starts with `score`.
    """
    try:
        return Score(**_unpacked(message, Score, _SCORE_ARRAYS))
    except InvalidInput as error:
        raise error.within("score") from error


def pack_trace(trace: Trace) -> corrector_pb2.Trace:
    """Convert a trace to a message."""
    return build(corrector_pb2.Trace, **_packed(trace, TRACE_ARRAYS))


def unpack_trace(message: corrector_pb2.Trace) -> Trace:
    """Return the trace of a message.

    Raises:
        InvalidInput: a field is malformed, or an array has another type or shape; the field starts with `trace`.
    """
    try:
        values = _unpacked(message, Trace, TRACE_ARRAYS)
        for name, dtype in TRACE_ARRAYS.items():
            if values[name].dtype != dtype:
                raise InvalidInput.of(f"{name}.dtype", f"is {values[name].dtype}; must be {dtype}")
        return Trace(**values)
    except InvalidInput as error:
        raise error.within("trace") from error


def _packed(value: Any, arrays: Any) -> dict[str, Any]:
    values = {field.name: getattr(value, field.name) for field in fields(value)}
    return {name: pack_tensor(each) if name in arrays else each for name, each in values.items()}


def _unpacked(message: Message, kind: type, arrays: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in fields(kind):
        value = getattr(message, field.name)
        if field.name in arrays:
            try:
                value = unpack_tensor(value)
            except InvalidInput as error:
                raise error.within(field.name) from error
        values[field.name] = value if field.name in arrays or isinstance(value, str | int | float) else tuple(value)
    return values
