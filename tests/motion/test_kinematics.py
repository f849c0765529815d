"""Forward kinematics inverts inverse kinematics, also for bodies that are rotated or mirrored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motion import rotation
from motion.formats.packed import read_packed
from motion.kinematics import (
    REST_OFFSETS,
    estimate_offsets,
    forward,
    forward_rotations,
    global_rotations,
    local_rotations,
    planted_foot_slope,
    rigid_alignment,
)
from motion.skeleton import JOINT, PARENTS, bone_lengths, mirrored


@pytest.fixture(scope="module")
def posed() -> np.ndarray:
    """Return a body with `REST_OFFSETS` that moves smoothly at random."""
    rng = np.random.default_rng(2)
    time = np.arange(60)[:, None, None] / 20
    local = rotation.exp(rng.normal(0, 0.25, (22, 3)) * np.sin(rng.uniform(1, 3, (22, 3)) * time))
    root = np.stack([0.5 * time[:, 0, 0], 1 + 0.05 * np.sin(time[:, 0, 0]), 0 * time[:, 0, 0]], -1)
    return forward(local, root, REST_OFFSETS)


def rebuilt(positions: np.ndarray) -> np.ndarray:
    offsets = estimate_offsets(positions)
    local = local_rotations(global_rotations(positions, offsets))
    return forward(local, positions[:, 0], offsets)


def test_a_rigid_body_is_rebuilt_exactly(posed: np.ndarray) -> None:
    assert np.abs(rebuilt(posed) - posed).max() < 1e-6


def test_real_clips_are_rebuilt_closely(data_dir: Path) -> None:
    """Mocap on a rigid skeleton is exact to 0.1 mm; the torsos of real subjects bend, by up to centimetres."""
    for name, limit in (("generalisation", 1e-4), ("test", 0.02)):
        for motion in list(read_packed(data_dir / name))[::8]:
            positions = motion.positions.astype(np.float64)
            assert np.linalg.norm(rebuilt(positions) - positions, axis=-1).mean() < limit, motion.name


def test_bones_keep_their_length(posed: np.ndarray) -> None:
    lengths = bone_lengths(rebuilt(posed))
    assert np.ptp(lengths, axis=0).max() < 1e-9


def test_rotating_the_body_rotates_its_joint_rotations(posed: np.ndarray) -> None:
    turn = rotation.about_y(np.array(1.1))
    turned = rotation.rotate(turn, posed) + (3, 0, -2)
    before, after = (global_rotations(p, estimate_offsets(posed)) for p in (posed, turned))
    apart = rotation.multiply(rotation.conjugate(rotation.multiply(turn, before)), after)
    # Feet are levelled by heights only, so that their rotations rotate along as well.
    assert np.linalg.norm(rotation.log(apart), axis=-1).max() < 1e-6


def test_a_mirrored_body_is_rebuilt_exactly(posed: np.ndarray) -> None:
    assert np.abs(mirrored(mirrored(posed)) - posed).max() == 0
    assert np.abs(rebuilt(mirrored(posed)) - mirrored(posed)).max() < 1e-6


def test_forward_rotations_inverts_local_rotations() -> None:
    rotations = rotation.normalized(np.random.default_rng(0).normal(size=(5, 22, 4)))
    again = forward_rotations(local_rotations(rotations))
    assert np.abs(np.abs((again * rotations).sum(-1)) - 1).max() < 1e-12


@pytest.mark.parametrize("slope", [-0.3, -0.85])
def test_the_slope_of_a_planted_foot_is_measured_although_heels_are_up_half_of_the_time(slope: float) -> None:
    positions = np.tile(forward(np.tile([1.0, 0, 0, 0], (22, 1)), np.array([0, 0.95, 0]), REST_OFFSETS), (40, 1, 1))
    for side in ("left", "right"):
        ankle, toe = JOINT[f"{side}_ankle"], JOINT[f"{side}_foot"]
        positions[:, toe] = positions[:, ankle] + (0, slope * 0.12, 0.12)
    # Half of the time the heels are up.
    positions[20:, [7, 8], 1] += 0.03
    assert planted_foot_slope(positions) == pytest.approx(slope, abs=0.02)


def test_rigid_alignment_finds_the_rotation() -> None:
    rng = np.random.default_rng(1)
    template = rng.normal(size=(3, 3))
    matrices = rotation.to_matrix(rotation.normalized(rng.normal(size=(10, 4))))
    found = rigid_alignment(template, template @ np.swapaxes(matrices, -1, -2))
    np.testing.assert_allclose(found, matrices, atol=1e-9)


def test_parents_come_before_children() -> None:
    assert all(parent < joint for joint, parent in enumerate(PARENTS))
