"""Motions and corrections show themselves in a notebook, each in a frame that leaves the rest of it alone."""

from __future__ import annotations

from pathlib import Path

from chromium import Opens
from swaying_body import sway
from synthetic_trace import synthetic_trace

from motion.metrics import PhysicalErrors
from motion.report import Correction, Report
from motion.viewing.notebook import BeforeAfter, correction_html, motion_html

ERRORS = PhysicalErrors(1.0, 1.0, 1.0, 3.0, 0.1, 10.0, 1.0)
REPORT = Report("FAILED", 0.5, 10.0, 5.0, ERRORS, ERRORS, 7.0, 9.0, 0.0, 0.0, 1, "p", "3", 1, 1.0, reason="it fell")
MOTION = sway(20, name='a "quoted" <name>', caption="a person sways")
CORRECTION = Correction(sway(20, seed=1, name="sway"), REPORT, synthetic_trace(20))


def test_cells_are_players_of_their_own(tmp_path: Path, opened: Opens) -> None:
    cells = [motion_html(MOTION), correction_html(CORRECTION), BeforeAfter([MOTION], [CORRECTION])._repr_html_()]
    (tmp_path / "notebook.html").write_text(f"<!DOCTYPE html><meta charset='utf-8'>{''.join(cells)}", encoding="utf-8")
    viewer = opened(tmp_path / "notebook.html", ready="document.querySelectorAll('iframe').length === 3")
    frames = [viewer.tab.frame_locator(f"iframe >> nth={number}") for number in range(3)]
    assert frames[0].locator(".chips button").all_inner_texts() == [MOTION.name]
    assert frames[1].get_by_text("it fell").first.is_visible()
    assert len(frames[2].locator(".chips button").all_inner_texts()) == 2
    frames[2].get_by_role("button", name="Overlay").click()
    frames[2].locator(".view").press("n")
    assert frames[2].get_by_role("button", name="Overlay").get_attribute("aria-pressed") == "true"
    assert repr(BeforeAfter([MOTION], [CORRECTION])) == "<before and after of 1 motions>"
    assert viewer.tab.evaluate("window.plumb") is None, "the notebook itself has no script of the player"
