"""The curriculum draws failing clips more often, and lets the assist limit of each clip follow its episodes."""

from __future__ import annotations

import numpy as np
import pytest

from sim_server.learning.curriculum import AssistSchedule, Curriculum


def test_limits_and_odds_follow_success_and_failure() -> None:
    schedule = AssistSchedule(start=50, least=10, most=90, on_success=0.9, on_failure=1.2, zero_share=0.0)
    curriculum = Curriculum(np.ones(2), schedule)
    for _ in range(40):
        curriculum.record_episode(0, curriculum.limits[0], False)
        curriculum.record_episode(1, curriculum.limits[1], True)
    assert curriculum.limits.tolist() == [10, 90]
    assert curriculum.failures[0] < 0.01 and curriculum.failures[1] > 0.99
    drawn, _ = curriculum.draw(np.random.default_rng(0), 4000)
    assert (drawn == 1).mean() == pytest.approx(1.15 / 1.3, abs=0.03)
