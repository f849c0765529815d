"""Synthesised clips are functions of seed and index, with planted feet, rigid bones, balance and true captions."""

from __future__ import annotations

import numpy as np
import pytest

from motion.errors import InvalidInput, NotFound
from motion.metrics import physical_errors
from motion.skeleton import TOES, bone_lengths
from motion.synthesis import ACTIONS, ClipDetails, clip, split_of, synthesize
from motion.validation import check_motion


@pytest.fixture(scope="module")
def clips() -> list[ClipDetails]:
    """Synthesize two clips of every action."""
    return [clip(index, 3, actions=[name]) for name in ACTIONS for index in (0, 1)]


def test_clip_depends_on_seed_and_index_alone():
    few, many = synthesize(3, seed=5), synthesize(9, seed=5)
    assert few.content_id() == many.select([0, 1, 2]).content_id()
    alone = clip(7, 5)
    assert np.array_equal(alone.motion.positions, many.motions[7].positions)
    assert alone.captions == many.captions[7]
    assert clip(7, 6).motion.positions.shape != alone.motion.positions.shape or not np.array_equal(
        clip(7, 6).motion.positions, alone.motion.positions
    )


def test_a_large_set_has_clips_of_every_action():
    drawn = {details["action"] for details in synthesize(400, seed=0).metadata}
    assert len(ACTIONS) >= 24
    assert drawn == set(ACTIONS)


def test_clips_are_valid_motions_of_40_to_196_frames(clips: list[ClipDetails]):
    for each in clips:
        check_motion(each.motion)
        assert 40 <= len(each.motion) <= 196, each.motion.name
        assert each.motion.fps == 20


def test_first_frame_faces_forward_over_the_origin(clips: list[ClipDetails]):
    for each in clips:
        first = each.motion.positions[0]
        across = first[1] - first[2] + first[16] - first[17]
        assert np.abs(first[0, [0, 2]]).max() < 1e-6
        assert across[0] > 0 and abs(across[2]) < 1e-5


def test_bones_are_rigid(clips: list[ClipDetails]):
    for each in clips:
        lengths = bone_lengths(each.motion.positions)
        assert np.ptp(lengths, axis=0).max() < 1e-4, each.motion.name


def test_planted_feet_do_not_slip(clips: list[ClipDetails]):
    for each in clips:
        toes = each.motion.positions[:, TOES]
        both = each.planted[1:] & each.planted[:-1]
        slips = np.linalg.norm(np.diff(toes, axis=0), axis=-1)[both]
        assert both.any()
        assert slips.max() < 1e-3, each.motion.name
        assert np.abs(toes[each.planted][:, 1]).max() < 2e-3, each.motion.name


def test_nothing_is_under_the_floor_and_nothing_skates(clips: list[ClipDetails]):
    for each in clips:
        errors = physical_errors(each.motion.positions, 20.0)
        assert errors.penetrate_mm == 0
        assert errors.skate_mm < 0.5, each.motion.name


def test_knees_bend_forward(clips: list[ClipDetails]):
    for each in clips:
        joints = each.motion.positions.astype(float)
        for hip, knee, ankle, toe in ((1, 4, 7, 10), (2, 5, 8, 11)):
            leg = joints[:, ankle] - joints[:, hip]
            thigh, foot = joints[:, knee] - joints[:, hip], joints[:, toe] - joints[:, ankle]
            share = (thigh * leg).sum(-1) / (leg**2).sum(-1)
            bend = thigh - share[:, None] * leg
            clear = np.linalg.norm(bend, axis=-1) > 0.05
            assert ((bend * foot).sum(-1)[clear] > -0.02).all(), each.motion.name


def test_jitter_is_at_most_that_of_people(clips: list[ClipDetails]):
    """Clean mocap of walking has a jitter of 60 to 100 m/s^3, of running 230 to 560."""
    for each in clips:
        fast = each.action.startswith(("run", "jog", "hop", "jump"))
        jitter = physical_errors(each.motion.positions, 20.0).jitter_m_s3
        assert jitter < (550 if fast else 200), each.motion.name


def test_clips_have_three_to_five_plain_captions(clips: list[ClipDetails]):
    for each in clips:
        assert 3 <= len(each.captions) <= 5
        assert len(set(each.captions)) == len(each.captions)
        for text in each.captions:
            assert text == text.lower() and text.endswith(".") and "{" not in text and "  " not in text, text
        assert each.motion.caption == each.captions[0]


def test_captions_name_the_acting_side():
    for index in range(6):
        wave = clip(index, 0, actions=["wave"])
        wrists = wave.motion.positions[:, [20, 21], 1].max(0)
        assert wave.side == ("left" if wrists[0] > wrists[1] else "right")
        other = "right" if wave.side == "left" else "left"
        assert not any(other in text for text in wave.captions)


@pytest.mark.parametrize(("action", "low", "high"), [("walk", 0.4, 1.7), ("run", 2.3, 3.8), ("jog", 1.7, 3.0)])
def test_locomotion_moves_straight_at_its_speed(action: str, low: float, high: float):
    for index in range(3):
        motion = clip(index, 1, actions=[action]).motion
        step = motion.positions[-1, 0] - motion.positions[0, 0]
        speed = step[2] / motion.duration
        assert low < speed < high
        assert abs(step[0]) < 0.2 * step[2]


def test_walk_to_the_left_turns_left():
    for index in range(4):
        curve = clip(index, 2, actions=["walk_curve"])
        sideways = curve.motion.positions[-1, 0, 0]
        assert (sideways > 0) == (curve.side == "left")


def test_split_depends_on_the_id_and_tests_a_tenth():
    names = [f"walk_0_{index:05d}" for index in range(2000)]
    share = np.mean([split_of(name) == "test" for name in names])
    assert 0.08 < share < 0.12
    assert [split_of(name) for name in names] == [split_of(name) for name in names]


def test_progress_is_reported_after_each_clip():
    reported: list[tuple[int, int]] = []
    synthesize(2, progress=lambda done, count: reported.append((done, count)))
    assert reported == [(1, 2), (2, 2)]


def test_invalid_arguments_are_refused():
    with pytest.raises(InvalidInput, match="count"):
        synthesize(0)
    with pytest.raises(InvalidInput, match="seed"):
        synthesize(1, seed=-1)
    with pytest.raises(InvalidInput, match="actions"):
        synthesize(1, actions=[])
    with pytest.raises(NotFound, match="walk"):
        synthesize(1, actions=["fly"])
