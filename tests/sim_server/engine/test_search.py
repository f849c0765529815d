"""The search: what it prefers among candidates, how often it tries, and when it allows assist."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from motion.protocols import CorrectionOptions
from sim_server.body.retarget import Reference
from sim_server.engine.ladder import AssistPlan
from sim_server.engine.rollout import Path, Rollout, StepControl
from sim_server.engine.search import SearchSettings, capture_error, search_ways
from sim_server.policies.policy import BasePolicy

STEPS = 60
BASE = BasePolicy()
AUTO = CorrectionOptions()
SETTINGS = SearchSettings(candidates=6, rounds=1, failures=1000)


class StandingReference:
    """A reference that stands still, for rollouts that are written by hand."""

    steps = STEPS
    positions = np.zeros((STEPS + 1, 22, 3))

    def __len__(self) -> int:
        return STEPS + 1


def reference() -> Reference:
    return cast(Reference, StandingReference())


def record(rollout: Rollout, joints: np.ndarray, distance: float, force_n: float = 0.0) -> None:
    rollout.record(joints, distance, np.array([0, force_n, 0, 0, 0, 0]), np.zeros(0), cast(Any, None))


def moving(pelvis: list[tuple[float, float, float]], distance: float = 0.1) -> Rollout:
    """Return a rollout from step 3 on whose pelvis is at some places."""
    rollout = Rollout(reference(), 3, None, [StepControl(BASE, 0.0, 1.0)] * len(pelvis))
    for place in pelvis:
        record(rollout, np.tile(place, (22, 1)), distance)
    return rollout


def test_the_capture_point_lies_ahead_of_the_pelvis_by_its_velocity() -> None:
    # 10 cm away, and 5 cm in the last twentieth of a second: 1 m/s.
    assert capture_error(moving([(0.05, 0, 0), (0.10, 0, 0)])) == pytest.approx(0.10 + 0.3 * 1.0)
    assert capture_error(moving([(0, 0, 0.15), (0, 0, 0.10)])) == pytest.approx(abs(0.10 - 0.3 * 1.0))


def test_a_body_that_rises_or_stands_where_it_ought_to_has_its_capture_point_there() -> None:
    assert capture_error(moving([(0, 0.1, 0), (0, 0.3, 0)])) == 0


def test_without_a_velocity_or_a_state_there_is_no_capture_point() -> None:
    assert capture_error(moving([(1, 0, 0)])) == 0
    assert capture_error(moving([(0, 0, 0), (np.nan, 0, 0)], np.inf)) == 0


def walks(
    place: int, enough_n: float, settings: SearchSettings = SETTINGS, options: CorrectionOptions = AUTO
) -> tuple[Path, AssistPlan, list[list[Rollout]]]:
    """Search the way of a motion that falls at one step unless the assist is enough, and uses all that it may have.

    Returns:
        Its path, its plan, and the candidates of each population.
    """
    path = Path(reference())
    plan = AssistPlan.create(options, STEPS)
    populations: list[list[Rollout]] = []
    for rollouts in search_ways(path, plan, (BASE,), settings, seed=0):
        if len(rollouts) > 1:
            populations.append(rollouts)
        for rollout in rollouts:
            while not rollout.done:
                limit = rollout.control.limit_n
                falls = rollout.start + len(rollout) == place and limit < enough_n
                record(rollout, np.zeros((22, 3)), 1.0 if falls else 0.0, limit)
        plan.steps_simulated += sum(map(len, rollouts))
    assert path.done
    return path, plan, populations


def centres(populations: list[list[Rollout]], place: int) -> list[float]:
    """Return the limit that the first candidate has at a step, in the first population of each search."""
    limits = [candidates[0].controls[place - candidates[0].start].limit_n for candidates in populations]
    free = [limit for limit in limits if not limit]
    return free + limits[len(free) :: 2]  # a search with assist has one more population


def test_candidates_have_assist_after_four_tries_and_each_further_failure_adds_a_rung() -> None:
    _, _, populations = walks(30, enough_n=900.0)
    assert centres(populations, 30)[:10] == [0, 0, 0, 0, 10, 25, 50, 100, 200, 400]


def test_a_motion_with_assist_is_tried_twice_without_more_at_each_further_place() -> None:
    path = Path(reference())
    plan = AssistPlan.create(AUTO, STEPS)
    plan.rung_of_step[:5] = 1
    tries: list[float] = []
    for rollouts in search_ways(path, plan, (BASE,), SETTINGS, seed=0):
        if len(rollouts) > 1:
            tries.append(rollouts[0].controls[40 - rollouts[0].start].limit_n)
        for rollout in rollouts:
            while not rollout.done:
                falls = rollout.start + len(rollout) == 40 and not rollout.control.limit_n
                record(rollout, np.zeros((22, 3)), 1.0 if falls else 0.0, rollout.control.limit_n)
    assert tries[:3] == [0, 0, 10]


def test_assist_is_left_out_where_it_is_not_needed() -> None:
    settings = replace(SETTINGS, candidates=24, rounds=3)
    path, plan, populations = walks(30, enough_n=5.0, settings=settings)
    candidates = populations[-1]
    window = slice(candidates[0].start, candidates[0].start + len(candidates[0].controls))
    forces = np.linalg.norm(path.assist[:, :3], axis=1)
    assert forces[30] >= 5 and not forces[: window.start].any() and not forces[window.stop :].any()
    assert forces[window].mean() < 0.8 * 10.0, "the first candidate has 10 N in the whole window"
    assert plan.highest_limit_n == forces.max()


def test_what_was_settled_is_what_the_plan_says() -> None:
    path, plan, _ = walks(30, enough_n=40.0)
    assert np.array_equal(plan.limits_n(plan.rung_of_step), np.linalg.norm(path.assist[:, :3], axis=1))


@pytest.mark.parametrize("assist", ["none", 100.0])
def test_a_motion_that_may_have_no_more_assist_is_searched_a_few_times_at_one_place(assist: Any) -> None:
    path, plan, populations = walks(30, enough_n=900.0, options=CorrectionOptions(assist=assist))
    assert len(populations) == SETTINGS.tries and path.step == STEPS
    assert plan.highest_limit_n == (0.0 if assist == "none" else assist)


@pytest.mark.parametrize(("away_m", "populations"), [(0.0, 1), (0.15, 3)])
def test_one_population_is_enough_where_a_candidate_ends_where_it_can_come_to_rest(
    away_m: float, populations: int
) -> None:
    """The body falls at step 30 unless it is pushed, and ends some way off."""
    path, tried = Path(reference()), 0
    plan = AssistPlan.create(CorrectionOptions(assist="none"), STEPS)
    for rollouts in search_ways(path, plan, (BASE,), replace(SETTINGS, rounds=3), seed=0):
        tried += len(rollouts) > 1
        for rollout in rollouts:
            while not rollout.done:
                step = rollout.start + len(rollout)
                pushed = rollout.perturbation is not None and rollout.perturbation[len(rollout), 0] > 0
                record(rollout, np.full((22, 3), away_m), 1.0 if step == 30 and not pushed else 0.0)
    assert tried == populations and path.done


def test_candidates_take_turns_between_the_policies_and_the_way_itself_has_the_first() -> None:
    path, other = Path(reference()), BasePolicy()
    plan = AssistPlan.create(CorrectionOptions(assist="none"), STEPS, BASE)
    for rollouts in search_ways(path, plan, (BASE, other), SETTINGS, seed=0):
        acting = [rollout.control.policy for rollout in rollouts]
        assert acting == ([BASE, other] * 3 if len(rollouts) > 1 else [BASE])
        for rollout in rollouts:
            while not rollout.done:
                record(rollout, np.zeros((22, 3)), 1.0 if rollout.start + len(rollout) == 30 else 0.0)
    assert path.done


def test_a_motion_that_never_falls_is_not_searched() -> None:
    assert walks(30, enough_n=0.0)[2] == []


def test_the_ladder_after_a_search_has_a_budget_of_its_own() -> None:
    plan = AssistPlan.create(AUTO, STEPS)
    plan.rung_of_step[10:40] = 2.4
    plan.steps_simulated = 10**6
    plan.begin_ladder()
    assert (plan.rung_of_step[10:40] == 3).all() and plan.highest_limit_n == 50
    plan.raise_around(29, np.zeros(30), mean_force=0.0)
    assert plan.given_up is None and plan.highest_limit_n == 100
