"""Which way is up and which side is left, found from motions alone."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from swaying_body import sway

from motion.formats.files import read_file
from motion.motion_set import MotionSet
from motion.orientation import Axis, UpAxis, find_up, sides_are_exchanged, turn_from_y, turn_to_y
from motion.shell.assets import asset_path
from motion.skeleton import MIRROR

AXES = get_args(Axis)


@pytest.fixture(scope="module")
def shipped() -> MotionSet:
    return read_file(asset_path("motions/default.npz")).motions


@pytest.mark.parametrize("axis", AXES)
def test_turns_are_proper_rotations_that_keep_every_digit(axis: Axis) -> None:
    positions = sway().positions
    turned = turn_from_y(positions, axis)
    np.testing.assert_array_equal(turn_to_y(turned, axis), positions)
    basis = turn_to_y(np.eye(3), axis)
    assert np.linalg.det(basis) == pytest.approx(1)
    up = np.zeros(3)
    up["xyz".index(axis[-1])] = -1 if axis.startswith("-") else 1
    np.testing.assert_array_equal(turn_to_y(up, axis), (0, 1, 0))


def test_the_axis_of_most_motions_is_found_and_never_a_wrong_one(shipped: MotionSet) -> None:
    for axis in AXES:
        found = [find_up(turn_from_y(motion.positions, axis)) for motion in shipped]
        assert all(each.axis in (axis, "y") for each in found if each.certain)
        assert np.mean([each == UpAxis(axis, True) for each in found]) > 0.7


def test_a_body_that_lies_with_y_up_is_not_turned() -> None:
    standing = sway(60).positions
    for axis in ("x", "-x", "z", "-z"):
        lying = turn_from_y(standing, axis)
        lying[..., 1] -= lying[..., 1].min() - 0.02
        assert not find_up(lying).certain


def test_a_handstand_is_not_turned() -> None:
    positions = sway(60).positions.astype(np.float64)
    positions[:, [18, 19], 1], positions[:, [20, 21], 1] = 1.6, 1.85  # arms beside the head
    assert find_up(turn_from_y(positions, "-y")) == UpAxis("-y", False)
    assert find_up(turn_from_y(sway(60).positions, "-y")) == UpAxis("-y", True)


def test_motions_that_ship_have_their_left_on_the_left_and_their_images_do_not(shipped: MotionSet) -> None:
    for motion in shipped:
        assert not sides_are_exchanged(motion.positions), motion.name
        assert sides_are_exchanged(motion.positions * (-1, 1, 1)), motion.name
        assert sides_are_exchanged(turn_from_y(motion.positions[:, MIRROR], "z")), motion.name


def test_without_toes_the_knees_say_which_side_is_left(shipped: MotionSet) -> None:
    positions = shipped.motions[0].positions.copy()
    positions[:, [10, 11]] = positions[:, [7, 8]]
    assert not sides_are_exchanged(positions)
    bent = positions.copy()
    bent[:, [4, 5], 2] += 0.2
    assert sides_are_exchanged(bent * (1, 1, -1)) and not sides_are_exchanged(bent)
