"""The corrector as its users see it."""

from __future__ import annotations

from concurrent.futures import CancelledError
from itertools import count

import mujoco
import numpy as np
import pytest

from motion.errors import InvalidInput, NotFound, ServiceUnavailable
from motion.humanml3d.features import positions_to_features
from motion.motion import Motion
from motion.protocols import MOST_EFFORT, CorrectionOptions
from motion.protocols import Corrector as CorrectorProtocol
from motion.report import Correction
from motion.resample import resample
from motion.synthesis import synthesize
from sim_server import Corrector, QueueFull
from sim_server import correction as correction_module
from sim_server.engine.engine import Engine, Job, JobSource


@pytest.fixture(scope="module")
def motions() -> list[Motion]:
    return [Motion(motion.positions[:40], name=motion.name) for motion in synthesize(4, 5)]


@pytest.fixture(scope="module")
def walk_and_run() -> list[Motion]:
    return [Motion(motion.positions[:40], name=motion.name) for motion in synthesize(2, 3, actions=["walk", "run"])]


@pytest.fixture(scope="module")
def corrector():
    with Corrector() as shared:
        yield shared


def test_it_satisfies_the_protocol(corrector: Corrector) -> None:
    assert isinstance(corrector, CorrectorProtocol)
    info = corrector.describe()
    assert info.default_policy in info.policies and info.mujoco == mujoco.__version__


def test_the_same_request_has_the_same_answer(corrector: Corrector, motions: list[Motion]) -> None:
    together = corrector.correct(motions, seed=3)
    for motion, correction in zip(motions, together, strict=True):
        alone = corrector.correct([motion], seed=3)[0]
        assert np.array_equal(alone.motion.positions, correction.motion.positions)
        assert alone.report == correction.report
        assert correction.report.seed == 3 and correction.motion.name == motion.name


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0, 120.0])
def test_rate_and_length_come_back(corrector: Corrector, motions: list[Motion], fps: float) -> None:
    faster = Motion(resample(motions[0].positions.astype(float), 20, fps), fps)
    corrected = corrector.correct([faster])[0]
    assert len(corrected.motion) == len(faster) and corrected.motion.fps == fps
    assert corrected.report.status == "OK"
    assert corrected.report.mpjpe_global_mm < 60


def test_arrays_of_positions_and_of_features_are_taken(corrector: Corrector, motions: list[Motion]) -> None:
    positions = motions[1].positions
    features = positions_to_features(positions.astype(float))
    by_positions, by_features = corrector.correct([positions, features])
    assert by_positions.motion.positions.shape == positions.shape
    assert by_features.motion.positions.shape == (len(features), 22, 3)


