"""The conformance checks pass for a corrector that keeps to the contract, and each catches one that does not."""

from __future__ import annotations

from collections.abc import Callable

import grpc.aio
import pytest
from broken_correctors import BROKEN, Conforming
from smoothing_corrector import SmoothingCorrector

from motion.errors import PlumbError
from motion.rpc import wire
from motion.rpc.server import serving
from motion.v1 import corrector_pb2, corrector_pb2_grpc
from sim_server.cli import main
from sim_server.conformance import CHECKS, WIRE_CHECKS
from sim_server.corrector import Corrector
from sim_server.service import CorrectorServicer, services

NAMES = [check.__name__ for check in (*CHECKS, *WIRE_CHECKS)]


def _first_failure(corrector: SmoothingCorrector) -> tuple[str, str]:
    for check in CHECKS:
        try:
            check(corrector)
        except PlumbError as failure:
            return check.__name__, str(failure)
    return "", ""


def test_the_physics_corrector_passes_in_process_and_over_the_wire(capsys: pytest.CaptureFixture[str]) -> None:
    with Corrector(slots=8) as corrector:
        for check in CHECKS:
            check(corrector)
        with serving(services(corrector)) as address:
            assert _status(address) == 0
    assert capsys.readouterr().out.splitlines() == [f"ok      {name}" for name in NAMES]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_a_corrector_that_breaks_a_rule_is_caught_by_the_check_of_that_rule(broken: type[SmoothingCorrector]) -> None:
    name, sentence = _first_failure(broken())
    assert name == BROKEN[broken] and sentence


def test_a_corrector_that_keeps_to_the_rules_passes() -> None:
    assert _first_failure(Conforming()) == ("", "")


def test_every_check_catches_a_corrector() -> None:
    assert set(BROKEN.values()) == {check.__name__ for check in CHECKS}


class Silent(CorrectorServicer):
    """Ends a stream at the first motion that is refused."""

    async def CorrectStream(self, request_iterator, context: grpc.aio.ServicerContext):
        async for request in request_iterator:
            yield await self.Correct(request, context)


class Vague(CorrectorServicer):
    """Refuses everything in the same words."""

    async def Correct(self, request: corrector_pb2.CorrectRequest, context: grpc.aio.ServicerContext):
        try:
            return await super().Correct(request, context)
        except Exception:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no")
            raise


class Deaf(CorrectorServicer):
    """Answers after the client has gone away, and forgets who it was."""

    async def Correct(self, request: corrector_pb2.CorrectRequest, context: grpc.aio.ServicerContext):
        response = await super().Correct(request, context)
        if not request.id and request.motion.name == "motion 0":
            self.count = getattr(self, "count", 0) + 1
            response.motion.caption = str(self.count)
        return response


def _status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["check", *arguments])
    return int(ended.value.code or 0)


def _add(servicer: CorrectorServicer) -> dict[str, Callable[[grpc.aio.Server], None]]:
    name = corrector_pb2.DESCRIPTOR.services_by_name["CorrectorService"].full_name
    return {name: lambda server: corrector_pb2_grpc.add_CorrectorServiceServicer_to_server(servicer, server)}


@pytest.mark.parametrize(
    ("servicer", "check"), [(Silent, "answers_streams_by_id"), (Deaf, "reads_messages_of_other_versions")]
)
def test_a_service_that_breaks_a_rule_is_caught_and_the_first_cause_is_shown(
    servicer: type[CorrectorServicer], check: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(_add(servicer(SmoothingCorrector()))) as address:
        assert _status(address) == 1
    *passed, failed, rest = capsys.readouterr().out.splitlines()
    at = NAMES.index(check)
    assert passed == [f"ok      {name}" for name in NAMES[:at]]
    assert failed.startswith(f"FAILED  {check}: ") and rest == (
        f"not run {len(NAMES) - at - 1} further checks: {', '.join(NAMES[at + 1 :])}"
    )


def test_the_checks_go_on_after_a_failure_if_they_are_told_to(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(_add(Vague(SmoothingCorrector()))) as address:
        assert _status(address, "--keep-going") == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1].rstrip(":") for line in lines] == NAMES
    failed = {line.split()[1].rstrip(":") for line in lines if line.startswith("FAILED")}
    assert {"rejects_invalid_requests", "names_invalid_fields"} <= failed


def test_check_without_a_server_or_with_another_service_is_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert _status("127.0.0.1:1") == 2
    assert "127.0.0.1:1" in capsys.readouterr().err
    with serving({}) as address:
        assert _status(address) == 2
    assert "what answers is no sim server" in capsys.readouterr().err


def test_the_motions_of_the_checks_fit_the_limits_that_a_corrector_describes() -> None:
    from sim_server.conformance.requirements import motions_for

    info = SmoothingCorrector().describe()
    for motion in motions_for(info):
        assert wire.pack_motion(motion).ByteSize() < 100_000
        assert info.min_frames <= len(motion) <= info.max_frames
