"""Who sits on what is not there stands on feet under the body."""

from __future__ import annotations

import numpy as np
import pytest
from postures import about, resting

from motion import kinematics, rotation
from motion.physics import GRAVITY_M_S2
from motion.skeleton import ANKLES, LEGS, TOES
from motion.synthesis import synthesize
from sim_server.body.humanoid import CONTROL_FPS
from sim_server.preparation import prepare
from sim_server.preparation.body_surface import BodySurface
from sim_server.preparation.missing_seat import plan_footprints, sitting_frames, zero_moment_points

_ABOVE_THE_FEET = [0, 1, 2, 3, 6, 9, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]
_UP = np.array([0.0, 1.0, 0.0])


def sits(positions: np.ndarray) -> np.ndarray:
    """Return the frames in which a body over its floor sits on what is not there."""
    surface = BodySurface(kinematics.estimate_offsets(positions))
    rotations = kinematics.global_rotations(positions, surface.offsets)
    body = surface.heights(positions, rotations).min(1)
    return sitting_frames(positions, surface.centre(positions, rotations), body)


def on_a_chair(frames: int = 60) -> np.ndarray:
    """Return a body that sits on a chair with its feet on the floor."""
    positions = resting("sitting on a chair", frames)
    return positions - positions[0, TOES, 1].min() * _UP


def swinging_legs(frames: int = 80) -> np.ndarray:
    """Return a body on a high chair whose shins swing by 30 degrees, once a second."""
    positions = on_a_chair(frames) + 0.2 * _UP
    for frame, angle in enumerate(-30 * np.sin(2 * np.pi * np.arange(frames) / CONTROL_FPS)):
        for _, knee, *foot in LEGS:
            around = positions[frame, knee]
            positions[frame, foot] = around + rotation.rotate(about(0, angle), positions[frame, foot] - around)
    return positions


def feet_around_centre(positions: np.ndarray) -> np.ndarray:
    """Return how far the centre of mass is before the ankles and behind the toes, (frames, 2) along z [m]."""
    surface = BodySurface(kinematics.estimate_offsets(positions))
    centre = surface.centre(positions, kinematics.global_rotations(positions, surface.offsets))[:, 2]
    return np.stack(
        [centre - positions[:, ANKLES, 2].max(1), positions[:, TOES, 2].min(1) - centre],
        axis=1,
    )


@pytest.mark.parametrize(
    "posture", ["standing", "lying", "lying with the legs up", "sitting on the floor", "all fours", "handstand"]
)
def test_a_body_that_something_carries_does_not_sit(posture: str):
    positions = resting(posture)
    surface = BodySurface(kinematics.estimate_offsets(positions))
    rotations = kinematics.global_rotations(positions, surface.offsets)
    lowest = min(positions[0, TOES, 1].min(), surface.heights(positions, rotations).min())
    assert not sits(positions - lowest * _UP).any()


def test_a_squat_over_its_feet_is_no_seat():
    for motion in synthesize(4, 3, actions=["squat", "walk", "jump", "idle"]):
        assert not sits(motion.positions.astype(np.float64)).any(), motion.caption


def test_feet_are_put_under_who_sits_on_a_chair():
    chair = on_a_chair()
    assert sits(chair).all() and feet_around_centre(chair)[:, 0].max() < -0.1
    prepared = prepare(chair)
    moved = prepared.positions[:, _ABOVE_THE_FEET] - chair[:, _ABOVE_THE_FEET]
    assert np.linalg.norm(moved - moved[0, 0], axis=-1).max() < 0.01
    assert feet_around_centre(prepared.positions).min() > 0.02
    assert np.abs(prepared.positions[:, TOES, 1]).max() < 0.005
    (note,) = [each.tell() for each in prepared.notes]
    assert note.startswith("nothing carries the body from 0.0 to 3.0 s") and "put on the floor under it" in note


