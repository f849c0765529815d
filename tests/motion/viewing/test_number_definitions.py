"""Every number below a player says what it means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from chromium import Opens
from swaying_body import sway

from motion.formats.motion_file import MotionFile
from motion.metrics import PhysicalErrors
from motion.motion_set import MotionSet
from motion.report import Report
from motion.score import Score
from motion.viewing.correction_page import report_numbers, score_numbers
from motion.viewing.html_player import Figure, Scene, page_html
from motion.viewing.number_definitions import defined
from motion.viewing.score_page import score_scene
from motion.viewing.viewer import paired_scenes

ERRORS = PhysicalErrors(1.0, 1.0, 1.0, 3.0, 0.1, 10.0, 1.0)
REPORT = Report("OK", 1.0, 10.0, 5.0, ERRORS, ERRORS, 7.0, 9.0, 0.0, 0.0, 1, "p", "3", 1, 1.0)
SCORE = Score(1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.1, 0.0, 0.0, 0.5, (), np.zeros((20, 6), np.float32))
MOTION = sway(20, name="sway")


def test_reports_scores_and_compared_files_have_no_number_without_a_definition() -> None:
    files = [MotionFile(Path(name), "packed", MotionSet((MOTION,), ((),), ({},))) for name in ("a, b.npz", "clean.npz")]
    (compared,), _ = paired_scenes(files, 1)
    for numbers in (
        report_numbers(REPORT),
        score_numbers((SCORE, SCORE)),
        score_scene(MOTION, SCORE).numbers,
        compared.numbers,
    ):
        assert numbers and list(defined(numbers)) == list(numbers)


def test_a_number_that_is_not_known_has_none() -> None:
    assert defined(["error, mm", "assist"]) == {}


def test_a_definition_is_one_click_away(tmp_path: Path, opened: Opens) -> None:
    scene = Scene((Figure("a", MOTION.positions, 20),), numbers={"skating before, % of frames": 3.0, "<own>, mm": 1.0})
    (tmp_path / "page.html").write_text(page_html([scene], "numbers"), encoding="utf-8")
    viewer = opened(tmp_path / "page.html")
    definition = viewer.tab.get_by_text("faster than 0.5 m/s")
    assert definition.count() == 0 and viewer.tab.get_by_text("<own>").is_visible()
    viewer.tab.get_by_role("button", name="skating before").click()
    assert definition.is_visible()
    viewer.tab.keyboard.press("Escape")
    assert definition.is_hidden()
