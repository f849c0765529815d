"""The bench measures every part, and refuses what cannot be measured."""

from __future__ import annotations

import pytest

from motion.errors import InvalidInput
from motion.motion import Motion
from sim_server.evaluation.bench import bench


def test_rates_and_ratios_fit_together(motions: list[Motion]) -> None:
    short = [Motion(motion.positions[:24], name=motion.name) for motion in motions[:2]]
    result = bench(short, "base", slots=2, rounds=1, threads=[1, 2], busy=1)
    rate = result["frames_per_core_second"]
    assert result["motions"] == 2 and result["frames"] == 48 and result["policy"] == "base"
    assert all(value > 0 for value in rate.values())
    assert result["ratio_single_attempt"] == rate["single_attempt"] / rate["mj_step"]
    assert result["ratio_ladder"] == rate["ladder"] / rate["mj_step"]
    assert result["ratio_end_to_end"] == rate["end_to_end"] / rate["mj_step"]
    assert rate["mj_step"] > rate["mj_step_450_hz"]  # which takes 7.5 times as many steps
    assert sum(result["stages"].values()) == pytest.approx(1) and result["stages"]["physics"] > 0
    conditions = [(each["threads"], each["busy"]) for each in result["conditions"]]
    assert conditions == [(1, 0), (2, 0), (1, 1), (2, 1)]
    assert all(each["ratio"] > 0 and each["per_second"] > 0 for each in result["conditions"])


def test_a_bench_of_nothing_is_refused(motions: list[Motion]) -> None:
    for arguments, field in (
        (([],), "motions"),
        ((motions, "", 0), "slots"),
        ((motions, "", 1, 0), "rounds"),
        ((motions[:1], "base", 1, 1, [0]), "threads"),
        ((motions[:1], "base", 1, 1, [1], -1), "busy"),
    ):
        with pytest.raises(InvalidInput, match=field):
            bench(*arguments)
