"""The codec between the vocabulary and its messages: `pack_*` makes a message, `unpack_*` reads one.

Whatever a message holds, `unpack_*` either answers or raises `InvalidInput`, which names the field as the `.proto`
files do. What is read is a copy of its own, never a view into a message. Whether it is a body in motion, with the names
of its joints, is not asked here: that is `motion.validation`'s.
"""

from __future__ import annotations

import math
from dataclasses import asdict, fields
from typing import Any, TypeVar

import numpy as np
from google.protobuf.message import Message

from motion.errors import InvalidInput
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo, GeneratorInfo, SampleOptions
from motion.report import Correction, PhysicalErrors, Report
from motion.skeleton import JOINT_NAMES
from motion.v1 import corrector_pb2, generator_pb2, motion_pb2

MAX_TENSOR_BYTES = 16 * 2**20
MAX_TENSOR_AXES = 8

_DTYPES: dict[int, np.dtype] = {
    motion_pb2.Tensor.DTYPE_FLOAT32: np.dtype("<f4"),
    motion_pb2.Tensor.DTYPE_FLOAT64: np.dtype("<f8"),
    motion_pb2.Tensor.DTYPE_INT32: np.dtype("<i4"),
    motion_pb2.Tensor.DTYPE_INT64: np.dtype("<i8"),
    motion_pb2.Tensor.DTYPE_UINT8: np.dtype("u1"),
    motion_pb2.Tensor.DTYPE_BOOL: np.dtype("?"),
}
_DTYPE_NUMBERS = {dtype: number for number, dtype in _DTYPES.items()}

_M = TypeVar("_M", bound=Message)


def build(message: type[_M], **values: Any) -> _M:
    """A message of these values.

    Raises:
        InvalidInput: one does not fit its field (a seed over 64 bits, text that is not Unicode).
    """
    built = message()
    for name, value in values.items():
        try:
            built.MergeFrom(message(**{name: value}))
        except (TypeError, ValueError) as error:
            raise InvalidInput.of(name, f"cannot be sent ({error})") from error
    return built


def pack_tensor(array: np.ndarray) -> motion_pb2.Tensor:
    """An array of any shape as a message.

    Raises:
        InvalidInput: its dtype has no number on the wire.
    """
    dtype = array.dtype.newbyteorder("<")
    if dtype not in _DTYPE_NUMBERS:
        known = ", ".join(str(dtype) for dtype in _DTYPE_NUMBERS)
        raise InvalidInput.of("dtype", f"is {array.dtype}; must be one of {known}")
    data = np.ascontiguousarray(array, dtype).tobytes()
    return motion_pb2.Tensor(dtype=_DTYPE_NUMBERS[dtype], shape=array.shape, data=data)  # pyright: ignore[reportArgumentType]


