"""Arms come out of the floor, and hands lie on it."""

from __future__ import annotations

import numpy as np
import pytest
from postures import resting

from motion import kinematics, rotation
from motion.skeleton import ARMS
from motion.synthesis import synthesize
from sim_server.preparation.arm_posture import level_arms
from sim_server.preparation.body_surface import BODY_POINT_PART, BodySurface

HANDS = [index for index, part in enumerate(BODY_POINT_PART) if "hand" in part]


def rigid(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    offsets = kinematics.estimate_offsets(positions)
    rotations = kinematics.global_rotations(positions, offsets)
    return kinematics.forward_positions(rotations, positions[:, 0], offsets), rotations, offsets


@pytest.mark.parametrize("posture", ["all fours", "handstand"])
@pytest.mark.parametrize("wrist_height", [0.0, 0.05, 0.11])
def test_hands_that_point_into_the_floor_lie_on_it(posture: str, wrist_height: float):
    positions = resting(posture, 20)
    positions += (0, wrist_height - positions[:, 20, 1].min(), 0)
    positions, rotations, offsets = rigid(positions)
    surface = BodySurface(offsets)
    assert surface.heights(positions, rotations)[:, HANDS].min() < wrist_height - 0.08
    arms = level_arms(positions, rotations, offsets)
    assert np.abs(surface.heights(arms.positions, arms.rotations)[:, HANDS].min(1)).max() < 0.03
    assert arms.bent.all()
    np.testing.assert_allclose(arms.positions, positions, atol=0.01)  # an arm that is leaned on stays as it is


@pytest.mark.parametrize(("posture", "ahead"), [("all fours", 1.0), ("handstand", 1.0)])
def test_fingers_point_from_the_belly_to_the_head_and_palms_down(posture: str, ahead: float):
    positions = resting(posture, 20)
    positions, rotations, offsets = rigid(positions - (0, positions[:, 20, 1].min() - 0.03, 0))
    arms = level_arms(positions, rotations, offsets)
    for side, (*_, wrist) in zip((1.0, -1.0), ARMS, strict=True):
        hand = arms.rotations[:, wrist]
        assert (ahead * rotation.rotate(hand, np.array([side, 0, 0]))[:, 2] > 0.8).all()
        assert (np.abs(rotation.rotate(hand, np.array([0.0, 1, 0]))[:, 1]) > 0.8).all()


def test_an_arm_that_lies_in_the_floor_is_lifted_out_of_it():
    lying = resting("lying", 20)
    lying -= (0, lying[:, 16, 1].min() - 0.05, 0)
    lying[:, [18, 19, 20, 21], 1] -= 0.08
    positions, rotations, offsets = rigid(lying)
    arms = level_arms(positions, rotations, offsets)
    assert arms.lifted.all()
    assert (arms.positions[:, [18, 19], 1] > positions[:, [18, 19], 1] + 0.02).all()
    joints = kinematics.forward_positions(arms.rotations, arms.positions[:, 0], offsets)
    np.testing.assert_allclose(joints, arms.positions, atol=1e-9)
    legs = [1, 2, 4, 5, 7, 8, 10, 11]
    assert np.array_equal(arms.positions[:, legs], positions[:, legs])


def test_arms_far_from_the_floor_stay_as_they_are():
    for motion in synthesize(2, 1, actions=["walk", "wave"]):
        positions, rotations, offsets = rigid(motion.positions.astype(np.float64))
        arms = level_arms(positions, rotations, offsets)
        assert np.array_equal(arms.positions, positions) and np.array_equal(arms.rotations, rotations)
        assert not arms.lifted.any() and not arms.bent.any()


def test_a_hand_eases_onto_the_floor():
    """The body sinks by 4 mm a frame, and its hands turn by no more than a few degrees a frame."""
    sinking = resting("all fours", 80)
    sinking += np.array([0, 1, 0]) * (0.25 - 0.004 * np.arange(80) - sinking[:, 20, 1])[:, None, None]
    positions, rotations, offsets = rigid(sinking)
    hand = level_arms(positions, rotations, offsets).rotations[:, 20]
    rates = rotation.log(rotation.multiply(rotation.conjugate(hand[:-1]), hand[1:]))
    assert np.degrees(np.linalg.norm(rates, axis=-1)).max() < 25
