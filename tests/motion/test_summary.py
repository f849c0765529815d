"""Means over reports and motions."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from motion.errors import InvalidInput
from motion.metrics import PhysicalErrors, mean_errors, motion_magnitude, physical_errors
from motion.summary import summarize, summarize_motions


def test_a_mean_of_errors_counts_every_motion_once() -> None:
    one, other = PhysicalErrors(1, 2, 3, 6, 0.5, 10, 20), PhysicalErrors(3, 4, 5, 12, 0.0, 30, 0)
    assert mean_errors([one, other]) == PhysicalErrors(2, 3, 4, 9, 0.25, 20, 10)
    with pytest.raises(InvalidInput, match="none"):
        mean_errors([])


def test_a_summary_has_the_shares_means_and_sums_of_reports() -> None:
    motions = [sway(24, seed) for seed in range(4)]
    reports = [correction.report for correction in SmoothingCorrector().correct(motions)]
    reports[0] = replace(reports[0], status="ASSISTED")
    reports[1] = replace(reports[1], status="FAILED", completed=0.5, residual_force_n_max=70.0, seconds=2.0)
    summary = summarize(reports)
    assert [summary[key] for key in ("motions", "ok", "assisted", "failed")] == [4, 2, 1, 1]
    assert summary["completed_share"] == 0.75
    assert summary["completed"] == (sum(report.completed for report in reports)) / 4
    assert summary["residual_force_n_max"] == 70 and summary["seconds"] == sum(report.seconds for report in reports)
    assert summary["after"] == asdict(mean_errors([report.after for report in reports]))


def test_a_summary_of_no_reports_has_counts_alone() -> None:
    assert summarize([]) == {"motions": 0, "ok": 0, "assisted": 0, "failed": 0}


def test_a_summary_of_motions_has_their_errors_and_speed() -> None:
    motion = sway(24)
    expected = {
        **asdict(physical_errors(motion.positions, motion.fps)),
        "speed_m_s": motion_magnitude(motion.positions, motion.fps),
    }
    assert summarize_motions([motion, motion]) == pytest.approx(expected)
    assert summarize_motions([]) is None