def test_a_motion_that_cannot_be_simulated_fails_alone(
    corrector: Corrector, motions: list[Motion], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, marked = correction_module.retarget, motions[1]

    def retarget(prepared):
        if len(prepared.positions) == 33:
            raise mujoco.FatalError("no such body")
        return real(prepared)

    monkeypatch.setattr(correction_module, "retarget", retarget)
    bad = Motion(marked.positions[:33])
    first, failed, last = corrector.correct([motions[0], bad, motions[2]])
    assert failed.report.status == "FAILED" and failed.report.completed == 0
    assert np.array_equal(failed.motion.positions, bad.positions)
    for correction, motion in ((first, motions[0]), (last, motions[2])):
        assert np.array_equal(correction.motion.positions, corrector.correct([motion])[0].motion.positions)


def test_an_unforeseen_error_is_that_motion_s_alone(motions: list[Motion], monkeypatch: pytest.MonkeyPatch) -> None:
    real = correction_module.retarget

    def retarget(prepared):
        if len(prepared.positions) == 33:
            raise IndexError("a defect")
        return real(prepared)

    monkeypatch.setattr(correction_module, "retarget", retarget)
    with Corrector("base") as corrector:
        broken = corrector.submit(Motion(motions[1].positions[:33]))
        with pytest.raises(IndexError, match="a defect"):
            broken.result(timeout=60)
        assert corrector.submit(motions[0]).result(timeout=60).report.status == "OK"


def test_an_engine_that_breaks_down_is_made_anew(motions: list[Motion], monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = Engine.advance, count()

    def advance(self: Engine, source: JobSource) -> list[Job]:
        if next(calls) == 5:
            raise RuntimeError("no more memory")
        return real(self, source)

    monkeypatch.setattr(Engine, "advance", advance)
    with Corrector("base") as corrector:
        broken = corrector._engine
        with pytest.raises(RuntimeError, match="no more memory"):
            corrector.correct([motions[0]])
        assert corrector.correct([motions[0]])[0].report.status == "OK"
        assert corrector._engine is not broken


def test_without_assist_none_acts(corrector: Corrector, motions: list[Motion]) -> None:
    for correction in corrector.correct(motions, options=CorrectionOptions(assist="none")):
        assert correction.report.residual_force_n_max == 0 and correction.report.assist_limit_n == 0
        assert correction.report.status == ("OK" if correction.report.completed == 1 else "FAILED")


def test_refusals_name_the_motion_and_the_field(corrector: Corrector, motions: list[Motion]) -> None:
    with pytest.raises(InvalidInput) as refused:
        corrector.correct([motions[0], np.full((20, 22, 3), np.nan), motions[1].positions[:2]])
    assert {violation.field for violation in refused.value.violations} == {
        "motions[1].positions",
        "motions[2].positions",
    }
    long = np.repeat(motions[0].positions[:1], 2400, axis=0)
    corrector.submit(Motion(long, fps=120)).cancel()  # 20 s are taken, whatever the rate
    with pytest.raises(InvalidInput, match=r"last .* must be between 0.15 and 99.95 s"):
        corrector.submit(Motion(long, fps=20))
    with pytest.raises(InvalidInput, match="last"):
        corrector.correct([Motion(motions[0].positions[:6], fps=500)])
    for seed in (-1, 2**63, 1.5, None):
        with pytest.raises(InvalidInput, match=r"seed: is .*; must be a whole number"):
            corrector.correct(motions[:1], seed=seed)  # pyright: ignore[reportArgumentType]
    with pytest.raises(NotFound, match="base"):
        corrector.correct(motions, options=CorrectionOptions(policy="nobody"))


def test_a_full_queue_refuses_and_a_closed_corrector_says_so(motions: list[Motion]) -> None:
    corrector = Corrector(slots=1, queue_size=2)
    futures = []
    with pytest.raises(QueueFull):
        for _ in range(200):
            futures.append(corrector.submit(motions[0]))
    assert futures[-1].cancel()
    with pytest.raises(CancelledError):
        futures[-1].result()
    assert futures[0].result(timeout=60).report.status == "OK"
    corrector.close()
    for future in futures:
        assert future.done()
    with pytest.raises(ServiceUnavailable):
        corrector.submit(motions[0])


def test_more_effort_is_never_worse_and_says_what_it_took(walk_and_run: list[Motion]) -> None:
    def cost(correction: Correction) -> float:
        report = correction.report
        return report.residual_force_n_mean + report.residual_torque_nm_mean

    with Corrector("base") as corrector:
        usual, more = (
            corrector.correct(walk_and_run, options=CorrectionOptions(effort=effort)) for effort in (1, MOST_EFFORT)
        )
        again = corrector.correct(walk_and_run[::-1], options=CorrectionOptions(effort=MOST_EFFORT))[::-1]
    for one, other, same in zip(usual, more, again, strict=True):
        assert cost(other) <= cost(one) + one.report.mpjpe_global_mm
        assert other.report.attempts >= one.report.attempts + MOST_EFFORT - 1
        assert other.report.seconds > one.report.seconds
        assert np.array_equal(other.motion.positions, same.motion.positions)


def test_company_does_not_choose_among_ways_that_all_break_down(walk_and_run: list[Motion]) -> None:
    wild = walk_and_run[0].positions.copy()
    wild[::2, :, 1] = wild[::2, :, 1].max() - wild[::2, :, 1]  # every other frame upside down
    options = CorrectionOptions(effort=MOST_EFFORT)
    with Corrector(slots=3) as corrector:
        alone = corrector.correct([Motion(wild)], options=options)[0]
        *_, last = corrector.correct([*walk_and_run, Motion(wild)], options=options)
    assert alone.report.status == "FAILED"
    assert alone.report == last.report


def test_no_way_is_tried_twice(walk_and_run: list[Motion]) -> None:
    """With a fixed limit the controller alone has one way to go."""
    with Corrector("base") as corrector:
        for correction in corrector.correct(walk_and_run, options=CorrectionOptions(assist=50, effort=MOST_EFFORT)):
            assert correction.report.attempts == 1


def test_effort_has_bounds() -> None:
    for effort in (0, MOST_EFFORT + 1, 2.5):
        with pytest.raises(InvalidInput, match="effort"):
            CorrectionOptions(effort=effort)  # pyright: ignore[reportArgumentType]


def test_closing_leaves_nobody_waiting_whatever_the_effort(walk_and_run: list[Motion]) -> None:
    corrector = Corrector("base", slots=1)
    futures = [corrector.submit(motion, CorrectionOptions(effort=3)) for motion in walk_and_run]
    corrector.close()
    for future in futures:
        assert future.exception(timeout=5) is None or "closed" in str(future.exception())
