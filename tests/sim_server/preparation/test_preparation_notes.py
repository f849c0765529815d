"""What preparation changed is told in words."""

from __future__ import annotations

import numpy as np
import pytest
from postures import resting

from motion.synthesis import synthesize
from sim_server.body.preparation_note import PreparationNote, join_words
from sim_server.preparation import prepare
from sim_server.preparation.preparation_notes import foot_notes, shift_notes


def climb(rise: np.ndarray) -> np.ndarray:
    """Return a walk whose body is `rise` (frames,) higher [m]."""
    walk = next(iter(synthesize(1, 3, actions=["walk"]))).positions.astype(np.float64)
    return walk + rise[: len(walk), None, None] * (0, 1, 0)


def told(positions: np.ndarray) -> tuple[str, ...]:
    """Return the sentences about the preparation of a motion."""
    return tuple(note.tell() for note in prepare(positions).notes)


def test_spans_are_told_in_seconds():
    mask = np.zeros(100, bool)
    mask[[*range(24, 61), 90]] = True
    note = PreparationNote.of("the body fell {times}", mask)
    assert note.tell() == "the body fell from 1.2 to 3.0 s and at 4.5 s"
    assert note.tell(60.0) == "the body fell from 61.2 to 63.0 s and at 64.5 s"
    every = np.zeros(400, bool)
    every[::30] = True
    assert PreparationNote.of("{times}", every).tell() == "at 0.0 s, at 1.5 s, at 3.0 s and 11 more times"
    assert PreparationNote("the noise was smoothed").tell(60.0) == "the noise was smoothed"
    assert [join_words(["a", "b", "c"][:count]) for count in (1, 2, 3)] == ["a", "a and b", "a, b and c"]


def test_a_motion_without_faults_has_no_notes():
    for motion in synthesize(4, 1, actions=["walk", "idle"]):
        assert told(motion.positions.astype(np.float64)) == ()


def test_a_body_that_hovers_is_told_to_be_lowered():
    positions = resting("standing", 80)
    positions += np.interp(np.arange(80), [20, 24, 36, 40], [0, 0.12, 0.12, 0])[:, None, None] * (0, 1, 0)
    notes = " ".join(told(positions))
    assert "the body was lowered by up to" in notes and "where nothing touched the floor" in notes


def test_hands_that_were_laid_down_are_told():
    assert "both hands were laid on the floor from 0.0 to 3.0 s" in told(resting("all fours"))


def test_a_floor_that_is_not_at_zero_is_told():
    walk = climb(np.full(400, 0.3))
    assert told(walk) == ("the whole motion was lowered by 30 cm, so that its floor is at height 0",)


def test_stairs_are_told():
    notes = told(climb(0.18 * np.floor(np.arange(400) / 40)))
    assert any("levels" in note and "stairs" in note for note in notes), notes


def test_a_slope_is_told():
    walk = climb(np.zeros(400))
    walk[..., 1] += np.tan(np.radians(6)) * walk[..., 2]
    notes = told(walk)
    assert any("slope by 6 degrees" in note or "slope by 5 degrees" in note for note in notes), notes


def test_drift_and_noise_are_told():
    walk = climb(np.zeros(400))
    drifting = walk + 0.3 * (np.arange(len(walk)) / 20)[:, None, None] * (1, 0, 0)
    (note,) = told(drifting)
    assert "slid at 0.3" in note or "slid at 0.2" in note
    noisy = walk + np.random.default_rng(0).normal(0, 0.01, walk.shape)
    assert any("noise of about 10 mm" in note or "noise of about 9 mm" in note for note in told(noisy))


def test_parts_that_would_be_in_the_floor_are_named():
    shift = np.zeros(40)
    shift[10:20] = 0.05
    depths = np.zeros((40, 3))
    depths[10:20] = (0.06, 0.0, 0.03)
    (note,) = shift_notes(shift, depths, ("back", "head", "left thigh"))
    assert note.tell() == (
        "the body was raised by up to 5 cm from 0.5 to 0.9 s, where the back and left thigh would be in the floor"
    )
    assert shift_notes(shift / 10, depths, ("back", "head", "left thigh")) == []


@pytest.mark.parametrize("frames", [2, 8])
def test_a_foot_that_carries_for_a_moment_is_not_told(frames: int):
    carrying = np.zeros((40, 2), bool)
    carrying[10 : 10 + frames, 1] = True
    assert len(foot_notes(carrying)) == (frames > 4)
