"""Evaluation: corruption is reproducible, and means are taken over the motions."""

from __future__ import annotations

import numpy as np
import pytest
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from motion.errors import InvalidInput
from motion.intervals import interval
from sim_server.evaluation.corruption import CORRUPTIONS, corrupt
from sim_server.evaluation.evaluate import evaluate, evaluation_table


def test_an_evaluation_without_motions_is_refused() -> None:
    with pytest.raises(InvalidInput, match="motions: are none"):
        evaluate(SmoothingCorrector(), [])


def test_means_are_over_motions_and_intervals_are_of_the_means() -> None:
    motions = [sway(24, seed, name=f"m{seed}") for seed in range(4)]
    result = evaluate(SmoothingCorrector(), motions, "jitter", seed=3)
    reports = [
        correction.report for correction in SmoothingCorrector().correct([corrupt(m, "jitter", 3) for m in motions], 3)
    ]
    errors = [report.after.phys_err_mm for report in reports]
    assert result["clips"] == 4 and result["frames"] == 96 and result["completed_share"] == 1
    assert result["after"]["phys_err_mm"] == result["phys_err_mm"]["mean"] == np.mean(errors)
    assert result["phys_err_mm"]["interval"] == interval(errors)
    assert result["before"]["jitter_m_s3"] > 3 * result["clean"]["jitter_m_s3"]


def test_one_motion_has_no_interval() -> None:
    result = evaluate(SmoothingCorrector(), [sway(24)])
    assert result["phys_err_mm"]["interval"] is None
    assert "policy" not in evaluation_table([result])
    assert "policy" in evaluation_table([result, {**result, "policy": "another"}])


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_corruption_depends_on_the_name_and_the_seed_alone(kind: str) -> None:
    motion = sway(24, name="a")
    one, again = corrupt(motion, kind, 1), corrupt(motion, kind, 1)
    assert np.array_equal(one.positions, again.positions)
    random = kind in ("drift", "jitter", "all")
    assert np.array_equal(one.positions, corrupt(motion, kind, 2).positions) != random
    assert np.array_equal(one.positions, motion.positions) == (kind == "clean")


def test_an_unknown_corruption_is_refused() -> None:
    with pytest.raises(InvalidInput, match="corrupt: is 'melt'"):
        corrupt(sway(24), "melt")
    with pytest.raises(InvalidInput, match="seed"):
        corrupt(sway(24), "sink", -1)
