"""Checks that every service of a corrector must pass: health, streams, deadlines, cancellation and status codes.

    from sim_server.conformance import WIRE_CHECKS
    for check in WIRE_CHECKS:
        check("HOST:PORT", None)          # raises sim_server.conformance.Failure, with a sentence

`plumb-sim check HOST:PORT` runs them after those of `sim_server.conformance.corrector_checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import grpc
import numpy as np
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from motion.motion import Motion
from motion.rpc import wire
from motion.rpc.channel import open_channel
from motion.rpc.client_security import ClientSecurity
from motion.rpc.corrector_client import SERVICE
from motion.v1 import corrector_pb2, corrector_pb2_grpc
from sim_server.conformance.requirements import QUICK, Failure, motions_for, require

_TIMEOUT_SECONDS = 60.0
_CANCELLED_CALLS = 8
_UNKNOWN_FIELD = b"\xc0\x3e\x01"  # field 1000, a varint of 1


def reports_health(address: str, security: ClientSecurity | None) -> None:
    """Check that `grpc.health.v1` reports `motion.v1.CorrectorService` as serving."""
    with open_channel(address, SERVICE, security) as channel:
        request = health_pb2.HealthCheckRequest(service=SERVICE)
        try:
            stub = health_pb2_grpc.HealthStub(channel)
            response = stub.Check(request, timeout=_TIMEOUT_SECONDS)  # pyright: ignore[reportAttributeAccessIssue]
        except grpc.RpcError as error:
            code = cast(grpc.Call, error).code()
            raise Failure(f"the health of {SERVICE} must be served, but the call ended in {code}") from error
        status = cast(health_pb2.HealthCheckResponse, response).status
        require(status == health_pb2.HealthCheckResponse.SERVING, f"the health of {SERVICE} must be SERVING", status)


def answers_streams_by_id(address: str, security: ClientSecurity | None) -> None:
    """Check that a stream has one answer for each id, that of `Correct`, and that a refused motion stops no other."""
    with _stub(address, security) as (stub, motions):
        broken = motions[1].with_positions(np.full_like(motions[1].positions, np.nan))
        requests = [_request(motion, str(n)) for n, motion in enumerate([motions[0], broken, motions[2]])]
        try:
            answers = list(stub.CorrectStream(iter(requests), timeout=_TIMEOUT_SECONDS))
        except grpc.RpcError as error:
            text = f"{cast(grpc.Call, error).code()}: {cast(grpc.Call, error).details()}"
            raise Failure(f"a stream with one motion that is refused must go on, but ended in {text}") from error
        ids = sorted(answer.id for answer in answers)
        require(ids == ["0", "1", "2"], "a stream must have one answer for each id", ids)
        by_id = {answer.id: answer for answer in answers}
        fields = [violation.field for violation in by_id["1"].violations]
        named = bool(fields) and all(field.startswith("motion.") for field in fields)
        require(named, "a refused motion of a stream must have violations of its fields", fields)
        for number in (0, 2):
            alone = stub.Correct(_request(motions[number], str(number)), timeout=_TIMEOUT_SECONDS)
            require(alone == by_id[str(number)], "a stream must have the answers of Correct", f"motion {number}")


def names_invalid_fields(address: str, security: ClientSecurity | None) -> None:
    """Check that refusals are INVALID_ARGUMENT with a `google.rpc.BadRequest`, and an unknown policy is NOT_FOUND."""
    with _stub(address, security) as (stub, motions):
        good = _request(motions[0])
        for what, field, request in (
            ("a request without a motion", "motion", corrector_pb2.CorrectRequest()),
            ("a motion without a rate", "motion.fps", _changed(good, lambda r: r.motion.ClearField("fps"))),
            ("a seed below 0", "seed", _changed(good, lambda r: setattr(r, "seed", -1))),
            ("an unknown effort", "options", _changed(good, lambda r: setattr(r.options, "effort_name", "all"))),
            ("bytes that are no array", "motion.positions", _changed(good, lambda r: _cut(r.motion.positions))),
        ):
            error = _require_status(lambda r=request: stub.Correct(r), grpc.StatusCode.INVALID_ARGUMENT, what)
            fields = _violated_fields(error)
            named = any(each.startswith(field) for each in fields)
            require(named, f"the refusal of {what} must have a google.rpc.BadRequest about {field}", fields)
        unknown = _changed(good, lambda r: setattr(r.options, "policy", "no-such-policy"))
        _require_status(lambda: stub.Correct(unknown), grpc.StatusCode.NOT_FOUND, "an unknown policy")


def reads_messages_of_other_versions(address: str, security: ClientSecurity | None) -> None:
    """Check that unknown fields are ignored, and that bytes that are no message are INVALID_ARGUMENT."""
    with _stub(address, security) as (stub, motions), open_channel(address, SERVICE, security) as channel:
        request = _request(motions[0])
        raw = channel.unary_unary(f"/{SERVICE}/Correct")
        newer = request.SerializeToString() + _UNKNOWN_FIELD
        try:
            answer = cast(bytes, raw(newer, timeout=_TIMEOUT_SECONDS))
        except grpc.RpcError as error:
            raise Failure(f"an unknown field must be ignored, not {cast(grpc.Call, error).code()}") from error
        same = corrector_pb2.CorrectResponse.FromString(answer) == stub.Correct(request, timeout=_TIMEOUT_SECONDS)
        require(same, "an unknown field must change nothing")
        what = "a request that is no message"
        _require_status(lambda: raw(b"\xff", timeout=_TIMEOUT_SECONDS), grpc.StatusCode.INVALID_ARGUMENT, what)


def respects_deadlines(address: str, security: ClientSecurity | None) -> None:
    """Check that a call whose deadline passes ends as DEADLINE_EXCEEDED, and that the next call is answered."""
    with _stub(address, security) as (stub, motions):
        request = _request(Motion(np.tile(motions[0].positions, (12, 1, 1)), fps=motions[0].fps))
        code = grpc.StatusCode.DEADLINE_EXCEEDED
        _require_status(lambda: stub.Correct(request, timeout=1e-3), code, "a call past its deadline")
        stub.Describe(corrector_pb2.DescribeCorrectorRequest(), timeout=_TIMEOUT_SECONDS)


def survives_cancellation(address: str, security: ClientSecurity | None) -> None:
    """Check that after clients gave up, the next is answered as before."""
    with _stub(address, security) as (stub, motions):
        request = _request(motions[0])
        before = stub.Correct(request, timeout=_TIMEOUT_SECONDS)
        for call in [stub.Correct.future(request) for _ in range(_CANCELLED_CALLS)]:
            call.cancel()
        try:
            after = stub.Correct(request, timeout=_TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            raise Failure(
                f"after cancelled calls the next must be answered, not {cast(grpc.Call, error).code()}"
            ) from error
        require(before == after, "cancelled calls must not change the next answer")


WIRE_CHECKS: tuple[Callable[[str, ClientSecurity | None], None], ...] = (
    reports_health,
    answers_streams_by_id,
    names_invalid_fields,
    reads_messages_of_other_versions,
    respects_deadlines,
    survives_cancellation,
)
"""All checks of a service, each called with an address and how to connect; None for what the environment says."""


@contextmanager
def _stub(
    address: str, security: ClientSecurity | None
) -> Iterator[tuple[corrector_pb2_grpc.CorrectorServiceStub, list[Motion]]]:
    with open_channel(address, SERVICE, security) as channel:
        stub = corrector_pb2_grpc.CorrectorServiceStub(channel)
        described = stub.Describe(corrector_pb2.DescribeCorrectorRequest(), timeout=_TIMEOUT_SECONDS)
        yield stub, motions_for(wire.unpack_corrector_info(described))


def _request(motion: Motion, identity: str = "") -> corrector_pb2.CorrectRequest:
    options = wire.pack_options(QUICK)
    return corrector_pb2.CorrectRequest(motion=wire.pack_motion(motion), options=options, seed=3, id=identity)


def _changed(
    request: corrector_pb2.CorrectRequest, change: Callable[[corrector_pb2.CorrectRequest], object]
) -> corrector_pb2.CorrectRequest:
    copy = corrector_pb2.CorrectRequest()
    copy.CopyFrom(request)
    change(copy)
    return copy


def _cut(tensor: Any) -> None:
    tensor.data = tensor.data[:-1]


def _violated_fields(error: grpc.Call) -> list[str]:
    status, bad_request = rpc_status.from_call(error), error_details_pb2.BadRequest()
    if not (status and any(detail.Unpack(bad_request) for detail in status.details)):
        return []
    return [violation.field for violation in bad_request.field_violations]


def _require_status(call: Callable[[], object], code: grpc.StatusCode, what: str) -> grpc.Call:
    try:
        call()
    except grpc.RpcError as raised:
        error = cast(grpc.Call, raised)
        if error.code() == code:
            return error
        raise Failure(f"{what} must end in {code}, not in {error.code()}: {error.details()}") from raised
    raise Failure(f"{what} must end in {code}, but was answered")
