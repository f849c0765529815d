"""The arrows on a body that stands add up to its weight."""

from __future__ import annotations

from pathlib import Path

import mujoco
import numpy as np
import pytest
from chromium import Opens
from swaying_body import sway

from motion.protocols import CorrectionOptions
from motion.viewing.correction_page import correction_scene
from motion.viewing.html_player import page_html
from sim_server import Corrector

GRAVITY = 9.81


def test_the_forces_that_are_drawn_on_a_standing_body_sum_to_its_weight(tmp_path: Path, opened: Opens) -> None:
    motion = sway(50, seed=1)
    with Corrector() as corrector:
        options = CorrectionOptions(effort="fast", trace=True, always_simulate=True)
        (correction,) = corrector.correct([motion], options=options)
    assert correction.trace is not None
    body = mujoco.MjModel.from_xml_string(correction.trace.model_xml)  # pyright: ignore[reportAttributeAccessIssue]
    weight = GRAVITY * float(body.body_mass.sum())
    (tmp_path / "page.html").write_text(page_html([correction_scene(motion, correction)], "standing"), encoding="utf-8")
    viewer = opened(tmp_path / "page.html", "t=0.5")
    sums = []
    for _ in range(18):  # from half a second, when the body has settled, to the end
        forces = viewer.press("ArrowRight", "ArrowRight")["panels"][1]["forces"]
        sums.append(np.sum([force["newtons"] for force in forces], axis=0))
    vertical = np.array(sums)[:, 1]
    assert vertical.mean() == pytest.approx(weight, rel=0.02)
    assert np.median(np.abs(vertical - weight)) < 0.02 * weight
    assert np.abs(np.array(sums)[:, [0, 2]].mean(axis=0)).max() < 0.02 * weight
