"""The page of a training: its conclusion, its curves, and what the policy does, as far as the training got."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from swaying_body import sway
from tiny_training import TINY

from motion.errors import InvalidInput, NotFound
from motion.metrics import PhysicalErrors
from motion.report import Correction, Report
from sim_server.learning.policy_training_run import start_stage, train
from sim_server.learning.training_page import Trial, conclude, read_curve, training_page, write_training_page

ERRORS = PhysicalErrors(1.0, 1.0, 1.0, 3.0, 0.1, 10.0, 1.0)


def corrected(assist: float) -> Correction:
    return Correction(
        sway(), Report("OK", 1.0, 10.0, 5.0, ERRORS, ERRORS, assist, assist, 0.0, 0.0, 1, "policy", "3.3.0", 1.0, 1.0)
    )


def trial(ours: list[float], base: list[float]) -> Trial:
    motions = [sway(seed=seed) for seed in range(len(ours))]
    return Trial(motions, [corrected(assist) for assist in ours], [corrected(assist) for assist in base], True)


LINE = {"steps": 1000, "episodes": 0}


def test_a_difference_is_claimed_where_it_exceeds_its_paired_interval() -> None:
    sentence = conclude([LINE], trial([10.0, 30.0, 50.0], [15.0, 34.0, 54.0]))
    assert sentence.startswith(
        "On 3 held-out motions, the policy needs 30.0 N of assist on average, the controller alone 34.3 N: 4.3 ± 1.4 N "
        "less (paired, 95 % interval)."
    )
    assert "no difference can be shown" in conclude([LINE], trial([10.0, 30.0, 50.0], [5.0, 34.0, 54.0]))
    assert "one motion shows no more" in conclude([LINE], trial([10.0], [5.0]))


def test_a_training_without_results_has_no_page(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no training run"):
        write_training_page(tmp_path)
    start_stage(TINY, tmp_path / "run", resume=False)
    with pytest.raises(InvalidInput, match="no results yet"):
        write_training_page(tmp_path / "run")


def test_a_training_ends_in_a_page_of_curves_a_table_and_its_own_motions(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    folder = tmp_path / "run"
    train(replace(TINY, steps=200, chapter_steps=100), folder)
    text = training_page(folder, clips=1).read_text("utf-8")
    assert f"After {read_curve(folder)[-1]['steps']:,} steps" in text
    assert "On 1 motions that it was trained on, the policy needs" in text
    assert text.count('class="line-chart"') >= 6 and text.count('class="plumb-player"') == 1
    assert '"trace":' in text, "the forces of the policy's own motions are shown"
    without = write_training_page(folder, remark="the set is gone").read_text("utf-8")
    assert "The policy was not tried on motions: the set is gone." in without and "plumb-player" not in without
