"""Feet are given to bodies whose toes lie at the ankles, and no joint at its parent's place breaks the kinematics."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from swaying_body import sway, swaying

from motion import kinematics
from motion.skeleton import JOINT, PARENTS, TOES, bone_lengths
from motion.toe_placement import place_toes, toes_at_ankles, with_feet


def collapsed(positions: np.ndarray, *joints: str) -> np.ndarray:
    """Move joints, with all below them, to their parents' places."""
    positions = positions.astype(np.float64)
    for name in joints:
        moved = [JOINT[name]]
        for joint, parent in enumerate(PARENTS):
            if parent in moved:
                moved.append(joint)
        positions[:, moved] -= (positions[:, moved[0]] - positions[:, PARENTS[moved[0]]])[:, None]
    return positions


@pytest.mark.parametrize(
    "joints",
    [
        ("spine1",),
        ("spine3",),
        ("neck",),
        ("head",),
        ("left_collar", "right_collar"),
        ("left_shoulder", "right_shoulder"),
        ("left_foot", "right_foot"),
        ("spine1", "spine2", "spine3"),
        ("neck", "head", "left_collar", "right_collar", "left_foot", "right_foot", "spine2"),
    ],
    ids="-".join,
)
def test_joints_at_their_parents_places_are_kept_there(joints: tuple[str, ...]):
    positions = collapsed(swaying().positions, *joints)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        offsets = kinematics.estimate_offsets(positions)
        rotations = kinematics.global_rotations(positions, offsets)
    assert np.isfinite(offsets).all() and np.isfinite(rotations).all()
    rebuilt = kinematics.forward_positions(rotations, positions[:, 0], offsets)
    assert np.linalg.norm(rebuilt - positions, axis=-1).max() < 1e-2


def test_a_chest_without_collars_turns_with_the_shoulders():
    positions = collapsed(swaying().positions, "left_collar", "right_collar")
    rotations = kinematics.global_rotations(positions, kinematics.estimate_offsets(positions))
    turned = 2 * np.arccos(np.clip(np.abs((rotations[1:, 9] * rotations[:-1, 9]).sum(-1)), 0, 1))
    assert turned.max() < 0.2


def test_toes_that_lie_at_the_ankles_are_placed_ahead_of_them():
    positions = sway(frames=24).positions.astype(np.float64)
    assert toes_at_ankles(positions) == () and with_feet(positions) is positions
    bare = collapsed(positions, "left_foot", "right_foot")
    assert toes_at_ankles(bare) == TOES
    feet = with_feet(bare)
    assert np.array_equal(np.delete(feet, TOES, axis=1), np.delete(bare, TOES, axis=1))
    ahead = feet[:, TOES] - bare[:, TOES]
    assert (ahead[..., 2] > 0.08).all() and (ahead[..., 1] < 0).all()
    assert np.ptp(feet[:, TOES, 1]) < 0.01  # both stand


def test_a_placed_foot_moves_with_the_rotations_of_its_ankle():
    motion = swaying()
    offsets = kinematics.estimate_offsets(motion.positions.astype(np.float64))
    rotations = kinematics.global_rotations(motion.positions.astype(np.float64), offsets)
    positions = motion.positions.astype(np.float64)
    place_toes(positions, TOES, {toe: rotations[:, PARENTS[toe]] for toe in TOES})
    lengths = bone_lengths(positions)[:, [toe - 1 for toe in TOES]]
    assert np.ptp(lengths) < 1e-6 and 0.05 < lengths.min() < 0.2
