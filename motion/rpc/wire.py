"""Conversion between Plumb's data types and protobuf messages: `pack_*` makes a message, `unpack_*` reads one.

`unpack_*` either returns a value or raises `InvalidInput`, whatever a message holds; the fields are named as in the
`.proto` files. Arrays are copied, so that no result refers to its message. Whether positions are those of a human body
is not checked here but in `motion.validation`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from google.protobuf.message import Message

from motion.correction_options import Effort, effort_name
from motion.errors import InvalidInput
from motion.motion import Motion
from motion.protocols import (
    MAX_EFFORT,
    Assist,
    CorrectionOptions,
    CorrectorInfo,
    GeneratorInfo,
    SampleOptions,
)
from motion.report import Correction, PhysicalErrors, Report, Status
from motion.rpc.measured_wire import pack_score, pack_trace, unpack_score, unpack_trace
from motion.rpc.tensors import MAX_TENSOR_AXES, MAX_TENSOR_BYTES, build, pack_tensor, unpack_tensor
from motion.score import Score
from motion.skeleton import JOINT_NAMES
from motion.v1 import corrector_pb2, generator_pb2, motion_pb2

__all__ = [
    "MAX_TENSOR_AXES",
    "MAX_TENSOR_BYTES",
    "build",
    "pack_corrector_info",
    "pack_generator_info",
    "pack_motion",
    "pack_options",
    "pack_report",
    "pack_score",
    "pack_tensor",
    "pack_trace",
    "unpack_correction",
    "unpack_corrector_info",
    "unpack_generator_info",
    "unpack_motion",
    "unpack_options",
    "unpack_report",
    "unpack_sample_options",
    "unpack_score",
    "unpack_scored",
    "unpack_tensor",
    "unpack_trace",
]

# The numbers of clients and servers that are older than the names of efforts.
_OLD_EFFORTS: dict[Effort, int] = {"kinematic": 1, "fast": 1, "standard": 1, "thorough": MAX_EFFORT}
_STATUSES: dict[int, Status] = {
    corrector_pb2.Report.OK: "OK",
    corrector_pb2.Report.ASSISTED: "ASSISTED",
    corrector_pb2.Report.FAILED: "FAILED",
}


def pack_motion(motion: Motion) -> motion_pb2.Motion:
    """Convert a motion to a message; joint names are always included.

    Raises:
        InvalidInput: a value does not fit its field.
    """
    return build(
        motion_pb2.Motion,
        positions=pack_tensor(motion.positions),
        fps=motion.fps,
        joint_names=motion.joint_names,
        caption=motion.caption or "",
        name=motion.name or "",
    )


def unpack_motion(message: motion_pb2.Motion) -> Motion:
    """Return the motion of a message; joints without names are in HumanML3D's order.

    Raises:
        InvalidInput: the positions are not a float32 array of shape (frames, 22, 3).
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
    """Convert correction options to a message; "none" is sent as a limit of 0 N, which means the same."""
    if options.assist == "auto":
        assist: dict[str, Any] = {"assist_auto": True}
    else:
        assist = {"assist_limit_n": 0.0 if options.assist == "none" else options.assist}
    return build(
        corrector_pb2.CorrectionOptions,
        policy=options.policy,
        effort=_OLD_EFFORTS[options.effort],
        effort_name=options.effort,
        trace=options.trace,
        always_simulate=options.always_simulate,
        trace_if_simulated=options.trace_if_simulated,
        max_assist_n=options.max_assist_n,
        in_place=options.in_place,
        **assist,
    )


def unpack_options(message: corrector_pb2.CorrectionOptions) -> CorrectionOptions:
    """Return the options of a message; an absent assist means "auto".

    Raises:
        InvalidInput: `assist_auto` is false, a number of newtons is negative or not finite, or there is no such effort.
    """
    choice = message.WhichOneof("assist")
    if choice == "assist_auto" and not message.assist_auto:
        raise InvalidInput.of(
            "assist_auto", "is false; must be true, or give way to assist_limit_n (0 for no assist at all)"
        )
    if choice != "assist_limit_n":
        return _with_assist(message, "auto")
    if not (math.isfinite(message.assist_limit_n) and message.assist_limit_n >= 0):
        raise InvalidInput.of(
            "assist_limit_n", f"is {message.assist_limit_n}; a limit in newtons must be finite and not negative"
        )
    return _with_assist(message, message.assist_limit_n or "none")