def unpack_tensor(message: motion_pb2.Tensor) -> np.ndarray:
    """The array that a message holds, writable and in the machine's own byte order.

    Raises:
        InvalidInput: an unknown dtype, a shape that no array here has, or not as many bytes as the two call for.
    """
    dtype = _DTYPES.get(message.dtype)
    if dtype is None:
        known = ", ".join(motion_pb2.Tensor.DType.Name(number) for number in _DTYPES)  # pyright: ignore[reportArgumentType]
        raise InvalidInput.of("dtype", f"is {message.dtype}; must be one of {known}")
    shape = tuple(message.shape)
    if len(shape) > MAX_TENSOR_AXES:
        raise InvalidInput.of("shape", f"has {len(shape)} axes; must have at most {MAX_TENSOR_AXES}")
    # An axis of length 0 empties an array but does not excuse the others: numpy would overflow on them.
    if any(size < 0 for size in shape) or math.prod(max(size, 1) for size in shape) * dtype.itemsize > MAX_TENSOR_BYTES:
        raise InvalidInput.of("shape", f"is {list(shape)}; must be sizes from 0 up, {MAX_TENSOR_BYTES} bytes in all")
    expected = math.prod(shape) * dtype.itemsize
    if len(message.data) != expected:
        raise InvalidInput.of(
            "data", f"has {len(message.data)} bytes; {dtype.name} of shape {list(shape)} takes {expected}"
        )
    if dtype.kind == "b" and message.data.strip(b"\x00\x01"):
        raise InvalidInput.of("data", "has bytes other than 0 and 1; a truth value is one of these")
    return np.frombuffer(message.data, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def pack_motion(motion: Motion) -> motion_pb2.Motion:
    """A motion as a message; its joints are always named."""
    return build(
        motion_pb2.Motion,
        positions=pack_tensor(motion.positions),
        fps=motion.fps,
        joint_names=motion.joint_names,
        caption=motion.caption or "",
        name=motion.name or "",
    )


def unpack_motion(message: motion_pb2.Motion) -> Motion:
    """The motion that a message holds, its joints in HumanML3D's order where they are not named.

    Raises:
        InvalidInput: the positions are no float32 (frames, 22, 3).
    """
    try:
        positions = unpack_tensor(message.positions)
    except InvalidInput as error:
        raise error.within("positions") from error
    if positions.dtype != np.float32:
        raise InvalidInput.of("positions.dtype", f"is {positions.dtype}; must be float32")
    return Motion(
        positions,
        fps=message.fps,
        joint_names=tuple(message.joint_names) or JOINT_NAMES,
        caption=message.caption or None,
        name=message.name or None,
    )


def pack_options(options: CorrectionOptions) -> corrector_pb2.CorrectionOptions:
    """Correction options as a message; "none" travels as a limit of 0 N, which is the same."""
    if options.assist == "auto":
        assist: dict[str, Any] = {"assist_auto": True}
    else:
        assist = {"assist_limit_n": 0.0 if options.assist == "none" else options.assist}
    return build(corrector_pb2.CorrectionOptions, policy=options.policy, effort=options.effort, **assist)


def unpack_options(message: corrector_pb2.CorrectionOptions) -> CorrectionOptions:
    """The options that a message holds; where it says nothing of the assist, that is "auto".

    Raises:
        InvalidInput: the assist is said to be "not auto" without saying what else, a limit is no force, or the effort
            out of range.
    """
    choice = message.WhichOneof("assist")
    if choice == "assist_auto" and not message.assist_auto:
        raise InvalidInput.of(
            "assist_auto", "is false; must be true, or give way to assist_limit_n (0 for no assist at all)"
        )
    if choice != "assist_limit_n":
        return CorrectionOptions(policy=message.policy, effort=message.effort or 1)
    if not (math.isfinite(message.assist_limit_n) and message.assist_limit_n >= 0):
        raise InvalidInput.of(
            "assist_limit_n", f"is {message.assist_limit_n}; a limit in newtons must be finite and not negative"
        )
    return CorrectionOptions(message.policy, message.assist_limit_n or "none", message.effort or 1)


def pack_report(report: Report) -> corrector_pb2.Report:
    """A report as a message, field by field."""
    values = {field.name: getattr(report, field.name) for field in fields(Report)}
    return build(
        corrector_pb2.Report,
        **{
            **values,
            "status": corrector_pb2.Report.Status.Value(report.status),
            "before": corrector_pb2.PhysicalErrors(**asdict(report.before)),
            "after": corrector_pb2.PhysicalErrors(**asdict(report.after)),
        },
    )


def unpack_report(message: corrector_pb2.Report) -> Report:
    """The report that a message holds.

    Raises:
        InvalidInput: it has no status, an unknown one, or lacks the errors before or after.
    """
    known = {corrector_pb2.Report.OK: "OK", corrector_pb2.Report.FAILED: "FAILED"}
    if message.status not in known:
        raise InvalidInput.of("status", f"is {message.status}; must be one of {', '.join(known.values())}")
    errors = {}
    for side in ("before", "after"):
        if not message.HasField(side):
            raise InvalidInput.of(side, "is missing; must be the physical errors")
        given = getattr(message, side)
        errors[side] = PhysicalErrors(**{field.name: getattr(given, field.name) for field in fields(PhysicalErrors)})
    values = {field.name: getattr(message, field.name) for field in fields(Report)}
    if not message.HasField("completed_strict"):
        values["completed_strict"] = None
    return Report(**{**values, **errors, "status": known[message.status]})


def unpack_correction(message: corrector_pb2.CorrectResponse) -> Correction:
    """The correction that an answer holds.

    Raises:
        InvalidInput: the answer has none, or not a whole one.
    """
    if message.violations or not (message.HasField("motion") and message.HasField("report")):
        raise InvalidInput.of("response", "has no motion and report; must have both")
    return Correction(unpack_motion(message.motion), unpack_report(message.report))


def pack_corrector_info(info: CorrectorInfo) -> corrector_pb2.DescribeCorrectorResponse:
    return build(corrector_pb2.DescribeCorrectorResponse, **asdict(info))


def unpack_corrector_info(message: corrector_pb2.DescribeCorrectorResponse) -> CorrectorInfo:
    return CorrectorInfo(**_plain_values(message, CorrectorInfo))


def pack_generator_info(info: GeneratorInfo) -> generator_pb2.DescribeGeneratorResponse:
    return build(generator_pb2.DescribeGeneratorResponse, **asdict(info))


def unpack_generator_info(message: generator_pb2.DescribeGeneratorResponse) -> GeneratorInfo:
    return GeneratorInfo(**_plain_values(message, GeneratorInfo))


def unpack_sample_options(message: generator_pb2.SampleRequest) -> SampleOptions:
    """The options in a request for samples; an absent guidance and absent or 0 steps leave the model its own."""
    guidance = message.guidance if message.HasField("guidance") else None
    return SampleOptions(checkpoint=message.checkpoint, guidance=guidance, steps=message.steps or None)


def _plain_values(message: Message, kind: type) -> dict[str, Any]:
    """The values of `message` under the field names of the dataclass `kind`, lists as tuples."""
    values = {field.name: getattr(message, field.name) for field in fields(kind)}
    return {k: v if isinstance(v, str | int | float) else tuple(v) for k, v in values.items()}
