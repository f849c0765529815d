"""Laws of the 263 features: what they preserve of a motion and what they ignore."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from motion import rotation
from motion.errors import InvalidInput
from motion.formats.packed import read_packed
from motion.humanml3d import features as humanml3d
from motion.humanml3d import features_to_positions, positions_to_features, uniform_skeleton
from motion.kinematics import REST_OFFSETS
from motion.skeleton import JOINT, PARENTS, bone_lengths

OFFSETS = uniform_skeleton.REST_DIRECTIONS * np.linalg.norm(REST_OFFSETS, axis=-1, keepdims=True)


def turning_walk(frames: int = 80, turned: float = 1.5, seed: int = 0) -> np.ndarray:
    """Return a body with rigid bones that walks a curve while each bone sways about its rest direction."""
    generator = np.random.default_rng(seed)
    time_, phase = np.arange(frames)[:, None, None] * 0.15, generator.uniform(0, 6, (1, 21, 3))
    sway = rotation.exp(generator.uniform(0.05, 0.4, (1, 21, 3)) * np.sin(time_ + phase))
    heading = rotation.about_y(np.linspace(0, turned, frames))
    bones = rotation.rotate(heading[:, None], rotation.rotate(sway, OFFSETS[None, 1:]))
    steps = rotation.rotate(heading, np.tile([0.01, 0.0, 0.06], (frames, 1)))
    root = np.cumsum(steps, axis=0) + np.array([0.4, 0.95, -0.7]) + 0.02 * np.sin(time_[:, 0]) * np.array([0, 1, 0])
    return uniform_skeleton.positions_from_bones(root, bones)


def moved(positions: np.ndarray, angle: float, by: tuple[float, float, float]) -> np.ndarray:
    return rotation.rotate(rotation.about_y(np.array(angle)), positions) + np.array(by)


def turns_back(positions: np.ndarray) -> bool:
    """Return whether the smoothed heading crosses 180 degrees, where one yaw speed has the wrong sign."""
    heading = uniform_skeleton.heading_rotations(positions, smooth=True)
    return bool(((heading[1:] * heading[:-1]).sum(-1) < 0).any())


def test_blocks_cover_every_column_once():
    columns = [column for block in humanml3d.BLOCKS for column in range(humanml3d.NUM_FEATURES)[block]]
    assert columns == list(range(263))


def test_features_of_a_motion_recover_its_canonical_form():
    positions = turning_walk()
    features = positions_to_features(positions)
    assert features.shape == (79, 263) and features.dtype == np.float32
    recovered = features_to_positions(features)
    assert recovered.shape == (79, 22, 3) and recovered.dtype == np.float32
    np.testing.assert_allclose(recovered, humanml3d.canonical_positions(positions)[:-1], atol=1e-5)


def test_features_of_real_motion_recover_its_poses(data_dir: Path):
    straight = 0
    for motion in read_packed(data_dir / "test.npz"):
        canonical = humanml3d.canonical_positions(motion.positions.astype(np.float64))
        recovered = features_to_positions(positions_to_features(motion.positions))
        # Poses are recovered even where the recovered path bends.
        np.testing.assert_allclose(bone_lengths(recovered), bone_lengths(canonical)[:-1], atol=1e-5)
        np.testing.assert_allclose(recovered[..., 1], canonical[:-1, :, 1], atol=1e-5)
        if not turns_back(canonical):
            straight += 1
            np.testing.assert_allclose(recovered, canonical[:-1], atol=2e-5)
    assert straight > 10


def test_features_of_recovered_positions_are_the_same_again():
    features = positions_to_features(turning_walk(140))
    again = positions_to_features(features_to_positions(features))
    # The features have one frame less, which influences the filtered heading within its reach of 80 frames.
    np.testing.assert_allclose(again[:50, :259], features[:50, :259], atol=2e-5)


@pytest.mark.parametrize(("angle", "by"), [(2.5, (0.0, 0.0, 0.0)), (0.0, (4.0, 0.3, -9.0)), (-1.2, (-3.0, -1.0, 2.0))])
def test_features_do_not_depend_on_heading_place_and_floor_height(angle: float, by: tuple[float, float, float]):
    positions = turning_walk()
    features = positions_to_features(positions)
    np.testing.assert_allclose(positions_to_features(moved(positions, angle, by)), features, atol=1e-5)


def test_canonical_positions_start_at_the_origin_facing_ahead():
    positions = moved(turning_walk(), 2.0, (3.0, 0.5, 1.0))
    canonical = humanml3d.canonical_positions(positions)
    assert canonical[..., 1].min() == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(canonical[0, 0, [0, 2]], 0, atol=1e-12)
    np.testing.assert_allclose(uniform_skeleton.facing(canonical[0]), [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(humanml3d.canonical_positions(canonical), canonical, atol=1e-12)
    np.testing.assert_allclose(
        np.linalg.norm(canonical[:, 5] - canonical[:1, 9], axis=-1),
        np.linalg.norm(positions[:, 5] - positions[:1, 9], axis=-1),
    )


def test_recovery_from_rotations_and_from_positions_agree():
    positions = turning_walk()
    features = positions_to_features(positions)
    by_rotations = humanml3d.recover_from_rot(features, uniform_skeleton.measured_offsets(positions[0]))
    np.testing.assert_allclose(by_rotations, humanml3d.recover_from_ric(features), atol=1e-5)


def test_target_offsets_change_bone_lengths_and_keep_directions():
    positions, target = turning_walk(), OFFSETS * np.linspace(0.8, 1.3, 22)[:, None]
    uniform = uniform_skeleton.uniform_positions(positions, target)
    wanted = np.tile(np.linalg.norm(target[1:], axis=-1), (len(positions), 1))
    np.testing.assert_allclose(bone_lengths(uniform), wanted, atol=1e-12)
    for motion in (positions, uniform):
        motion[:] -= motion[:, PARENTS]
    np.testing.assert_allclose(rotation.normalized(uniform[:, 1:]), rotation.normalized(positions[:, 1:]), atol=1e-12)


def test_transfer_to_its_own_offsets_does_not_change_a_rigid_body():
    positions = turning_walk()
    own = uniform_skeleton.measured_offsets(positions[40])
    np.testing.assert_allclose(positions_to_features(positions, own), positions_to_features(positions), atol=1e-6)


def test_uniform_positions_equal_inverse_followed_by_forward_kinematics():
    positions, target = turning_walk(), OFFSETS * 1.1
    rotations = uniform_skeleton.inverse_kinematics(positions)
    root = positions[:, 0] * uniform_skeleton.scale_ratio(positions, target)
    np.testing.assert_allclose(
        uniform_skeleton.forward_kinematics(rotation.to_matrix(rotations), root, target),
        uniform_skeleton.uniform_positions(positions, target),
        atol=1e-12,
    )


def test_rotation_columns_are_inverted_by_columns_to_matrices():
    rotations = rotation.normalized(np.random.default_rng(0).normal(size=(50, 4)))
    columns = humanml3d.rotation_columns(rotations)
    np.testing.assert_allclose(humanml3d.columns_to_matrices(columns), rotation.to_matrix(rotations), atol=1e-12)
    matrices = humanml3d.columns_to_matrices(columns + np.random.default_rng(1).normal(0, 0.2, columns.shape))
    np.testing.assert_allclose(matrices @ np.swapaxes(matrices, -1, -2), np.tile(np.eye(3), (50, 1, 1)), atol=1e-12)


def test_yaw_speed_is_half_the_negative_rotation_angle():
    turned = 0.04
    heading = rotation.about_y(-turned * np.arange(20))  # world to body
    np.testing.assert_allclose(humanml3d.yaw_speed(heading), np.full(19, -turned / 2), atol=1e-12)


def test_contact_depends_on_the_step_and_not_on_the_height():
    positions = np.repeat(turning_walk(1), 3, axis=0)
    positions[1:, JOINT["left_ankle"], 2] += 0.05
    positions[2, JOINT["right_foot"], 1] += 0.04
    np.testing.assert_array_equal(humanml3d.contacts(positions), [[0, 1, 1, 1], [1, 1, 1, 1]])


def test_features_of_raised_arms_and_coinciding_joints_are_finite():
    positions = turning_walk()
    for arm in ((16, 18, 20), (17, 19, 21)):
        for parent, joint in pairwise(arm):
            positions[:, joint] = positions[:, parent] + [0, 0.25, 0]
    positions[:, 15] = positions[:, 12]
    assert np.isfinite(positions_to_features(positions)).all()
    assert np.isfinite(positions_to_features(np.zeros((4, 22, 3)))).all()


@pytest.mark.parametrize("frames", [2, 3])
def test_features_of_the_shortest_motions_are_finite(frames: int):
    assert positions_to_features(turning_walk(frames)).shape == (frames - 1, 263)


def test_mean_std_averages_the_deviation_within_blocks():
    clips = [positions_to_features(turning_walk(seed=seed)) for seed in range(3)]
    mean, std = humanml3d.mean_std(clips)
    np.testing.assert_allclose(mean, np.concatenate(clips).mean(0), atol=1e-5)
    for block in humanml3d.BLOCKS:
        assert np.ptp(std[block]) == 0
        assert std[block][0] == pytest.approx(np.concatenate(clips).astype(float).std(0)[block].mean(), rel=1e-5)


@pytest.mark.parametrize("shape", [(1, 22, 3), (0, 22, 3), (50, 21, 3), (50, 66)])
def test_positions_of_another_shape_are_refused(shape: tuple[int, ...]):
    with pytest.raises(InvalidInput, match="positions"):
        positions_to_features(np.zeros(shape))


def test_features_of_another_shape_are_refused():
    with pytest.raises(InvalidInput, match=r"shape \(50, 251\); must be \(frames, 263\)"):
        features_to_positions(np.zeros((50, 251)))
    with pytest.raises(InvalidInput, match="features"):
        humanml3d.mean_std([])


def test_196_frames_take_milliseconds():
    positions = turning_walk(196)
    seconds = []
    for _ in range(10):
        start = time.perf_counter()
        features_to_positions(positions_to_features(positions, OFFSETS))
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.05