def _with_assist(message: corrector_pb2.CorrectionOptions, assist: Assist) -> CorrectionOptions:
    return CorrectionOptions(
        policy=message.policy,
        assist=assist,
        effort=_effort(message),
        max_assist_n=message.max_assist_n if message.HasField("max_assist_n") else None,
        in_place=message.in_place,
        trace=message.trace,
        always_simulate=message.always_simulate,
        trace_if_simulated=message.trace_if_simulated,
    )


def _effort(message: corrector_pb2.CorrectionOptions) -> Effort:
    if not message.effort_name:
        return effort_name(message.effort or 1)
    try:
        return effort_name(message.effort_name)
    except InvalidInput as error:
        raise InvalidInput.of("effort_name", error.violations[0].description) from error


def pack_report(report: Report) -> corrector_pb2.Report:
    """Convert a report to a message; its `status` is one that clients older than ASSISTED know."""
    status = corrector_pb2.Report.Status.Value(report.status)
    values = {field.name: getattr(report, field.name) for field in fields(Report)}
    return build(
        corrector_pb2.Report,
        **{
            **values,
            "status": corrector_pb2.Report.OK if report.status == "ASSISTED" else status,
            "detailed_status": status,
            "before": corrector_pb2.PhysicalErrors(**asdict(report.before)),
            "after": corrector_pb2.PhysicalErrors(**asdict(report.after)),
        },
    )


def unpack_report(message: corrector_pb2.Report) -> Report:
    """Return the report of a message.

    Raises:
        InvalidInput: the status is missing or unknown, or the errors before or after are missing.
    """
    status = _STATUSES.get(message.status)
    if status is None:
        raise InvalidInput.of("status", f"is {message.status}; must be one of {', '.join(_STATUSES.values())}")
    status = _STATUSES.get(message.detailed_status, status)
    errors = {}
    for side in ("before", "after"):
        if not message.HasField(side):
            raise InvalidInput.of(side, "is missing; must be the physical errors")
        given = getattr(message, side)
        errors[side] = PhysicalErrors(**{field.name: getattr(given, field.name) for field in fields(PhysicalErrors)})
    values = {field.name: getattr(message, field.name) for field in fields(Report)}
    if not message.HasField("completed_strict"):
        values["completed_strict"] = None
    return Report(**{**values, **errors, "status": status, "notes": tuple(message.notes)})


def unpack_correction(message: corrector_pb2.CorrectResponse) -> Correction:
    """Return the correction of an answer.

    Raises:
        InvalidInput: the motion or the report is missing, or one of them or the trace is malformed.
    """
    if message.violations or not (message.HasField("motion") and message.HasField("report")):
        raise InvalidInput.of("response", "has no motion and report; must have both")
    trace = unpack_trace(message.trace) if message.HasField("trace") else None
    return Correction(unpack_motion(message.motion), unpack_report(message.report), trace)


def unpack_scored(message: corrector_pb2.ScoreResponse) -> Score:
    """Return the score of an answer.

    Raises:
        InvalidInput: the score is missing or malformed.
    """
    if message.violations or not message.HasField("score"):
        raise InvalidInput.of("response", "has no score; must have one")
    return unpack_score(message.score)


def pack_corrector_info(info: CorrectorInfo) -> corrector_pb2.DescribeCorrectorResponse:
    """Convert the description of a corrector to a message."""
    return build(corrector_pb2.DescribeCorrectorResponse, **asdict(info))


def unpack_corrector_info(message: corrector_pb2.DescribeCorrectorResponse) -> CorrectorInfo:
    """Return the description of a corrector from a message."""
    return CorrectorInfo(**_plain_values(message, CorrectorInfo))


def pack_generator_info(info: GeneratorInfo) -> generator_pb2.DescribeGeneratorResponse:
    """Convert the description of a generator to a message."""
    return build(generator_pb2.DescribeGeneratorResponse, **asdict(info))


def unpack_generator_info(message: generator_pb2.DescribeGeneratorResponse) -> GeneratorInfo:
    """Return the description of a generator from a message."""
    return GeneratorInfo(**_plain_values(message, GeneratorInfo))


def unpack_sample_options(message: generator_pb2.SampleRequest) -> SampleOptions:
    """Return the options of a sampling request; an absent guidance, and absent or 0 steps, become None."""
    guidance = message.guidance if message.HasField("guidance") else None
    return SampleOptions(checkpoint=message.checkpoint, guidance=guidance, steps=message.steps or None)


def _plain_values(message: Message, kind: type) -> dict[str, Any]:
    """Return the fields of `message` that the dataclass `kind` has, with lists as tuples."""
    values = {field.name: getattr(message, field.name) for field in fields(kind)}
    return {k: v if isinstance(v, str | int | float) else tuple(v) for k, v in values.items()}
