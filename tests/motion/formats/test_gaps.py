"""Short gaps of few joints are bridged, others are left."""

from __future__ import annotations

import numpy as np
import pytest
from swaying_body import swaying

from motion.formats.gaps import bridge_gaps
from motion.motion import Motion

WRIST, ELBOW = 20, 18


def with_gap(frames: slice, joints: list[int], value: float = np.nan, fps: float = 20.0) -> Motion:
    motion = swaying(60, fps=fps)
    positions = motion.positions.copy()
    positions[frames, joints, 1] = value
    return motion.with_positions(positions)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_short_gap_is_bridged_and_told(value: float) -> None:
    motion, notes = bridge_gaps(with_gap(slice(20, 23), [WRIST], value))
    assert notes == ["left_wrist has no position in frames 20 to 22 (0.15 s); bridged"]
    assert np.linalg.norm(motion.positions - swaying(60).positions, axis=-1).max() < 0.05
    others = [joint for joint in range(22) if joint != WRIST]
    np.testing.assert_array_equal(motion.positions[:, others], swaying(60).positions[:, others])


def test_a_joint_and_its_parent_may_lack() -> None:
    motion, notes = bridge_gaps(with_gap(slice(7, 8), [ELBOW, WRIST]))
    assert len(notes) == 2 and "frame 7 (0.05 s)" in notes[0]
    assert np.linalg.norm(motion.positions - swaying(60).positions, axis=-1).max() < 0.03


def test_the_pelvis_is_bridged() -> None:
    motion, _ = bridge_gaps(with_gap(slice(7, 9), [0]))
    assert np.linalg.norm(motion.positions - swaying(60).positions, axis=-1).max() < 0.03


@pytest.mark.parametrize(
    ("frames", "joints", "fps"),
    [
        (slice(20, 26), [WRIST], 20.0),  # 0.3 s
        (slice(20, 21), [WRIST, ELBOW, 3], 20.0),
        (slice(0, 2), [WRIST], 20.0),
        (slice(58, 60), [WRIST], 20.0),
        (slice(20, 23), [WRIST], 5.0),
    ],
)
def test_other_gaps_are_left(frames: slice, joints: list[int], fps: float) -> None:
    motion = with_gap(frames, joints, fps=fps)
    assert bridge_gaps(motion) == (motion, [])


def test_a_sound_motion_stays_the_same() -> None:
    motion = swaying(20)
    assert bridge_gaps(motion) == (motion, [])


EVERY = list(range(22))


@pytest.mark.parametrize("frames", [slice(20, 24), slice(20, 40), slice(0, 3), slice(20, 55)])
def test_a_body_that_is_lost_is_left(frames: slice) -> None:
    motion = with_gap(frames, [[joint] for joint in EVERY])
    assert bridge_gaps(motion) == (motion, [])


def test_a_foot_without_a_ball_has_it_at_the_ankle() -> None:
    motion, notes = bridge_gaps(with_gap(slice(None), [10]))
    assert len(notes) == 1 and notes[0].startswith("left_foot has no position in any frame")
    np.testing.assert_array_equal(motion.positions[:, 10], swaying(60).positions[:, 7])
