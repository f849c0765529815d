"""Bad moments are found, bridged and told; what is sound stays as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from faulty_motions import GLITCHES, sound_motions, two_takes

from motion.calibration_pose import is_calibration_pose
from motion.formats.packed import read_packed
from motion.kinematics import REST_OFFSETS
from motion.mending import mend
from motion.motion import Motion
from motion.resample import resample, resample_motion
from motion.skeleton import PARENTS, bone_lengths


def t_pose() -> np.ndarray:
    """Return the joints (22, 3) of the rest pose, pelvis at the origin."""
    positions = np.zeros((22, 3))
    for joint in range(1, 22):
        positions[joint] = positions[PARENTS[joint]] + REST_OFFSETS[joint]
    return positions


@pytest.mark.parametrize("fps", [10.0, 20.0, 30.0, 60.0])
@pytest.mark.parametrize("noise_m", [0.0, 0.02])
def test_a_motion_without_faults_is_returned_as_it_is(fps: float, noise_m: float) -> None:
    rng = np.random.default_rng(0)
    for motion in sound_motions(24):
        positions = resample(motion.positions.astype(float), 20, fps)
        given = Motion((positions + rng.normal(0, noise_m, positions.shape)).astype(np.float32), fps)
        mended = mend(given)
        assert mended.motion is given and mended.is_whole and mended.notes == ()


@pytest.mark.parametrize("name", ["generalisation", "test", "running", "generated", "val"])
def test_nothing_is_found_in_real_and_generated_motion(data_dir: Path, name: str) -> None:
    """Runs, flips and rolls among them."""
    for motion in read_packed(data_dir / f"{name}.npz"):
        assert mend(motion).notes == (), motion.name


@pytest.mark.parametrize("fps", [20.0, 60.0])
@pytest.mark.parametrize("kind", GLITCHES)
def test_a_glitch_is_found_and_bridged_and_the_rest_is_untouched(kind: str, fps: float) -> None:
    spoil, bound_m = GLITCHES[kind]
    rng = np.random.default_rng(1)
    for sound in sound_motions(actions=["walk", "wave"]):
        sound = resample_motion(sound, fps)
        positions, start, stop = spoil(sound.positions.copy(), rng)
        mended = mend(sound.with_positions(positions))
        assert mended.is_whole, mended.notes
        (defect,) = mended.defects
        assert (defect.start in (start - 1, start), defect.stop, defect.mended) == (True, stop, True)
        assert np.linalg.norm(mended.motion.positions - sound.positions, axis=-1)[start:stop].max() < bound_m
        for rest in (slice(defect.start), slice(stop, None)):
            assert np.array_equal(mended.motion.positions[rest], sound.positions[rest])
        (note,) = mended.notes
        assert note.startswith("frame") and f" {defect.start} " in note and f"({defect.start / fps:.1f}" in note
        assert note.endswith("bridged")


def test_a_bridge_keeps_the_lengths_of_bones() -> None:
    sound = sound_motions(1)[0]
    positions = sound.positions.copy()
    positions[20:24] += (0, 1, 0)
    mended = mend(sound.with_positions(positions)).motion
    assert np.allclose(bone_lengths(mended.positions), bone_lengths(sound.positions), atol=1e-5)


def test_a_cut_divides_a_motion_and_changes_nothing() -> None:
    first, second = two_takes()
    joined = Motion(np.concatenate([first.positions, second.positions]))
    mended = mend(joined)
    cut = len(first)
    assert mended.motion is joined and mended.sections == ((0, cut), (cut, len(joined)))
    (note,) = mended.notes
    assert note.startswith(f"frame {cut} ({cut / 20:.1f} s): the body jumps by ")


@pytest.mark.parametrize("frames", [1, 3, 30])
@pytest.mark.parametrize("at_the_end", [False, True])
def test_a_calibration_pose_is_no_part_of_the_motion(frames: int, at_the_end: bool) -> None:
    walk = two_takes()[0]
    pose = np.repeat((t_pose() + walk.positions[-1 if at_the_end else 0, 0])[None], frames, axis=0)
    parts = [walk.positions, pose] if at_the_end else [pose, walk.positions]
    mended = mend(Motion(np.concatenate(parts)))
    start = 0 if at_the_end else frames
    assert mended.sections == ((start, start + len(walk)),)
    assert mended.kept == (((len(walk), len(walk) + frames),) if at_the_end else ((0, frames),))
    assert len(mended.notes) == 1 and "calibration pose" in mended.notes[0]


def test_a_pose_is_recognized_however_the_body_is_turned_and_moved() -> None:
    angle = 1.1
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    bent = t_pose()
    bent[[20, 21]] += (0, 0.2, 0.2)
    poses = np.stack([t_pose(), t_pose() @ turn.T + (3, 1, -2), two_takes()[0].positions[30], bent])
    assert is_calibration_pose(poses).tolist() == [True, True, False, False]


def test_a_first_frame_from_elsewhere_is_left_out() -> None:
    sound = sound_motions(1)[0]
    positions = sound.positions.copy()
    positions[0] += (0, 0, 3)
    mended = mend(sound.with_positions(positions))
    assert mended.sections == ((1, len(sound)),) and mended.kept == ()
    assert "frame 0 (0.0 s): too short" in mended.notes[0]


def test_a_body_that_is_lost_for_long_is_left_out() -> None:
    walk = two_takes()[0]
    positions = walk.positions.copy()
    positions[20:40] = 0
    mended = mend(walk.with_positions(positions))
    assert mended.sections == ((0, 20), (40, len(walk))) and "frames 20 to 39" in mended.notes[0]


def test_a_frozen_stretch_is_told_and_left() -> None:
    run = sound_motions(1)[0].with_positions(two_takes()[0].positions)
    frozen = run.with_positions(np.insert(run.positions, [40] * 10, run.positions[40], axis=0))
    mended = mend(frozen)
    assert mended.motion is frozen and mended.is_whole
    assert len(mended.notes) == 1 and "frames 40 to 50 (2.0 to 2.5 s): the body is frozen" in mended.notes[0]
    still = run.with_positions(np.repeat(run.positions[:1], 60, axis=0))
    assert mend(still).notes == ()


def test_frames_that_are_repeated_throughout_are_no_cuts() -> None:
    """A motion of 4 frames/s that is saved at 20 holds and jumps all the time."""
    walk = two_takes()[0]
    held = walk.with_positions(np.repeat(walk.positions[::5], 5, axis=0))
    assert mend(held).is_whole


def test_many_notes_are_counted() -> None:
    walk = two_takes()[0]
    long = np.concatenate([walk.positions, walk.positions[::-1]] * 8)
    long[40::30] += np.array([0, 0, 2], np.float32)
    mended = mend(Motion(long))
    assert len(mended.defects) > 12
    assert len(mended.notes) <= 14 and "more of the kind 'glitch'" in mended.notes[-1]
