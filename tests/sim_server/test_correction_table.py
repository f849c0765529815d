"""The table of corrections: failed motions first, a row of means only for several."""

from __future__ import annotations

from dataclasses import replace

from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from sim_server.correction_table import correction_table


def test_a_single_motion_has_no_row_of_means() -> None:
    (correction,) = SmoothingCorrector().correct([sway(24)])
    lines = correction_table(["walk"], [24], [correction.report]).split("\n")
    assert [line.split()[0] for line in lines] == ["motion", "walk"]


def test_failed_motions_come_first_and_the_means_last() -> None:
    reports = [correction.report for correction in SmoothingCorrector().correct([sway(24, seed) for seed in range(3)])]
    reports[2] = replace(reports[2], status="FAILED")
    lines = correction_table(["a", "b", "c"], [24] * 3, reports, max_rows=2).split("\n")
    assert [line.split()[0] for line in lines] == ["motion", "c", "a", "...", "all"]
    assert lines[3] == "... and 1 more" and lines[4].split()[:5] == ["all", "3", "2", "OK", "72"]
