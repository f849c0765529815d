"""The messages between a pool and its workers: a JSON head, and arrays as they lie in memory.

Both ends are the same program on the same machine, so that numbers arrive to the last bit. Nothing is unpickled.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, BinaryIO, Literal

import numpy as np

from motion.errors import InvalidInput, NotFound, PlumbError, Violation
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo
from motion.report import Correction, Report
from motion.score import Score
from motion.trace import TRACE_ARRAYS, Trace

_LENGTHS = struct.Struct("<QQ")  # of the head and of all arrays

MessageKind = Literal[
    "correct", "score", "cancel", "ready", "refused", "started", "corrected", "scored", "failed", "alive"
]
"""`correct`, `score` and `cancel` go to a worker; it is `ready` or `refused` at its start, has `started` a motion, has
`corrected` or `scored` it, `refused` it or `failed` with it, and is `alive`."""


@dataclass(frozen=True)
class Message:
    """A message to or from a worker.

    Attributes:
        kind: what it says.
        task: number of the motion that it is about; 0 if it is about none.
        values: what can be written as JSON.
        arrays: arrays by name.
    """

    kind: MessageKind
    task: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


def write_message(file: BinaryIO, message: Message) -> None:
    """Write a message; it is sent when this returns.

    Raises:
        OSError: the other end has gone.
    """
    arrays = {name: np.ascontiguousarray(array) for name, array in message.arrays.items()}
    head = {
        "kind": message.kind,
        "task": message.task,
        "values": message.values,
        "arrays": [(name, array.dtype.str, array.shape) for name, array in arrays.items()],
    }
    text = json.dumps(head, default=float).encode()  # numbers may be of types of NumPy
    body = b"".join([array.tobytes() for array in arrays.values()])
    file.write(_LENGTHS.pack(len(text), len(body)) + text + body)
    file.flush()


def read_message(file: BinaryIO) -> Message | None:
    """Read the next message; None if the other end has gone, or ended in the middle of one."""
    lengths = file.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head_size, body_size = _LENGTHS.unpack(lengths)
    text, body = file.read(head_size), file.read(body_size)
    if len(text) < head_size or len(body) < body_size:
        return None
    head = json.loads(text)
    arrays, offset = {}, 0
    for name, dtype, shape in head["arrays"]:
        array = np.frombuffer(body, dtype, int(np.prod(shape, dtype=np.int64)), offset).reshape(shape)
        offset += array.nbytes
        arrays[name] = array.copy()  # not to keep the other ones in memory
    return Message(head["kind"], head["task"], head["values"], arrays)


def order_message(task: int, motion: Motion, seed: int, options: CorrectionOptions) -> Message:
    """Return the message that hands a motion to a worker."""
    values = {"seed": seed, "options": asdict(options), "motion": _motion_values(motion)}
    return Message("correct", task, values, {"positions": motion.positions})


def read_order(message: Message) -> tuple[Motion, int, CorrectionOptions]:
    """Return motion, seed and options of a message that `order_message` made."""
    options = CorrectionOptions(**message.values["options"])
    return _motion_of(message), message.values["seed"], options


def score_order_message(task: int, motion: Motion) -> Message:
    """Return the message that has a worker score a motion."""
    return Message("score", task, {"motion": _motion_values(motion)}, {"positions": motion.positions})


def read_score_order(message: Message) -> Motion:
    """Return the motion of a message that `score_order_message` made."""
    return _motion_of(message)


def correction_message(task: int, correction: Correction) -> Message:
    """Return the message that hands a correction back."""
    values: dict[str, Any] = {"motion": _motion_values(correction.motion), "report": correction.report.to_json()}
    arrays = {"positions": correction.motion.positions}
    if (trace := correction.trace) is not None:
        names = [each.name for each in fields(Trace)]
        values["trace"] = {name: getattr(trace, name) for name in names if name not in TRACE_ARRAYS}
        arrays |= {name: getattr(trace, name) for name in TRACE_ARRAYS}
    return Message("corrected", task, values, arrays)


def read_correction(message: Message) -> Correction:
    """Return the correction of a message that `correction_message` made."""
    trace = None
    if "trace" in message.values:
        arrays: dict[str, Any] = {name: message.arrays[name] for name in TRACE_ARRAYS}
        trace = Trace(**message.values["trace"], **arrays)
    return Correction(_motion_of(message), Report.from_json(message.values["report"]), trace)


def score_message(task: int, score: Score) -> Message:
    """Return the message that hands a score back."""
    return Message("scored", task, score.to_json(), {"wrench": score.wrench})


def read_score(message: Message) -> Score:
    """Return the score of a message that `score_message` made."""
    values = {**message.values, "reasons": tuple(message.values["reasons"])}
    return Score(**values, wrench=message.arrays["wrench"])


def info_message(info: CorrectorInfo) -> Message:
    """Return the message by which a worker says that it is ready."""
    return Message("ready", values=asdict(info))


def read_info(message: Message) -> CorrectorInfo:
    """Return the description of the corrector in a message that `info_message` made."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in message.values.items()
    }
    return CorrectorInfo(**values)


def refusal_message(error: PlumbError, task: int = 0) -> Message:
    """Return the message by which a worker says why it cannot start, or why a motion has no score."""
    violations = (
        [(each.field, each.description) for each in error.violations] if isinstance(error, InvalidInput) else []
    )
    return Message("refused", task, {"text": str(error), "violations": violations})


def read_refusal(message: Message) -> PlumbError:
    """Return the error of a message that `refusal_message` made."""
    if violations := message.values["violations"]:
        return InvalidInput([Violation(*each) for each in violations])
    return NotFound(message.values["text"])


def _motion_values(motion: Motion) -> dict[str, Any]:
    return {
        "fps": motion.fps,
        "joint_names": motion.joint_names,
        "caption": motion.caption,
        "name": motion.name,
    }


def _motion_of(message: Message) -> Motion:
    return Motion(message.arrays["positions"], **message.values["motion"])
