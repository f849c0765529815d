"""The search: what it prefers among candidates, how often it tries, and when it allows assist."""

from __future__ import annotations

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
SETTINGS = SearchSettings(candidates=6, rounds=1, failures=1000)


class StandingReference:
    """A reference that stands still, for rollouts that are written by hand."""

    steps = STEPS
    positions = np.zeros((STEPS + 1, 22, 3))

    def __len__(self) -> int:
        return STEPS + 1


def reference() -> Reference:
    return cast(Reference, StandingReference())


def record(rollout: Rollout, joints: np.ndarray, distance: float) -> None:
    rollout.record(joints, distance, np.zeros(6), np.zeros(0), cast(Any, None))


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


def test_a_higher_rung_starts_from_the_rung_that_was_not_enough_not_from_its_neighbours() -> None:
    plan = AssistPlan.create(CorrectionOptions(), STEPS, learned=False)
    for rung in (1, 2, 3):
        assert plan.raise_window(0, 24, failed_step=14)
        assert (plan.rung_of_step[:24] == rung).all() and not plan.rung_of_step[24:].any()
    assert plan.raise_window(20, 44, failed_step=34)
    assert (plan.rung_of_step[:24] == 3).all(), "what was found to be needed stays"
    assert (plan.rung_of_step[24:44] == 1).all(), "a new place begins on the lowest rung with assist"


def test_there_is_no_rung_above_a_fixed_limit() -> None:
    plan = AssistPlan.create(CorrectionOptions(assist=100.0), STEPS, learned=False)
    assert not plan.raise_window(0, 24, failed_step=14)


def falls_at(place: int, enough_n: float) -> list[float]:
    """Search the way of a motion that falls at one step unless the assist is enough; return the limit of each try."""
    path = Path(reference())
    plan = AssistPlan.create(CorrectionOptions(), STEPS, learned=False)
    tries: list[float] = []
    for rollouts in search_ways(path, plan, BASE, SETTINGS, seed=0):
        if len(rollouts) > 1:
            tries.append(plan.rung_at(place).limit_n)
        for rollout in rollouts:
            while not rollout.done:
                step = rollout.start + len(rollout)
                falls = step == place and rollout.control.limit_n < enough_n
                record(rollout, np.zeros((22, 3)), 1.0 if falls else 0.0)
    assert path.done
    return tries


def test_a_motion_gets_assist_after_four_tries_and_then_more_after_every_second() -> None:
    assert falls_at(30, enough_n=50.0) == [0, 0, 0, 0, 10, 10, 25, 25, 50]


def test_a_motion_that_never_falls_is_not_searched() -> None:
    assert falls_at(30, enough_n=0.0) == []