def test_legs_that_dangle_carry_nobody_away():
    given = swinging_legs()
    prepared = prepare(given)
    assert np.linalg.norm((prepared.positions[:, 0] - given[:, 0])[:, [0, 2]], axis=-1).max() < 0.05
    assert feet_around_centre(prepared.positions).min() > 0.0
    assert np.ptp(prepared.positions[:, TOES], axis=0).max() < 0.01
    assert not any("slid" in note.text for note in prepared.notes)


def test_the_floor_is_where_the_feet_were_before_they_dangled():
    standing = resting("standing", 30)
    standing -= standing[0, TOES, 1].min() * _UP
    seat = swinging_legs(60)
    sit_down = np.linspace(0, 1, 12)[:, None, None]
    positions = np.concatenate([standing, (1 - sit_down) * standing[:1] + sit_down * seat[:1], seat])
    prepared = prepare(positions)
    height = prepared.positions[50:, 0, 1].mean() - seat[:, 0, 1].mean()
    assert abs(height) < 0.03
    assert not any("levels" in note.text for note in prepared.notes)
    before = slice(0, 20)
    assert np.linalg.norm(prepared.positions[before] - positions[before], axis=-1).max() < 0.04


def test_a_seat_that_moves_is_told_and_left():
    chair = on_a_chair()
    chair[..., 2] += 0.5 * np.arange(len(chair))[:, None] / CONTROL_FPS
    chair[..., 2] += 0.3 * np.sin(np.arange(len(chair)) / 8)[:, None]
    notes = [note.text for note in prepare(chair).notes if "nothing carries" in note.text]
    assert notes and all("left as it is" in note for note in notes)


def test_feet_are_put_under_a_body_however_it_is_turned():
    given = swinging_legs()
    turn = about(1, 70)
    turned = prepare(rotation.rotate(turn, given)).positions
    assert np.abs(turned - rotation.rotate(turn, prepare(given).positions)).max() < 0.02


def test_the_zero_moment_point_leans_against_the_acceleration():
    time = np.arange(60) / CONTROL_FPS
    still = np.tile([0.3, 0.9, -0.2], (60, 1))
    assert np.allclose(zero_moment_points(still), [0.3, -0.2])
    faster = still + 0.5 * 0.8 * time[:, None] ** 2 * (1, 0, 0)
    middle = slice(20, 40)
    lag = faster[middle, 0] - zero_moment_points(faster)[middle, 0]
    assert np.allclose(lag, 0.9 * 0.8 / GRAVITY_M_S2, atol=0.005)


@pytest.mark.parametrize("noise_m", [0.0, 0.01])
def test_who_sits_down_and_gets_up_stands_on_feet_that_step(noise_m: float):
    standing = resting("standing", 30)
    standing -= standing[0, TOES, 1].min() * _UP
    seat = on_a_chair(50) - (0.0, 0.0, 0.4)
    share = np.linspace(0, 1, 16)[:, None, None]
    down = (1 - share) * standing[:1] + share * seat[:1]
    given = np.concatenate([standing, down, seat, down[::-1], standing])
    prepared = prepare(given + np.random.default_rng(0).normal(0, noise_m, given.shape))
    assert feet_around_centre(prepared.positions[52:90]).min() > 0.0
    told = [note.tell() for note in prepared.notes if "nothing carries" in note.text]
    assert len(told) == 1 and "put on the floor under it" in told[0]
    assert np.linalg.norm(prepared.positions[:25] - given[:25], axis=-1).mean() < 0.04
    assert prepared.positions[:, TOES, 1].min() > -0.03


def test_a_body_that_circles_around_its_place_has_no_footprints() -> None:
    turn = np.linspace(0, 4 * np.pi, 120)
    centre = np.stack([np.cos(turn), np.full(120, 0.6), np.sin(turn)], -1)
    upright = np.tile([1.0, 0, 0, 0], (120, 22, 1))
    assert plan_footprints(np.zeros((120, 22, 3)), upright, np.zeros((22, 3)), centre, np.ones(120, bool)) == []
