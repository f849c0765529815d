"""A body that is made to travel, or is held back, is told, and can be kept in place."""

from __future__ import annotations

import numpy as np
import pytest

from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.report import Correction
from motion.synthesis import synthesize
from sim_server import Corrector
from sim_server.path_change import added_path, travel_note

FRAMES = 80


def _walker(length: float) -> np.ndarray:
    """Return a body (80, 22, 3) whose joints travel together by `length` at a steady pace, with a sway."""
    positions = np.zeros((FRAMES, 22, 3))
    positions[..., 2] = np.linspace(0, length, FRAMES)[:, None]
    positions[..., 0] = 0.02 * np.sin(np.arange(FRAMES))[:, None]
    return positions


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        (0.1, 4.0, "in place"),
        (2.0, 4.0, "further"),
        (4.0, 2.0, "slowed"),
        (4.0, 0.1, "drift"),
        (4.0, 4.0, ""),
        (4.0, 4.8, ""),  # a fifth more
        (0.0, 0.4, ""),  # sways
    ],
)
def test_what_becomes_of_the_path_is_told(before: float, after: float, word: str) -> None:
    note = travel_note(_walker(after), _walker(before))
    assert word in note if word else note == ""
    if word:
        assert f"travels {after:.1f} m, and {before:.1f} m in the input" in note


@pytest.mark.parametrize("frames", [4, 5, 20, 21, 80])
def test_a_steady_path_is_found_up_to_its_ends(frames: int) -> None:
    reference, source = _walker(4.0)[:frames], _walker(1.0)[:frames]
    path = added_path(reference, source)
    assert np.allclose(path, reference[:, 0] - source[:, 0], atol=1e-9) and not path[:, 1].any()


@pytest.fixture(scope="module")
def treadmill() -> Motion:
    """Return a walk whose path was taken out, as a treadmill does."""
    (walk,) = synthesize(1, 3, actions=["walk"])
    positions = walk.positions[:FRAMES].copy()
    pace = np.linspace(0, 1, FRAMES)[:, None] * (positions[-1, 0] - positions[0, 0])
    return Motion(positions - (pace * (1, 0, 1))[:, None].astype(np.float32), name="treadmill")


def _span(correction: Correction) -> float:
    path = correction.motion.positions[:, 0, [0, 2]]
    return float(np.linalg.norm(path - path[0], axis=-1).max())


def test_a_walk_in_place_travels_unless_it_is_to_stay(treadmill: Motion) -> None:
    with Corrector("base") as corrector:
        (travels,) = corrector.correct([treadmill])
        (stays,) = corrector.correct([treadmill], options=CorrectionOptions(in_place=True))
    assert "in place" in " ".join(travels.report.notes) and _span(travels) > 2
    assert "--in-place" not in " ".join(stays.report.notes) and _span(stays) < 0.3
    assert travels.report.residual_force_n_mean == stays.report.residual_force_n_mean
    assert stays.report.mpjpe_global_mm < 100 < travels.report.mpjpe_global_mm
