"""Effort: several ways to correct a motion, of which the best is kept."""

from __future__ import annotations

import numpy as np
import pytest

from motion.errors import InvalidInput
from motion.motion import Motion
from motion.protocols import MAX_EFFORT, CorrectionOptions
from motion.report import Correction
from motion.synthesis import synthesize
from sim_server import Corrector


@pytest.fixture(scope="module")
def walk_and_run() -> list[Motion]:
    return [Motion(motion.positions[:40], name=motion.name) for motion in synthesize(2, 3, actions=["walk", "run"])]


def test_more_effort_is_never_worse_and_its_cost_is_reported(walk_and_run: list[Motion]) -> None:
    def cost(correction: Correction) -> float:
        report = correction.report
        return report.residual_force_n_mean + report.residual_torque_nm_mean

    with Corrector("base") as corrector:
        usual, more = (
            corrector.correct(walk_and_run, options=CorrectionOptions(effort=effort)) for effort in (1, MAX_EFFORT)
        )
        again = corrector.correct(walk_and_run[::-1], options=CorrectionOptions(effort=MAX_EFFORT))[::-1]
    for one, other, same in zip(usual, more, again, strict=True):
        assert cost(other) <= cost(one) + one.report.mpjpe_global_mm
        assert other.report.attempts >= one.report.attempts + MAX_EFFORT - 1
        assert other.report.seconds > one.report.seconds
        assert np.array_equal(other.motion.positions, same.motion.positions)


def test_the_choice_among_diverging_trials_does_not_depend_on_other_motions(walk_and_run: list[Motion]) -> None:
    flipping = walk_and_run[0].positions.copy()
    flipping[::2, :, 1] = flipping[::2, :, 1].max() - flipping[::2, :, 1]  # every other frame is upside down
    options = CorrectionOptions(effort=MAX_EFFORT)
    with Corrector(slots=3) as corrector:
        alone = corrector.correct([Motion(flipping)], options=options)[0]
        *_, last = corrector.correct([*walk_and_run, Motion(flipping)], options=options)
    assert alone.report.status == "FAILED"
    assert alone.report == last.report


def test_with_a_fixed_limit_the_controller_alone_has_one_trial(walk_and_run: list[Motion]) -> None:
    with Corrector("base") as corrector:
        for correction in corrector.correct(walk_and_run, options=CorrectionOptions(assist=50, effort=MAX_EFFORT)):
            assert correction.report.attempts == 1


def test_effort_has_bounds() -> None:
    for effort in (0, MAX_EFFORT + 1, 2.5):
        with pytest.raises(InvalidInput, match="effort"):
            CorrectionOptions(effort=effort)  # pyright: ignore[reportArgumentType]
