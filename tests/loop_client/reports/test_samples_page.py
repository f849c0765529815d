"""The page of the demo concludes, and its differences have intervals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from swaying_body import sway

from loop_client.reports.samples_page import write_samples_page
from motion.metrics import PhysicalErrors
from motion.report import Correction, Report

MOTIONS = [sway(20, seed, caption=f"a person sways {seed}", name=f"sway_{seed}") for seed in range(3)]


def corrections(*lowered_mm: float) -> list[Correction]:
    """Return a correction of each motion that lowers a physical error of 20 mm by so much, and changes nothing else."""
    before = PhysicalErrors(5.0, 10.0, 5.0, 20.0, 0.1, 10.0, 1.0)
    report = Report("OK", 1.0, 10.0, 5.0, before, before, 7.0, 9.0, 0.0, 0.0, 1, "p", "3", 1, 1.0)
    return [
        Correction(motion, replace(report, after=replace(before, phys_err_mm=20 - each)))
        for motion, each in zip(MOTIONS, lowered_mm, strict=True)
    ]


def test_the_page_says_what_correction_changed_and_how_sure_that_is(tmp_path: Path) -> None:
    said = write_samples_page(tmp_path / "page.html", "samples", MOTIONS, corrections(8.0, 10.0, 12.0))
    text = (tmp_path / "page.html").read_text("utf-8")
    assert "from 20.0 to 10.0 mm" in said and said in text
    # Student's t of three values: 4.303 * 2 / sqrt(3)
    assert '<td class="best">−10.0 ± 5.0</td>' in text


@pytest.mark.parametrize("lowered", [(-8.0, 10.0, 12.0), (0.0, 0.0, 0.0)])
def test_a_difference_within_its_interval_is_not_bold(lowered: tuple[float, ...], tmp_path: Path) -> None:
    write_samples_page(tmp_path / "page.html", "samples", MOTIONS, corrections(*lowered))
    assert 'class="best"' not in (tmp_path / "page.html").read_text("utf-8")
