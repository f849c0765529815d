"""The budget of the assist ladder: a motion that keeps falling is given up after some simulated time."""

from __future__ import annotations

import numpy as np
import pytest

from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.synthesis import synthesize
from sim_server import Corrector
from sim_server.body.humanoid import WEIGHT_N
from sim_server.engine import ladder
from sim_server.engine.ladder import RUNGS_N, AssistPlan
from sim_server.policies.policy_store import load_policy

STEPS = 200
FAST = CorrectionOptions(effort="fast")
BUDGET = 30 * STEPS
CARRIED_BUDGET = (90 + 3 * 10) * 20


def _plan() -> AssistPlan:
    return AssistPlan.create(CorrectionOptions(), STEPS, load_policy(""))


def test_within_the_budget_the_search_is_the_same() -> None:
    spent = [(BUDGET - 1, 0.7 * WEIGHT_N), (CARRIED_BUDGET - 1, WEIGHT_N)]
    for steps_simulated, mean_force in spent:
        plan, other = _plan(), _plan()
        distance = np.zeros(21)
        plan.steps_simulated = steps_simulated
        assert plan.raise_around(20, distance, mean_force) == other.raise_around(20, distance)
        assert np.array_equal(plan.rung_of_step, other.rung_of_step) and plan.given_up is None


@pytest.mark.parametrize(("spent", "mean_force"), [(BUDGET, 0.0), (CARRIED_BUDGET, 0.8 * WEIGHT_N)])
def test_beyond_the_budget_the_rest_has_the_last_rung_and_is_not_searched_again(spent: int, mean_force: float) -> None:
    plan = _plan()
    plan.steps_simulated = spent
    start = plan.raise_around(20, np.zeros(21), mean_force)
    assert start is not None and plan.given_up == (start, spent) and 0 < start < 20
    assert (plan.rung_of_step[start:] == len(plan.rungs) - 1).all() and (plan.rung_of_step[:start] == 0).all()
    assert plan.highest_limit_n == RUNGS_N[-1] and plan.attempts == 2
    assert plan.raise_around(39, np.zeros(40), mean_force) is None


def test_the_budget_of_a_short_motion_is_never_longer_for_being_carried() -> None:
    plan = AssistPlan.create(CorrectionOptions(), 20, load_policy(""))
    plan.steps_simulated = 30 * 20
    plan.raise_around(10, np.zeros(11), WEIGHT_N)
    assert plan.given_up


@pytest.fixture(scope="module")
def hovering() -> Motion:
    """Return a walk that is carried over the floor at a changing height, for 4 s."""
    (walk,) = synthesize(1, 3, actions=["walk"])
    positions = walk.positions[:80].copy()
    positions[..., 1] += 0.5 + 0.5 * np.sin(np.arange(len(positions)) / 20 * np.pi)[:, None]
    return Motion(positions, name="hovers")


def test_a_hopeless_motion_ends_within_its_budget(hovering: Motion, monkeypatch: pytest.MonkeyPatch) -> None:
    with Corrector("base") as corrector:
        (long,) = corrector.correct([hovering], options=FAST)
        assert "given up" not in long.report.reason
        monkeypatch.setattr(ladder, "_BUDGET_LENGTHS", 3)
        (short,) = corrector.correct([hovering], options=FAST)
        limited = CorrectionOptions(assist=50.0, effort="fast")
        assert "given up" not in corrector.correct([hovering], options=limited)[0].report.reason
    assert short.report.status != "OK" and "given up" in short.report.reason
    # The budget, the try in which it ran out, and one last pass over the rest.
    assert short.report.seconds <= (3 + 2) * (hovering.duration + 0.1) < long.report.seconds
    assert short.report.attempts < long.report.attempts
