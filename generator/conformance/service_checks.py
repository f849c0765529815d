"""Checks that every generator service must pass: health, deadlines, cancellation and status codes.

    from generator.conformance import WIRE_CHECKS
    for check in WIRE_CHECKS:
        check("HOST:PORT")                # raises generator.conformance.Failure, with a sentence

`plumb-gen check HOST:PORT` runs them after those of `generator.conformance.generator_checks`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import grpc
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from generator.conformance.generator_checks import Failure
from motion.rpc.channel import open_channel
from motion.rpc.client_security import ClientSecurity
from motion.rpc.generator_client import SERVICE
from motion.v1 import generator_pb2, generator_pb2_grpc

_TIMEOUT_SECONDS = 60.0
_MANY_SAMPLES = 256


def reports_health(address: str, security: ClientSecurity | None = None) -> None:
    """Check that `grpc.health.v1` reports `motion.v1.GeneratorService` as serving."""
    with open_channel(address, SERVICE, security) as channel:
        request = health_pb2.HealthCheckRequest(service=SERVICE)
        try:
            stub = health_pb2_grpc.HealthStub(channel)
            response = stub.Check(request, timeout=_TIMEOUT_SECONDS)  # pyright: ignore[reportAttributeAccessIssue]
        except grpc.RpcError as error:
            code = cast(grpc.Call, error).code()
            raise Failure(f"the health of {SERVICE} must be served, but the call ended in {code}") from error
        status = cast(health_pb2.HealthCheckResponse, response).status
        if status != health_pb2.HealthCheckResponse.SERVING:
            raise Failure(f"the health of {SERVICE} must be SERVING, not {status}")


def respects_deadlines(address: str, security: ClientSecurity | None = None) -> None:
    """Check that a call whose deadline passes ends as DEADLINE_EXCEEDED, and that the next call is answered."""
    with open_channel(address, SERVICE, security) as channel:
        stub = generator_pb2_grpc.GeneratorServiceStub(channel)
        request = _long_request(stub)
        _require_status(
            lambda: list(stub.Sample(request, timeout=1e-3)),
            grpc.StatusCode.DEADLINE_EXCEEDED,
            "a call past its deadline",
        )
        stub.Describe(generator_pb2.DescribeGeneratorRequest(), timeout=_TIMEOUT_SECONDS)


def survives_cancellation(address: str, security: ClientSecurity | None = None) -> None:
    """Check that after a client cancelled in the middle of its samples, the next gets its first sample in time."""
    with open_channel(address, SERVICE, security) as channel:
        stub = generator_pb2_grpc.GeneratorServiceStub(channel)
        for _ in range(3):
            call = stub.Sample(_long_request(stub), timeout=_TIMEOUT_SECONDS)
            if next(iter(call)).index != 0:
                raise Failure("samples must come in the order of the prompts, the first at index 0")
            call.cancel()


def names_invalid_fields(address: str, security: ClientSecurity | None = None) -> None:
    """Check that an invalid field is INVALID_ARGUMENT with a `google.rpc.BadRequest`, an unknown id NOT_FOUND."""
    with open_channel(address, SERVICE, security) as channel:
        stub = generator_pb2_grpc.GeneratorServiceStub(channel)
        request = generator_pb2.SampleRequest(prompts=["a walk"], lengths=[-1])
        error = _require_status(
            lambda: list(stub.Sample(request)), grpc.StatusCode.INVALID_ARGUMENT, "a negative length"
        )
        status, bad_request = rpc_status.from_call(error), error_details_pb2.BadRequest()
        if not (status and any(detail.Unpack(bad_request) for detail in status.details)):
            raise Failure("a refusal must carry a google.rpc.BadRequest")
        fields = [violation.field for violation in bad_request.field_violations]
        if not any("length" in field for field in fields):
            raise Failure(f"a refusal of lengths must name them, not {fields}")
        unknown = generator_pb2.FitRequest(dataset_id="0" * 24, steps=1)
        _require_status(lambda: list(stub.Fit(unknown)), grpc.StatusCode.NOT_FOUND, "a fit on an unknown data set")


WIRE_CHECKS: tuple[Callable[..., None], ...] = (
    reports_health,
    respects_deadlines,
    survives_cancellation,
    names_invalid_fields,
)
"""All checks of a service, each called with an address and, if need be, how to connect.

The generator must have a checkpoint; `CHECKS` leave one.
"""


def _long_request(stub: generator_pb2_grpc.GeneratorServiceStub) -> generator_pb2.SampleRequest:
    info = stub.Describe(generator_pb2.DescribeGeneratorRequest(), timeout=_TIMEOUT_SECONDS)
    prompts, lengths = ["a person walks"] * _MANY_SAMPLES, [info.max_frames] * _MANY_SAMPLES
    return generator_pb2.SampleRequest(prompts=prompts, lengths=lengths)


def _require_status(call: Callable[[], object], code: grpc.StatusCode, what: str) -> grpc.Call:
    try:
        call()
    except grpc.RpcError as raised:
        error = cast(grpc.Call, raised)
        if error.code() == code:
            return error
        raise Failure(f"{what} must end in {code}, not in {error.code()}: {error.details()}") from raised
    raise Failure(f"{what} must end in {code}, but was answered")
