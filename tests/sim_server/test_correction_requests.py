"""What a corrector keeps in memory, how long a motion may take, and whose turn it is."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from motion.errors import InvalidInput
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.synthesis import synthesize
from sim_server import Corrector, correction_request
from sim_server import correction as correction_module
from sim_server.correction_request import CorrectionRequest
from sim_server.fair_queue import Sender
from sim_server.stretches import Stretch

SIMULATED = CorrectionOptions(effort="fast", always_simulate=True)


@pytest.fixture(scope="module")
def motions() -> list[Motion]:
    return [Motion(motion.positions[:40], name=motion.name) for motion in synthesize(4, 5)]


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[weakref.ref[CorrectionRequest]]]:
    """Return a list that collects weak references to all requests, while only reference counts free memory."""
    made: list[weakref.ref[CorrectionRequest]] = []
    real = Corrector._new_request

    def new_request(self: Corrector, *arguments) -> CorrectionRequest:
        request = real(self, *arguments)
        made.append(weakref.ref(request))
        return request

    monkeypatch.setattr(Corrector, "_new_request", new_request)
    gc.collect()
    gc.disable()
    yield made
    gc.enable()


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.01)


def _all_gone(requests: list[weakref.ref[CorrectionRequest]]) -> bool:
    return all(request() is None for request in requests)


def _in_two_stretches(motion: Motion, _: object) -> list[Stretch]:
    half = len(motion) // 2
    return [Stretch(0, half + 10, 0), Stretch(half - 10, len(motion), half)]


@pytest.mark.parametrize("stretches", [1, 2])
def test_an_answered_motion_leaves_memory_at_once(
    motions: list[Motion], requests: list, monkeypatch: pytest.MonkeyPatch, stretches: int
) -> None:
    if stretches == 2:
        monkeypatch.setattr(correction_request, "plan_stretches", _in_two_stretches)
    with Corrector("base", slots=2) as corrector:
        futures = [corrector.submit(motion, 1, SIMULATED) for motion in motions]
        answers = [future.result(timeout=100) for future in futures]
        _wait_until(lambda: _all_gone(requests))
    assert len(answers) == len(requests) == 4


def test_cancelled_motions_leave_memory_too(motions: list[Motion], requests: list) -> None:
    thorough = CorrectionOptions(effort="thorough", always_simulate=True)
    with Corrector("base", slots=2) as corrector:
        futures = [corrector.submit(motion, 1, thorough) for motion in motions * 3]
        _wait_until(lambda: corrector.load().running == 2)
        for future in futures:
            future.cancel()
        _wait_until(lambda: _all_gone(requests))
        assert (corrector.load().waiting, corrector.load().running) == (0, 0)


def test_a_cancelled_motion_makes_room_in_the_queue_at_once(motions: list[Motion]) -> None:
    with Corrector("base", slots=1, queue_size=100) as corrector:
        futures = [corrector.submit(motions[0], 1, SIMULATED) for _ in range(50)]
        for future in futures[10:]:
            future.cancel()
        assert corrector.load().waiting <= 10


def test_a_motion_that_needs_more_than_its_budget_is_failed_whatever_runs_beside_it(motions: list[Motion]) -> None:
    (run,) = synthesize(1, 3, actions=["run"])
    hard = Motion(run.positions[:40])
    options = CorrectionOptions(effort="standard", always_simulate=True)
    with Corrector("base") as corrector:
        needed = corrector.correct([hard], 1, options)[0].report.seconds
    assert needed > 3, "the motion was too easy, so that nothing was tested"
    with Corrector("base", max_simulated_s=needed + 0.01) as corrector:
        assert corrector.correct([hard], 1, options)[0].report.status == "OK"
    with Corrector("base", slots=8, max_simulated_s=needed - 0.01) as corrector:
        alone = corrector.correct([hard], 1, options)[0]
        among = corrector.correct([motions[0], hard], 1, options)[1]
    assert alone.report.status == "FAILED" and "s of simulation" in alone.report.reason
    assert alone.report == among.report
    assert np.array_equal(alone.motion.positions, hard.positions)
    for wrong in (0, -1.0, float("nan")):
        with pytest.raises(InvalidInput, match="max_simulated_s"):
            Corrector("base", max_simulated_s=wrong)


def test_what_is_simulated_goes_on_while_others_are_prepared(
    motions: list[Motion], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty motions that take long to prepare do not stop the one before them."""
    real, prepared = correction_module.reference_from_positions, []

    def build(positions):
        if len(positions) == 33:
            time.sleep(0.3)
            prepared.append(positions)
        return real(positions)

    monkeypatch.setattr(correction_module, "reference_from_positions", build)
    slow = Motion(motions[1].positions[:33])
    with Corrector("base") as corrector:
        others = [corrector.submit_for(Sender("many"), slow, 1, SIMULATED) for _ in range(20)]
        one = corrector.submit_for(Sender("one"), motions[0], 1, SIMULATED)
        assert one.result(timeout=60).report.status == "OK"
        assert len(prepared) < 20
        for other in others:
            other.cancel()


def test_the_motion_of_another_client_comes_next(motions: list[Motion]) -> None:
    with Corrector("base", slots=1) as corrector:
        many = [corrector.submit_for(Sender("many", 100), motions[0], 1, SIMULATED) for _ in range(20)]
        one = corrector.submit_for(Sender("one"), motions[1], 1, SIMULATED)
        one.result(timeout=60)
        assert sum(future.done() for future in many) <= 4
        for future in many:
            future.cancel()


def test_timings_are_told_once(motions: list[Motion]) -> None:
    with Corrector("base", slots=1) as corrector:
        corrector.correct(motions, 1, SIMULATED)
        timings = corrector.take_timings()
        assert len(timings) == 4 and all(each.wait_seconds >= 0 and each.compute_seconds > 0 for each in timings)
        assert max(each.wait_seconds for each in timings) > min(each.compute_seconds for each in timings)
        assert not corrector.take_timings()
