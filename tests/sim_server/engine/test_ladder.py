"""The rungs of the assist ladder, and what acts on each of them."""

from __future__ import annotations

import pytest

from motion.protocols import Assist, CorrectionOptions
from sim_server.engine.ladder import RUNGS_N, AssistPlan
from sim_server.engine.trial import Trial
from sim_server.policies.policy import BasePolicy
from sim_server.policies.policy_store import load_policy

POLICY, PROPOSER = load_policy("plumb-1"), load_policy("plumb-2")
FAST = CorrectionOptions(effort="fast")


def rungs(trial: Trial, options: CorrectionOptions = FAST) -> list[tuple[float, str]]:
    return [(limit_n, policy.name) for limit_n, policy in trial.plan_assist(options, steps=20).rungs]


def test_what_does_without_assist_comes_before_it() -> None:
    low = [(10.0, "base"), (25.0, "base"), (25.0, "plumb-1")]
    high = [(limit_n, "plumb-1") for limit_n in RUNGS_N if limit_n > 25]
    assert rungs(Trial(POLICY, None, PROPOSER)) == [(0.0, "base"), (0.0, "plumb-2"), *low, *high]
    assert rungs(Trial(POLICY)) == [(0.0, "base"), *low, *high]


def test_after_a_search_and_without_a_learned_policy_the_analytic_controller_acts_on_every_rung() -> None:
    every = [(limit_n, "base") for limit_n in RUNGS_N]
    assert rungs(Trial.of(POLICY, CorrectionOptions(effort="standard"), PROPOSER)) == every
    assert rungs(Trial(BasePolicy())) == every


@pytest.mark.parametrize(("assist", "limit_n"), [("none", 0.0), (40.0, 40.0)])
def test_a_fixed_limit_is_the_only_rung(assist: Assist, limit_n: float) -> None:
    options = CorrectionOptions(effort="fast", assist=assist)
    assert rungs(Trial(POLICY, None, PROPOSER), options) == [(limit_n, "plumb-1")]


def test_the_lowest_rung_acts_first() -> None:
    plan = AssistPlan.create(FAST, 20, POLICY, PROPOSER)
    assert plan.control(0).policy.name == "base" and not plan.control(0).limit_n
    plan.rung_of_step[3] = 1
    assert plan.control(3).policy is PROPOSER and not plan.highest_limit_n
