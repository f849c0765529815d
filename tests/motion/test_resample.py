"""Resampling keeps poses at common times and loses almost nothing when it is reversed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motion.errors import InvalidInput
from motion.formats.packed import read_packed
from motion.resample import frames_covering, frames_within, resample
from motion.skeleton import bone_lengths


def swaying(fps: float, seconds: float = 3.0) -> np.ndarray:
    times = np.arange(round(seconds * fps) + 1)[:, None, None] / fps
    joint, axis = np.arange(22)[:, None], np.arange(3)
    return (joint * 0.1 + 0.3 * np.sin(2 * np.pi * 0.7 * times + joint + axis)).astype(np.float32)


def test_positions_are_unchanged_at_the_same_rate_and_frame_count():
    motion = np.random.default_rng(0).normal(size=(50, 22, 3)).astype(np.float32)
    same = resample(motion, 20, 20)
    assert same.tobytes() == motion.tobytes() and same is not motion
    assert resample(motion, 29.97, 29.97, 50).tobytes() == motion.tobytes()


def test_a_whole_ratio_of_rates_is_decimation():
    motion = swaying(120)
    np.testing.assert_array_equal(resample(motion, 120, 20), motion[::6])


def test_poses_at_times_of_the_input_are_kept():
    motion = swaying(20)
    finer = resample(motion, 20, 60)
    assert len(finer) == 3 * (len(motion) - 1) + 1
    np.testing.assert_allclose(finer[::3], motion, atol=1e-6)


@pytest.mark.parametrize(("fps_in", "fps_out"), [(20, 60), (30, 20), (20, 23.976), (120, 30), (25, 20)])
def test_a_smooth_motion_is_interpolated_closely(fps_in: float, fps_out: float):
    result = resample(swaying(fps_in), fps_in, fps_out)
    np.testing.assert_allclose(result, swaying(fps_out, 4.0)[: len(result)], atol=3e-3)
    np.testing.assert_allclose(result[2:-4], swaying(fps_out, 4.0)[2 : len(result) - 4], atol=1e-3)


@pytest.mark.parametrize("fps", [10, 23.976, 24, 25, 29.97, 30, 50, 60, 120, 240])
@pytest.mark.parametrize("frames", [4, 40, 41, 43, 101])
def test_resampling_forth_and_back_recovers_motion_and_frame_count(fps: float, frames: int):
    motion = swaying(fps, 20)[:frames]
    there = resample(motion, fps, 20, frames_covering(frames, fps, 20))
    assert (len(there) - 1) / 20 >= (frames - 1) / fps - 1e-6
    back = resample(there, 20, fps, frames)
    assert len(back) == frames
    np.testing.assert_allclose(back, motion, atol=8e-3)


def test_frames_within_and_frames_covering_count_frames():
    assert frames_within(100, 60, 20) == frames_covering(100, 60, 20) == 34
    assert (frames_within(101, 60, 20), frames_covering(101, 60, 20)) == (34, 35)
    assert frames_within(1, 60, 20) == frames_covering(1, 60, 20) == 1


def test_up_to_one_step_is_extrapolated_at_the_last_velocity():
    motion = np.zeros((5, 22, 3), np.float32)
    motion[:, :, 2] = np.arange(5)[:, None] * 0.1
    longer = resample(motion, 10, 20, 11)
    np.testing.assert_allclose(longer[:, 0, 2], np.arange(11) * 0.05, atol=1e-6)


def test_motions_of_one_and_two_frames_are_resampled():
    pose = swaying(20)[:1]
    np.testing.assert_array_equal(resample(pose, 20, 60), pose)
    assert len(resample(swaying(20)[:2], 20, 60)) == 4


def test_bone_lengths_of_real_motion_hardly_change(data_dir: Path):
    for motion in read_packed(data_dir / "test.npz"):
        before = bone_lengths(motion.positions)
        after = bone_lengths(resample(motion.positions, 20, 60))
        assert np.abs(after - before.mean(0)).max() < 5e-3 + np.abs(before - before.mean(0)).max()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((0, 20, None), "fps_in"),
        ((20, float("nan"), None), "fps_out"),
        ((20, -1, None), "fps_out"),
        ((20, 20, 0), "frames_out"),
        ((20, 60, 1000), "frames_out"),
    ],
)
def test_impossible_rates_and_frame_counts_are_refused(arguments: tuple[float, float, int | None], field: str):
    with pytest.raises(InvalidInput, match=field):
        resample(swaying(20), *arguments)


def test_a_motion_without_frames_is_refused():
    with pytest.raises(InvalidInput, match="no frames"):
        resample(np.zeros((0, 22, 3)), 20, 30)
