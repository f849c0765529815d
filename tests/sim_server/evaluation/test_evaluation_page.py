"""The page of an evaluation concludes, and shows the worst, the median and the best motion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from motion.viewing.correction_page import RecordingCorrector
from sim_server.evaluation.evaluate import evaluate
from sim_server.evaluation.evaluation_page import EvaluatedRow, conclude, write_evaluation_page


@pytest.fixture(scope="module")
def row() -> EvaluatedRow:
    motions = [sway(40, seed=seed, name=f"sway_{seed}") for seed in range(4)]
    recording = RecordingCorrector(SmoothingCorrector())
    result = {"set": "swaying", "assist": "auto", "effort": "fast", **evaluate(recording, motions)}
    given, corrections = zip(*recording.pairs, strict=True)
    return EvaluatedRow(result, given, corrections)


def with_assists(row: EvaluatedRow, policy: str, *newtons: float) -> EvaluatedRow:
    corrections = [
        replace(correction, report=replace(correction.report, residual_force_n_mean=assist))
        for correction, assist in zip(row.corrections, newtons, strict=True)
    ]
    return EvaluatedRow({**row.row, "policy": policy}, row.motions, corrections)


def test_a_row_says_what_was_completed_and_with_how_much_assist(row: EvaluatedRow) -> None:
    assert row.row["residual_force_n"]["mean"] == pytest.approx(0.1)
    free = f"{row.row['assist_free_share']:.0%}"
    assert conclude([row]) == (
        f"100% of 4 motions were completed, {free} without any assist; it is 0.1 ± 0.0 N on average."
    )


def test_policies_are_compared_in_pairs_of_motions(row: EvaluatedRow) -> None:
    first = with_assists(row, "one", 10.0, 30.0, 50.0, 70.0)
    less, same = with_assists(row, "two", 6.0, 25.0, 46.0, 65.0), with_assists(row, "three", 30.0, 10.0, 70.0, 50.0)
    assert "two, assist auto, effort fast needs 4.5 ± 0.9 N less" in conclude([first, less])
    assert "no difference of swaying, clean: three, assist auto, effort fast in assist" in conclude([first, same])
    other_set = EvaluatedRow({**row.row, "set": "walking"}, row.motions, row.corrections)
    assert conclude([first, other_set]).endswith("the other 1 rows are below.")


def test_the_page_shows_the_motions_at_the_ends_and_in_the_middle(row: EvaluatedRow, tmp_path: Path) -> None:
    write_evaluation_page(tmp_path / "page.html", [with_assists(row, "one", 30.0, 10.0, 70.0, 50.0)])
    text = (tmp_path / "page.html").read_text("utf-8")
    shown = [text.index(f'"title":"{title}"') for title in ("worst: sway_2", "median: sway_3", "best: sway_1")]
    assert shown == sorted(shown)
    assert "<td>100% (51 to 100%)</td>" in text, "four of four motions: Wilson's interval"
    assert " ± " in text and 'popovertarget="about-physical-error"' in text
