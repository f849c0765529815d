"""Pages of corrections have the numbers of the reports, the colours of their meaning, and the traces."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from motion.errors import InvalidInput
from motion.viewing.correction_page import RecordingCorrector, check_page_path, correction_scene, write_correction_page
from motion.viewing.figure_colors import ROLE_COLORS

MOTIONS = [sway(24, seed, caption=f"a person sways {seed}", name=f"sway_{seed}") for seed in range(3)]


def recorded() -> RecordingCorrector:
    corrector = RecordingCorrector(SmoothingCorrector())
    corrector.correct(MOTIONS, seed=1)
    return corrector


def test_a_recording_corrector_returns_what_the_other_does_with_traces() -> None:
    pairs = recorded().pairs
    plain = SmoothingCorrector().correct(MOTIONS, seed=1)
    assert [motion for motion, _ in pairs] == MOTIONS
    assert [correction.report for _, correction in pairs] == [correction.report for correction in plain]
    assert all(correction.trace is not None for _, correction in pairs)
    assert recorded().describe() == SmoothingCorrector().describe()


def test_a_scene_has_the_numbers_and_the_status_of_the_report() -> None:
    motion, correction = recorded().pairs[0]
    report = replace(
        correction.report, status="FAILED", completed=0.5, reason="fell at 0.6 s", notes=("it was moved.",)
    )
    scene = correction_scene(motion, replace(correction, report=report))
    before, after = scene.figures
    assert (scene.title, scene.caption, scene.status) == ("sway_0", "a person sways 0", "FAILED")
    assert scene.remark == "Fell at 0.6 s. It was moved."
    assert scene.numbers["physical error after, mm"] == report.after.phys_err_mm
    assert (before.role, after.role) == ("before", "after") and before.trace is None and after.trace is not None
    assert after.failed_s == pytest.approx(0.6) and correction_scene(motion, correction).figures[1].failed_s is None


def test_a_page_shows_all_and_of_too_many_the_worst(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = recorded().pairs
    said = write_correction_page(tmp_path / "page.html", pairs, "three & more")
    assert said == f"3 motions before and after written to {tmp_path / 'page.html'}"
    pairs[1] = (pairs[1][0], replace(pairs[1][1], report=replace(pairs[1][1].report, status="FAILED")))
    monkeypatch.setattr("motion.viewing.correction_page.MAX_SCENES", 2)
    assert "1 more" in write_correction_page(tmp_path / "page.html", pairs, "three & more")
    text = (tmp_path / "page.html").read_text("utf-8")
    assert "<title>three &amp; more</title>" in text
    document = json.loads(re.findall(r'<script type="application/json">(.*?)</script>', text, re.S)[0])
    assert [scene["title"] for scene in document["scenes"]] == ["sway_0", "sway_1"]
    assert [figure["color"] for figure in document["scenes"][0]["figures"]] == [
        ROLE_COLORS["before"],
        ROLE_COLORS["after"],
    ]


def test_a_page_ends_in_html(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"--view.*\.txt.*page\.html"):
        check_page_path(tmp_path / "page.txt")
    with pytest.raises(InvalidInput):
        check_page_path(tmp_path / "nowhere" / "page.html")
