"""Effort: what a motion may cost, and what it gets for it."""

from __future__ import annotations

import numpy as np
import pytest

from motion.motion import Motion
from motion.protocols import CorrectionOptions, Effort
from motion.report import Correction
from motion.synthesis import synthesize
from sim_server import Corrector

ALWAYS = CorrectionOptions(always_simulate=True)
EFFORTS: tuple[Effort, ...] = ("fast", "standard")


@pytest.fixture(scope="module")
def walk_and_jump() -> list[Motion]:
    return [
        Motion(motion.positions[:60], name=motion.name) for motion in synthesize(2, 3, actions=["jog", "jump_forward"])
    ]


def corrected(motions: list[Motion], effort: Effort, **options: object) -> list[Correction]:
    with Corrector("base") as corrector:
        return corrector.correct(motions, 0, CorrectionOptions(effort=effort, always_simulate=True, **options))  # pyright: ignore


def test_a_search_needs_less_assist_and_its_cost_is_reported(walk_and_jump: list[Motion]) -> None:
    fast, standard = (corrected(walk_and_jump, effort) for effort in EFFORTS)
    assist = [[each.report.residual_force_n_mean for each in corrections] for corrections in (fast, standard)]
    assert sum(assist[1]) < sum(assist[0])
    for one, other in zip(fast, standard, strict=True):
        assert other.report.status != "FAILED"
        assert other.report.seconds >= one.report.seconds or not one.report.residual_force_n_mean


def test_a_search_depends_on_the_seed_alone(walk_and_jump: list[Motion]) -> None:
    jump = walk_and_jump[1:]
    with Corrector("base", slots=5) as corrector:
        (one,), (other,) = (corrector.correct(jump, seed, ALWAYS) for seed in (0, 1))
        (again,) = corrector.correct([*walk_and_jump, *jump], 0, ALWAYS)[2:]
    assert one.report.attempts > 1, "nothing was searched"
    assert np.array_equal(one.motion.positions, again.motion.positions)
    assert not np.array_equal(one.motion.positions, other.motion.positions)


def test_without_assist_a_search_goes_on_where_it_cannot_succeed(walk_and_jump: list[Motion]) -> None:
    raised = Motion(walk_and_jump[0].positions * (1, 0.3, 1) + (0, 1.5, 0))
    (correction,) = corrected([raised], "standard", assist="none")
    assert len(correction.motion) == len(raised) and correction.report.residual_force_n_max == 0


def test_the_choice_among_diverging_rollouts_does_not_depend_on_other_motions(walk_and_jump: list[Motion]) -> None:
    flipping = walk_and_jump[0].positions.copy()
    flipping[::2, :, 1] = flipping[::2, :, 1].max() - flipping[::2, :, 1]  # every other frame is upside down
    with Corrector("base", slots=3) as corrector:
        alone = corrector.correct([Motion(flipping)])[0]
        *_, last = corrector.correct([*walk_and_jump, Motion(flipping)])
    assert alone.report.status == "FAILED"
    assert alone.report == last.report
