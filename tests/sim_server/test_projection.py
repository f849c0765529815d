"""A correction is a projection: what is feasible comes back, and what is corrected is not corrected again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.report import Correction
from motion.synthesis import synthesize
from sim_server import Corrector
from sim_server.evaluation.corruption import corrupt
from sim_server.projection import is_feasible, missing_forces, reason_to_keep

FAST = CorrectionOptions(effort="fast")


@pytest.fixture(scope="module")
def corrector() -> Corrector:
    return Corrector("base")


def clip(action: str, kind: str = "clean") -> Motion:
    (motion,) = synthesize(1, 3, actions=[action])
    return corrupt(Motion(motion.positions[:80], name=action), kind, 0)


def corrected(corrector: Corrector, motion: Motion, options: CorrectionOptions = FAST) -> Correction:
    return corrector.correct([motion], 0, options)[0]


def test_a_standing_person_comes_back_as_it_was_without_a_simulation(corrector: Corrector) -> None:
    idle = clip("idle")
    correction = corrected(corrector, idle)
    assert np.array_equal(correction.motion.positions, idle.positions)
    assert correction.report.kept and correction.report.seconds == 0 and correction.report.status == "OK"
    assert "came back as it was" in correction.report.notes[-1]


def test_a_feasible_motion_is_simulated_where_that_is_asked_for(corrector: Corrector) -> None:
    idle = clip("idle")
    for options in (
        CorrectionOptions(effort="fast", always_simulate=True),
        CorrectionOptions(effort="fast", trace=True),
    ):
        correction = corrected(corrector, idle, options)
        assert not correction.report.kept and correction.report.seconds > 0
        assert not np.array_equal(correction.motion.positions, idle.positions)


@pytest.mark.parametrize(("action", "simulated"), [("idle", False), ("walk", True)])
def test_a_trace_of_what_is_simulated_anyway_changes_nothing(
    corrector: Corrector, action: str, simulated: bool
) -> None:
    motion = clip(action, "float" if simulated else "clean")
    with_trace = corrected(corrector, motion, replace(FAST, trace_if_simulated=True))
    without = corrected(corrector, motion)
    assert (with_trace.trace is not None) == simulated and without.trace is None
    assert np.array_equal(with_trace.motion.positions, without.motion.positions)
    assert with_trace.report == without.report


@pytest.mark.parametrize("kind", ["float", "sink", "all"])
@pytest.mark.parametrize("action", ["walk", "wave"])
def test_what_is_wrong_is_corrected_once_and_not_again(corrector: Corrector, action: str, kind: str) -> None:
    once = corrected(corrector, clip(action, kind))
    assert not once.report.kept and once.report.after.phys_err_mm < once.report.before.phys_err_mm
    twice = corrected(corrector, once.motion)
    assert (
        twice.report.mpjpe_local_mm < 2 and twice.report.residual_force_n_mean <= once.report.residual_force_n_mean + 5
    )


def test_what_noise_has_left_is_corrected_again_only_for_the_better(corrector: Corrector) -> None:
    once = corrected(corrector, clip("walk", "jitter"))
    twice = corrected(corrector, once.motion)
    assert twice.report.kept or twice.report.after.phys_err_mm < once.report.after.phys_err_mm + 0.1


@pytest.mark.parametrize("wrong", [(0, 0.2, 0), (0, -0.1, 0)])
def test_a_body_off_the_floor_is_not_feasible(wrong: tuple[float, float, float]) -> None:
    from motion.metrics import physical_errors

    idle = clip("idle")
    moved = idle.with_positions(idle.positions + np.array(wrong, np.float32))
    assert is_feasible(missing_forces(idle), physical_errors(idle.positions, idle.fps))
    assert not is_feasible(missing_forces(moved), physical_errors(moved.positions, moved.fps))


@pytest.mark.parametrize(("left", "kept"), [(0.5, False), (0.7, False), (0.8, True), (1.2, True)])
def test_a_simulated_motion_has_to_take_away_a_quarter_of_what_was_wrong(
    corrector: Corrector, left: float, kept: bool
) -> None:
    idle = clip("idle")  # it lacks no force
    report = corrected(corrector, idle).report
    wrong = replace(report.before, phys_err_mm=10.0)
    report = replace(report, before=wrong, after=replace(wrong, phys_err_mm=10.0 * left))
    assert bool(reason_to_keep(idle, idle, report)) == kept


@pytest.mark.parametrize(
    ("before_mm", "after_mm", "kept"), [(48.0, 0.1, False), (3.0, 0.1, False), (3.0, 3.5, True), (1.0, 0.1, True)]
)
def test_a_motion_that_is_in_the_floor_does_not_come_back(
    corrector: Corrector, before_mm: float, after_mm: float, kept: bool
) -> None:
    idle = clip("idle")
    report = corrected(corrector, idle).report
    before, after = (
        replace(report.before, phys_err_mm=error, penetrate_mm=depth)
        for error, depth in ((70.0, before_mm), (60.0, after_mm))
    )
    assert bool(reason_to_keep(idle, idle, replace(report, before=before, after=after))) == kept


def test_kinematic_effort_cleans_without_a_simulation(corrector: Corrector) -> None:
    hanging = clip("walk", "float")
    correction = corrected(corrector, hanging, CorrectionOptions(effort="kinematic"))
    assert correction.report.seconds == 0 and correction.report.attempts == 0
    assert correction.report.after.float_mm < correction.report.before.float_mm
    assert "without a simulation" in correction.report.notes[-1]
