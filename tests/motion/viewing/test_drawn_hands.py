"""Hands are drawn on the floor instead of through it, and are otherwise as they were."""

from __future__ import annotations

import numpy as np
import pytest
from swaying_body import sway

from motion import rotation
from motion.formats.scenes.body_shapes import body_shapes, triangulate
from motion.skeleton import JOINT
from motion.viewing.drawn_hands import hands_on_floor
from motion.viewing.figure_data import SOLE_M, body_pose

WRISTS = [JOINT["left_wrist"], JOINT["right_wrist"]]
STANDING = sway(10).positions.astype(np.float64)


def turned(degrees: float, height: float) -> np.ndarray:
    """Return a standing motion that is turned forward about the x axis, with its lowest wrist at a height [m]."""
    half = np.radians(degrees) / 2
    positions = rotation.rotate(np.array([np.cos(half), np.sin(half), 0.0, 0.0]), STANDING)
    return positions - (0, positions[:, WRISTS, 1].min() - height, 0)


def lowest_of_hands(positions: np.ndarray, rotations: np.ndarray, offsets: np.ndarray) -> float:
    shapes = body_shapes(offsets)
    return min(
        float((positions[:, wrist, None] + rotation.rotate(rotations[:, wrist, None], corner[None]))[..., 1].min())
        for wrist in WRISTS
        for corner in [triangulate(shapes[wrist])[0]]
    )


@pytest.mark.parametrize("degrees", [0, 30, 60, 180])
def test_a_hand_that_pointed_into_the_floor_lies_on_it(degrees: float) -> None:
    positions = turned(degrees, 0.04)
    offsets, rotations = body_pose(positions)
    laid = hands_on_floor(positions, rotations, offsets, -SOLE_M)
    before, after = (lowest_of_hands(positions, each, offsets) for each in (rotations, laid))
    assert after > -SOLE_M - 0.005, "nothing of a hand is marked as sunk"
    assert after >= before - 1e-6
    others = [joint for joint in range(22) if joint not in WRISTS]
    np.testing.assert_array_equal(laid[:, others], rotations[:, others])


def test_a_hand_that_is_over_the_floor_stays_as_it_was() -> None:
    offsets, rotations = body_pose(STANDING)
    np.testing.assert_array_equal(hands_on_floor(STANDING, rotations, offsets, -SOLE_M), rotations)


def test_hands_turn_with_the_motion() -> None:
    positions = turned(30, 0.04)
    turn = np.array([np.cos(0.6), 0.0, np.sin(0.6), 0.0])
    offsets, rotations = body_pose(positions)
    laid = hands_on_floor(positions, rotations, offsets)
    again = hands_on_floor(rotation.rotate(turn, positions), rotation.multiply(turn, rotations), offsets)
    expected = rotation.multiply(turn, laid)
    assert np.abs(np.sum(again * expected, axis=-1)).min() == pytest.approx(1, abs=1e-6)
