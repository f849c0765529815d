"""Motions of bodies are accepted unchanged; all else is refused with the field, its value and what would be right."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from motion.errors import InvalidInput
from motion.formats.packed import read_packed
from motion.humanml3d.features import mean_std, positions_to_features
from motion.humanml3d.uniform_skeleton import REST_DIRECTIONS, positions_from_bones
from motion.kinematics import REST_OFFSETS
from motion.motion import Motion
from motion.plausibility import stature
from motion.skeleton import JOINT, JOINT_NAMES
from motion.validation import MAX_MOTION_FRAMES, as_motion, check_motion, features_to_motion

LENGTHS = np.linalg.norm(REST_OFFSETS, axis=-1)


def swinging(frames: int = 60) -> np.ndarray:
    """Return a body with human bones that moves ahead at 1 m/s and swings its arms."""
    bones = np.repeat((REST_DIRECTIONS * LENGTHS[:, None])[None, 1:], frames, 0)
    angle = 0.5 * np.sin(np.arange(frames) * 0.3)
    for joint, sign in ((18, 1), (19, -1), (20, 1), (21, -1)):
        length = LENGTHS[joint]
        bones[:, joint - 1] = np.stack([0 * angle, -np.cos(angle), sign * np.sin(angle)], -1) * length
    root = np.stack([np.zeros(frames), np.full(frames, 0.9), np.arange(frames) * 0.05], -1)
    return positions_from_bones(root, bones).astype(np.float32)


def refused(sample: Motion | np.ndarray) -> str:
    with pytest.raises(InvalidInput) as caught:
        as_motion(sample)
    sentence = str(caught.value)
    assert "\n" not in sentence and len(sentence) < 600
    return sentence


def test_the_motion_of_a_body_is_accepted_unchanged():
    motion = Motion(swinging(), fps=30.0, caption="walks", name="a")
    assert check_motion(motion) is motion
    assert as_motion(motion) is motion
    assert as_motion(motion.positions).positions.tobytes() == motion.positions.tobytes()
    assert stature(motion.positions) == pytest.approx(1.70, abs=0.01)


@pytest.mark.parametrize("name", ["train", "val", "test", "generalisation", "generated", "walks", "running"])
def test_real_and_generated_motion_is_accepted(data_dir: Path, name: str):
    noise = np.random.default_rng(0)
    for motion in read_packed(data_dir / f"{name}.npz"):
        assert as_motion(motion) is motion
        noisy = motion.positions + noise.normal(0, 0.05, motion.positions.shape).astype(np.float32)
        as_motion(motion.with_positions(noisy))
        as_motion(positions_to_features(motion.positions))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_named_by_frame_and_joint(value: float):
    positions = swinging()
    positions[17, JOINT["left_knee"], 1] = value
    positions[18] = value
    assert f"positions: is {value} at frame 17, joint left_knee, y; must be finite" in refused(positions)


def test_a_number_beyond_single_precision_is_refused_without_a_warning():
    positions = swinging().astype(np.float64)
    positions[3, 0, 0] = 1e300
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "frame 3, joint pelvis, x" in refused(positions)


@pytest.mark.parametrize("fps", [0.0, -20.0, float("nan"), float("inf"), 0.5, 1e5])
def test_absurd_rates_are_refused(fps: float):
    assert refused(Motion(swinging(), fps=fps)).startswith(f"fps: is {fps:g}; must be from 1 to 1000")


@pytest.mark.parametrize("frames", [0, 1, 2, 3, MAX_MOTION_FRAMES + 1, 10_000])
def test_too_few_and_too_many_frames_are_refused(frames: int):
    assert refused(swinging(frames)) == f"positions: has {frames} frames; must have from 4 to {MAX_MOTION_FRAMES}"
    check_motion(Motion(swinging(max(frames, 1))), min_frames=1, max_frames=10_000)


def test_joints_in_another_order_are_reordered():
    order = np.random.default_rng(0).permutation(22)
    shuffled = Motion(swinging()[:, order], joint_names=tuple(JOINT_NAMES[i] for i in order), name="a")
    ordered = check_motion(shuffled)
    assert ordered.joint_names == JOINT_NAMES and ordered.name == "a"
    np.testing.assert_array_equal(ordered.positions, swinging())


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        (("tail", *JOINT_NAMES[1:]), "unknown joint 'tail'"),
        (JOINT_NAMES[:21], "lacks 'right_wrist'"),
        ((*JOINT_NAMES, "pelvis"), "23 names, some of them twice"),
        ((), "lacks 'pelvis'"),
    ],
)
def test_wrong_joint_names_are_refused(names: tuple[str, ...], fault: str):
    sentence = refused(Motion(swinging(), joint_names=names))
    assert sentence.startswith("joint_names: ") and fault in sentence and "left_collar" in sentence


def test_all_faults_are_named():
    with pytest.raises(InvalidInput) as caught:
        check_motion(Motion(swinging(2), fps=0, joint_names=("tail",)))
    assert [violation.field for violation in caught.value.violations] == ["fps", "joint_names", "positions"]


@pytest.mark.parametrize(("scale", "message"), [(0.03 / 1.6995, "0.03 m"), (30 / 1.6995, "30 m"), (0.1, "0.17 m")])
def test_bodies_that_are_not_of_human_size_are_refused(scale: float, message: str):
    sentence = refused(swinging() * scale)
    assert f"about {message} tall; must be from 0.5 to 3 m" in sentence


def test_millimetres_are_refused():
    assert "about 1.7e+03 m tall" in refused(swinging() * 1000)


@pytest.mark.parametrize("point", [0.0, 1.5])
def test_all_joints_in_one_point_are_refused(point: float):
    assert "all joints in one point" in refused(np.full((60, 22, 3), point, np.float32))


def test_a_limb_without_length_is_refused():
    positions = swinging()
    positions[:, JOINT["left_ankle"]] = positions[:, JOINT["left_knee"]]
    assert "bone to left_ankle of 0.0 mm" in refused(positions)


def test_a_body_without_sides_is_refused():
    positions = swinging()
    positions[..., 0] = 0
    assert "left_hip and right_hip 0.0 mm apart" in refused(positions)


def test_positions_far_from_the_origin_are_refused():
    assert "within 1000 m" in refused(swinging() + 2000)


def test_a_cut_is_accepted_and_a_body_that_is_everywhere_is_refused():
    positions = swinging()
    positions[30:] += np.array([11.0, 0, 0], np.float32)
    as_motion(positions)
    positions[40::2] += np.array([11.0, 0, 0], np.float32)
    assert "from frame" in refused(positions) and "must stay below 100 m/s" in refused(positions)


@pytest.mark.parametrize("shape", [(60, 24, 3), (60, 66), (60, 251), (263, 60), (2, 60, 22, 3), (22, 3), ()])
def test_arrays_of_other_shapes_are_refused(shape: tuple[int, ...]):
    assert f"has shape {shape}; must be" in refused(np.zeros(shape))


@pytest.mark.parametrize("dtype", [complex, "U5", bool, object])
def test_arrays_that_do_not_hold_numbers_are_refused(dtype: type):
    assert "must hold real numbers" in refused(np.zeros((60, 22, 3)).astype(dtype))
    assert "must hold real numbers" in refused(np.zeros((60, 263)).astype(dtype))


@pytest.mark.parametrize("sample", [None, [[1.0]], "walk.npy"])
def test_objects_that_are_neither_motion_nor_array_are_refused(sample: object):
    assert "must be a Motion or a numpy array" in refused(sample)  # type: ignore[arg-type]


def test_features_are_converted_to_their_motion():
    features = positions_to_features(swinging())
    motion = features_to_motion(features, caption="walks", name="a")
    assert (len(motion), motion.fps, motion.caption, motion.name) == (59, 20.0, "walks", "a")
    np.testing.assert_allclose(motion.positions[:, 0, 2], np.arange(59) * 0.05, atol=1e-5)


def test_normalized_features_are_refused(data_dir: Path):
    clips = [positions_to_features(motion.positions) for motion in read_packed(data_dir / "train.npz")]
    mean, std = mean_std(clips)
    for features in clips:
        assert "un-normalised (x * Std + Mean)" in refused((features - mean) / std)


@pytest.mark.parametrize("scale", [0, 1e-3, 0.02, 0.1, 0.3, 1.0, 30.0])
def test_random_features_are_refused(scale: float):
    noise = np.random.default_rng(0)
    for array in (noise.normal(0, scale, (60, 263)), noise.uniform(0, scale, (60, 263)), np.full((60, 263), scale)):
        assert refused(array).startswith("features: ")


def test_shuffled_features_are_refused():
    features = positions_to_features(swinging())
    assert refused(features[:, np.random.default_rng(0).permutation(263)]).startswith("features: ")


def test_features_that_are_not_finite_are_named_by_row_and_column():
    features = positions_to_features(swinging())
    features[5, 7] = np.nan
    assert refused(features) == "features: is nan at row 5, column 7; must be finite"
    assert refused(features[:2]) == f"features: has 2 frames; must have from 4 to {MAX_MOTION_FRAMES}"


def test_the_field_of_an_error_can_get_a_prefix():
    with pytest.raises(InvalidInput) as caught:
        check_motion(replace(Motion(swinging()), fps=0.0))
    assert caught.value.within("motions[3]").violations[0].field == "motions[3].fps"
