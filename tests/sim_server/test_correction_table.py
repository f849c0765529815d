"""The table of corrections: failed motions first, a row of means only for several."""

from __future__ import annotations

from dataclasses import replace

from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from sim_server.correction_table import LEGEND, correction_remarks, correction_table


def test_a_single_motion_has_no_row_of_means() -> None:
    (correction,) = SmoothingCorrector().correct([sway(24)])
    lines = correction_table(["walk"], [24], [correction.report]).split("\n")
    assert [line.split()[0] for line in lines] == ["motion", "walk"]


def test_failed_motions_come_first_and_the_means_last() -> None:
    reports = [correction.report for correction in SmoothingCorrector().correct([sway(24, seed) for seed in range(3)])]
    reports[2] = replace(reports[2], status="FAILED", completed=0.4)
    lines = correction_table(["a", "b", "c"], [24] * 3, reports, max_rows=2).split("\n")
    assert [line.split()[0] for line in lines] == ["motion", "c", "a", "...", "all"]
    assert lines[3] == "... and 1 more" and lines[4].split()[:8] == "all 3 2 OK, 1 FAILED 80% 72".split()
    assert lines[1].split()[:4] == ["c", "FAILED", "40%", "24"]


def test_assisted_motions_come_after_failed_ones_and_before_the_others() -> None:
    reports = [correction.report for correction in SmoothingCorrector().correct([sway(24, seed) for seed in range(3)])]
    reports = [replace(report, notes=()) for report in reports]
    reports[1] = replace(reports[1], status="ASSISTED", reason="carried by 240 N on average")
    reports[2] = replace(reports[2], status="FAILED", reason="fell at 0.5 s", notes=("it was dropped",))
    lines = correction_table(["a", "b", "c"], [24] * 3, reports).split("\n")
    assert [line.split()[0] for line in lines] == ["motion", "c", "b", "a", "all"]
    assert "1 OK, 1 ASSISTED, 1 FAILED" in lines[4]
    remarks = correction_remarks(["a", "b", "c"], reports)
    assert remarks == ["c: FAILED, fell at 0.5 s", "c: it was dropped", "b: ASSISTED, carried by 240 N on average"]
    assert correction_remarks(["a", "b", "c"], reports, 1) == [remarks[0], "... and 2 more remarks, see the reports"]


def test_the_legend_says_what_the_columns_mean() -> None:
    header = correction_table([], [], []).split("\n")[0]
    for term in ("assist N", "limit N", "skate ratio", "attempts"):
        assert term in header and f"{term}:" in LEGEND
    assert all(len(line) <= 120 for line in LEGEND.split("\n"))
