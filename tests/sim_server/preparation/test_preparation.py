"""Preparation repairs faults that need no body, and leaves motion without faults alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from blurred_runs import blurred_runs

from motion.formats.packed import read_packed
from motion.metrics import mpjpe_global
from motion.motion import Motion
from motion.skeleton import TOES, bone_lengths
from motion.synthesis import synthesize
from sim_server.body.contact_points import sole_heights
from sim_server.body.leg_ik import shift_feet
from sim_server.evaluation.corruption import corrupt
from sim_server.preparation import prepare
from sim_server.preparation.denoise import denoise, estimate_noise
from sim_server.preparation.drift import drift_velocity


@pytest.fixture(scope="module")
def walks() -> list[Motion]:
    return list(synthesize(6, 1, actions=["walk"]))


def prepared_positions(motion: Motion) -> np.ndarray:
    return prepare(motion.positions.astype(np.float64)).positions


def test_motion_without_faults_is_hardly_changed(walks: list[Motion]) -> None:
    for motion in walks:
        assert mpjpe_global(prepared_positions(motion), motion.positions) < 10


def test_clean_mocap_is_hardly_changed(data_dir: Path) -> None:
    clips = list(read_packed(data_dir / "generalisation"))[::7]
    assert np.mean([mpjpe_global(prepared_positions(clip), clip.positions) for clip in clips]) < 15


@pytest.mark.parametrize("kind", ["sink", "float"])
def test_a_shifted_floor_makes_no_difference(walks: list[Motion], kind: str) -> None:
    for motion in walks:
        np.testing.assert_allclose(prepared_positions(corrupt(motion, kind)), prepared_positions(motion), atol=1e-5)


def test_the_drift_of_a_walk_is_estimated(walks: list[Motion]) -> None:
    for motion in walks:
        positions = motion.positions.astype(np.float64)
        assert not drift_velocity(positions).any()
        carried = positions + 0.3 * (np.arange(len(positions)) / 20)[:, None, None] * (0.6, 0, 0.8)
        np.testing.assert_allclose(drift_velocity(carried), (0.18, 0.24), atol=0.03)


def test_clean_mocap_has_no_drift(data_dir: Path) -> None:
    """A few runs among the clean clips may seem to drift."""
    clips = [*read_packed(data_dir / "generalisation"), *read_packed(data_dir / "test")]
    moved = sum(drift_velocity(clip.positions.astype(np.float64)).any() for clip in clips)
    assert moved <= 0.05 * len(clips)


def test_noise_is_estimated_and_reduced(walks: list[Motion]) -> None:
    for metres in (0.01, 0.02):
        for motion in walks:
            noisy = motion.positions + np.random.default_rng(0).normal(0, metres, motion.positions.shape)
            assert estimate_noise(noisy) == pytest.approx(metres, rel=0.25)
            clean = np.linalg.norm(noisy - motion.positions, axis=-1).mean()
            assert np.linalg.norm(denoise(noisy) - motion.positions, axis=-1).mean() < 0.75 * clean
    for motion in walks:
        assert np.array_equal(denoise(motion.positions), motion.positions)


def test_no_sole_is_left_under_the_floor(walks: list[Motion]) -> None:
    for motion in walks:
        ready = prepare(corrupt(motion, "all").positions.astype(np.float64))
        heights = sole_heights(ready.positions, ready.rotations, ready.offsets)
        assert heights.min() > -0.02
        assert np.percentile(heights, 2) > -0.006


def test_a_blurred_run_that_does_not_fall_stands_on_its_feet() -> None:
    """Feet of a blurred run rest nowhere, but one of them must support a body that does not fall."""
    for _, *runs in blurred_runs(1.5):
        ready = [prepare(positions) for positions in runs]
        still, bouncing = (
            sole_heights(each.positions, each.rotations, each.offsets).min(1)[5:-5].mean() for each in ready
        )
        assert still < 0.7 * bouncing


@pytest.mark.parametrize(("up", "low", "high"), [(0.03, -0.01, 0.015), (0.1, 0.08, 0.13)])
def test_a_foot_on_its_heel_is_turned_down_to_its_toe(up: float, low: float, high: float) -> None:
    """A toe slightly over the floor comes down to it; one that is raised on purpose stays up."""
    (stand,) = synthesize(1, 1, actions=["idle"])
    positions = np.repeat(stand.positions[:1].astype(np.float64), 40, axis=0)
    positions[15:25, TOES, 1] += up
    heights = prepare(positions).positions[17:23][:, TOES, 1]
    assert (heights > low).all() and (heights < high).all()


def test_legs_keep_their_length_when_feet_move(walks: list[Motion]) -> None:
    positions = walks[0].positions.astype(np.float64)
    shifts = np.random.default_rng(1).normal(0, 0.02, (len(positions), 2, 3))
    moved = shift_feet(positions, shifts)
    np.testing.assert_allclose(bone_lengths(moved), bone_lengths(positions), atol=1e-6)
    still = shift_feet(positions, np.zeros_like(shifts))
    assert np.abs(still - positions)[:, [7, 8, 10, 11]].max() < 1e-6
