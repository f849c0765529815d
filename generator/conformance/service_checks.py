"""What every generator service must do beyond its answers: end in time, be let go, refuse by the right status.

    from generator.conformance.service_checks import WIRE_CHECKS
    for check in WIRE_CHECKS:
        check("HOST:PORT")                # raises generator.conformance.Failure, in words

`plumb-gen check HOST:PORT` runs them after those of `generator.conformance.generator_checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from generator.conformance.generator_checks import Failure
from motion.rpc.channel import open_channel
from motion.rpc.generator_client import SERVICE
from motion.v1 import generator_pb2, generator_pb2_grpc

_SECONDS = 60.0
_MANY = 256


def is_healthy(address: str) -> None:
    """`grpc.health.v1` says that `motion.v1.GeneratorService` is serving."""
    with _channel(address) as channel:
        request = health_pb2.HealthCheckRequest(service=SERVICE)
        try:
            said = health_pb2_grpc.HealthStub(channel).Check(request, timeout=_SECONDS).status  # pyright: ignore
        except grpc.RpcError as error:
            raise Failure(f"health of {SERVICE} must be served, and ended in {error.code()}") from error  # pyright: ignore
        if said != health_pb2.HealthCheckResponse.SERVING:
            raise Failure(f"health of {SERVICE} must be SERVING, not {said}")


def ends_at_deadlines(address: str) -> None:
    """A call whose deadline passes ends as DEADLINE_EXCEEDED, and the next is answered."""
    with _channel(address) as channel:
        stub = generator_pb2_grpc.GeneratorServiceStub(channel)
        _ends(lambda: list(stub.Sample(_request(stub), timeout=1e-3)), grpc.StatusCode.DEADLINE_EXCEEDED, "a deadline")
        stub.Describe(generator_pb2.DescribeGeneratorRequest(), timeout=_SECONDS)


def lets_go(address: str) -> None:
    """A client that cancels in the middle of its samples is gone, and the next has its first sample in time."""
    with _channel(address) as channel:
        stub = generator_pb2_grpc.GeneratorServiceStub(channel)
        for _ in range(3):
            call = stub.Sample(_request(stub), timeout=_SECONDS)
            if next(iter(call)).index != 0:
                raise Failure("samples must come in the order of the prompts, the first at index 0")
            call.cancel()


def refuses_by_field(address: str) -> None:
    """A bad field is INVALID_ARGUMENT, with a `google.rpc.BadRequest` that names it; what is not there is NOT_FOUND."""
    with _channel(address) as channel:
        stub = generator_pb2_grpc.GeneratorServiceStub(channel)
        request = generator_pb2.SampleRequest(prompts=["a walk"], lengths=[-1])
        error = _ends(lambda: list(stub.Sample(request)), grpc.StatusCode.INVALID_ARGUMENT, "a negative length")
        status, named = rpc_status.from_call(error), error_details_pb2.BadRequest()  # pyright: ignore
        if not (status and any(detail.Unpack(named) for detail in status.details)):
            raise Failure("a refusal must carry a google.rpc.BadRequest")
        if not any("length" in violation.field for violation in named.field_violations):
            raise Failure(f"a refusal of lengths must name them, not {[v.field for v in named.field_violations]}")
        missing = generator_pb2.FitRequest(dataset_id="0" * 24, steps=1)
        _ends(lambda: list(stub.Fit(missing)), grpc.StatusCode.NOT_FOUND, "a fit on a set that is not there")


WIRE_CHECKS: tuple[Callable[[str], None], ...] = (is_healthy, ends_at_deadlines, lets_go, refuses_by_field)
"""All checks, each to be called with an address; the generator must have a checkpoint, as `CHECKS` leave one."""


@contextmanager
def _channel(address: str) -> Iterator[grpc.Channel]:
    with open_channel(address, SERVICE) as channel:
        yield channel


def _request(stub: generator_pb2_grpc.GeneratorServiceStub) -> generator_pb2.SampleRequest:
    info = stub.Describe(generator_pb2.DescribeGeneratorRequest(), timeout=_SECONDS)
    return generator_pb2.SampleRequest(prompts=["a person walks"] * _MANY, lengths=[info.max_frames] * _MANY)


def _ends(call: Callable[[], object], code: grpc.StatusCode, what: str) -> grpc.RpcError:
    try:
        call()
    except grpc.RpcError as error:
        if error.code() == code:  # pyright: ignore
            return error
        raise Failure(f"{what} must end in {code}, not in {error.code()}: {error.details()}") from error  # pyright: ignore
    raise Failure(f"{what} must end in {code}, and was answered")
