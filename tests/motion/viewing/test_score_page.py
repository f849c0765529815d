"""Scores on pages: ranked by what is missing, with the reasons, and as a curve whose mean is the score."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chromium import Opens
from swaying_body import sway

from motion.errors import InvalidInput
from motion.score import Score
from motion.viewing.html_player import Figure, Scene, page_html
from motion.viewing.score_page import write_score_page

FRAMES = 20


def score(newtons: float, reasons: tuple[str, ...] = ()) -> Score:
    wrench = np.zeros((FRAMES, 6), np.float32)
    wrench[:, 1] = np.linspace(0, 2 * newtons, FRAMES)
    share = newtons / 700
    return Score(newtons, newtons, newtons, newtons, share, share, share, share, 0.0, 0.0, 0.5, reasons, wrench)


def document(page: str) -> dict:
    start = page.index('<script type="application/json">') + len('<script type="application/json">')
    return json.loads(page[start : page.index("</script>", start)])


def test_a_page_ranks_motions_by_what_they_miss(tmp_path: Path) -> None:
    motions = [sway(FRAMES, seed=seed, name=name) for seed, name in enumerate(("calm", "worst", "middle"))]
    scores = [score(1.0), score(300.0, ("it floats from 0.1 to 0.9 s",)), score(20.0)]
    sentence = write_score_page(tmp_path / "page.html", motions, scores, "ranked")
    assert sentence.startswith("3 motions, ranked by missing force")
    scenes = document((tmp_path / "page.html").read_text("utf-8"))["scenes"]
    assert [scene["title"] for scene in scenes] == ["worst", "middle", "calm"]
    assert scenes[0]["remark"] == "It floats from 0.1 to 0.9 s." and scenes[0]["numbers"]["missing force, N"] == 300.0


def test_the_missing_force_is_a_curve_under_the_timeline(tmp_path: Path, opened: Opens) -> None:
    motion = sway(FRAMES)
    figures = (
        Figure("before", motion.positions, motion.fps, role="before", score=score(300.0)),
        Figure("after", motion.positions, motion.fps, role="after", score=score(10.0)),
    )
    (tmp_path / "page.html").write_text(page_html([Scene(figures)], "scores"), encoding="utf-8")
    viewer = opened(tmp_path / "page.html", "t=0.95")
    head = viewer.tab.locator(".track-heads > div", has_text="Missing force")
    assert head.locator("b").all_inner_texts() == ["600", "20"]
    viewer.press("Home")
    assert head.locator("b").all_inner_texts() == ["0", "0"]


def test_a_score_of_another_motion_is_refused() -> None:
    motion = sway(FRAMES + 1)
    figure = Figure("before", motion.positions, motion.fps, score=score(1.0))
    with pytest.raises(InvalidInput, match="must have 21"):
        page_html([Scene((figure,))], "scores")
    with pytest.raises(InvalidInput):
        replace(score(1.0), wrench=np.zeros((FRAMES, 5), np.float32))
