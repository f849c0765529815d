"""A motion whose skeleton lacks joints, which lie at their parents' places, is prepared and corrected like others."""

from __future__ import annotations

import numpy as np
import pytest
from swaying_body import sway

from motion.skeleton import JOINT, PARENTS
from sim_server.preparation import prepare


@pytest.mark.parametrize(
    "joints",
    [
        ("spine1",),
        ("spine1", "spine2", "spine3"),
        ("left_collar", "right_collar"),
        ("left_foot", "right_foot"),
        ("head",),
    ],
    ids="-".join,
)
def test_a_motion_with_joints_at_their_parents_places_is_prepared(joints: tuple[str, ...]):
    positions = sway(frames=40).positions.astype(np.float64)
    for name in joints:
        positions[:, JOINT[name]] = positions[:, PARENTS[JOINT[name]]]
    prepared = prepare(positions)
    for array in (prepared.positions, prepared.rotations, prepared.offsets):
        assert np.isfinite(array).all()
    kept = [joint for joint in range(22) if joint not in (10, 11)]
    moved = prepared.positions[:, kept] - positions[:, kept]
    moved[..., 1] -= np.median(moved[..., 1])
    assert np.linalg.norm(moved, axis=-1).mean() < 0.03


def test_feet_are_given_to_legs_that_end_at_the_ankles():
    positions = sway(frames=40).positions.astype(np.float64)
    positions[:, [10, 11]] = positions[:, [7, 8]]
    prepared = prepare(positions)
    assert (np.linalg.norm(prepared.offsets[[10, 11]], axis=1) > 0.08).all()
