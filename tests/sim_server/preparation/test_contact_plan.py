"""What does not fall is carried: it is brought to the floor where it hovers, and left in the air where it flies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from postures import resting

from motion import kinematics
from motion.formats.packed import read_packed
from motion.physics import GRAVITY_M_S2
from motion.synthesis import synthesize
from sim_server.body.contact_points import sole_heights
from sim_server.body.humanoid import CONTROL_FPS
from sim_server.preparation import PreparedMotion, prepare
from sim_server.preparation.body_surface import BodySurface
from sim_server.preparation.contact_plan import (
    choose_carrying_feet,
    plan_height_shift,
    surely_supported,
    vertical_support,
)
from sim_server.preparation.denoise import denoise
from sim_server.preparation.drift import drift_path
from sim_server.preparation.floor import estimate_floor, lowest_heights
from sim_server.preparation.foot_contacts import clean_contacts, foot_speeds
from sim_server.preparation.gait_repair import repair_gait

FAR = np.full(60, 1.0)


def soles(prepared: PreparedMotion) -> np.ndarray:
    return sole_heights(prepared.positions, prepared.rotations, prepared.offsets)


def prepare_without_plan(positions: np.ndarray) -> np.ndarray:
    """Return positions of a motion that is prepared without a contact plan."""
    smooth = denoise(positions)
    surface = BodySurface(kinematics.estimate_offsets(smooth))
    floor = estimate_floor(lowest_heights(smooth, surface))[:, None, None] * np.array([0, 1, 0])
    steady = smooth - floor - drift_path(positions - floor)[:, None]
    rotations = kinematics.global_rotations(steady, surface.offsets)
    rigid = kinematics.forward_positions(rotations, steady[:, 0], surface.offsets)
    return clean_contacts(*repair_gait(rigid, rotations, surface.offsets), surface.offsets)[0]


def hovering(metres: float, start: int = 20, stop: int = 36) -> np.ndarray:
    """Return a body that stands, rises over the floor without a jump, and stands again."""
    positions = resting("standing")
    rise = np.interp(np.arange(len(positions)), [start - 10, start, stop, stop + 10], [0, np.pi, np.pi, 0])
    rise = metres * (1 - np.cos(rise)) / 2
    return positions + rise[:, None, None] * (0, 1, 0)


def test_the_floor_carries_all_of_a_body_at_rest_and_nothing_of_one_that_falls():
    time = np.arange(30) / CONTROL_FPS
    np.testing.assert_allclose(vertical_support(np.full(30, 0.9)), 1, atol=1e-9)
    np.testing.assert_allclose(vertical_support(0.9 + 0.4 * time), 1, atol=1e-3)
    falls = vertical_support(3 - GRAVITY_M_S2 / 2 * time**2)
    np.testing.assert_allclose(falls[4:-4], 0, atol=0.02)
    pushed = vertical_support(0.9 + 2.0 / 2 * time**2)
    np.testing.assert_allclose(pushed[4:-4], 1 + 2.0 / GRAVITY_M_S2, atol=0.01)


def test_support_near_a_flight_is_doubtful_but_not_of_a_body_that_never_touches():
    supported = np.zeros(40, bool)
    supported[10:20] = supported[25:35] = True
    touching = np.zeros(40, bool)
    touching[12] = True
    sure = surely_supported(supported, touching)
    assert np.flatnonzero(sure).tolist() == [*range(12, 18), *range(25, 35)]


def test_a_hovering_body_is_lowered_and_a_deep_one_raised_only_where_it_is():
    gap = np.zeros(60)
    gap[20:40] = 0.05
    shift = plan_height_shift(np.column_stack([gap, gap]), FAR, np.ones(60))
    np.testing.assert_allclose(shift[24:36], -0.045, atol=0.004)
    np.testing.assert_allclose(shift[[0, 5, 55, 59]], 0, atol=0.001)
    assert shift.min() > -0.0451 and shift.max() <= 0
    raised = plan_height_shift(np.zeros((60, 2)), np.where(gap > 0, -0.05, 1.0), np.ones(60))
    np.testing.assert_allclose(raised[24:36], 0.04, atol=0.004)
    assert raised.min() >= 0 and raised.max() < 0.0401


def test_a_body_is_raised_out_of_the_floor_even_if_nothing_is_known_of_its_support():
    deep = np.full(60, -0.05)
    np.testing.assert_allclose(plan_height_shift(np.zeros((60, 2)), deep, np.zeros(60)), 0.04, atol=1e-6)


def test_a_body_high_up_is_not_pulled_down():
    height = np.zeros(60)
    height[20:40] = 0.8
    assert not plan_height_shift(np.column_stack([height, height]), FAR, np.ones(60)).any()


def test_the_lower_slower_foot_carries_where_no_other_does():
    feet = np.column_stack([np.full(60, 0.03), np.full(60, 0.06)])
    speed = np.full((60, 2), 0.3)
    chosen = choose_carrying_feet(feet, speed, feet, FAR, np.ones(60))
    assert chosen[:, 0].all() and not chosen[:, 1].any()
    assert not choose_carrying_feet(feet, speed, feet, FAR, np.zeros(60)).any()  # it falls
    assert not choose_carrying_feet(feet, speed, np.zeros((60, 2)), FAR, np.ones(60)).any()  # its feet stand
    assert not choose_carrying_feet(feet, speed, feet, 0 * FAR, np.ones(60)).any()  # it lies
    assert not choose_carrying_feet(feet, 5 * speed, feet, FAR, np.ones(60)).any()  # its feet are too fast
    assert not choose_carrying_feet(4 * feet, speed, 4 * feet, FAR, np.ones(60)).any()  # and here too high


@pytest.mark.parametrize("metres", [0.06, 0.15])
def test_a_stance_that_hovers_comes_down(metres: float):
    assert soles(prepare(hovering(metres))).min(1)[20:36].max() < 0.015
    without = prepare_without_plan(hovering(metres))
    assert without[20:36, [10, 11], 1].min() > 0.03


def test_a_jump_stays_in_the_air():
    for motion in synthesize(3, 4, actions=["jump"]):
        positions = motion.positions.astype(np.float64)
        before = prepare_without_plan(positions)[..., 1].min(1)
        after = prepare(positions).positions[..., 1].min(1)
        assert before.max() > 0.08
        assert after.max() > before.max() - 0.01
        assert (after > 0.05).sum() >= (before > 0.05).sum() - 1


def test_a_motion_that_needs_no_plan_comes_through_bit_for_bit():
    for action in ("walk", "idle", "wave", "squat"):
        for motion in synthesize(2, 1, actions=[action]):
            positions = motion.positions.astype(np.float64)
            assert np.array_equal(prepare(positions).positions, prepare_without_plan(positions)), action


def test_real_motion_hardly_changes_and_runs_keep_their_flights(data_dir: Path):
    clips = list(read_packed(data_dir / "generalisation"))
    clips = [*clips[::12], *(clip for clip in clips if "run" in str(clip.name))][:24]
    same, flights = 0, np.zeros(2)
    for clip in clips:
        positions = clip.positions.astype(np.float64)
        before, after = prepare_without_plan(positions), prepare(positions).positions
        same += np.array_equal(before, after)
        flights += [(each[:, [7, 8, 10, 11], 1].min(1) > 0.04).sum() for each in (before, after)]
    assert same >= 0.6 * len(clips)
    assert flights[1] > 0.95 * flights[0]


@pytest.mark.parametrize("kind", ["hovering", "all fours", "handstand"])
def test_preparation_is_equivariant_to_a_turn_about_the_vertical_and_a_shift(kind: str):
    positions = hovering(0.1) if kind == "hovering" else resting(kind)
    angle = 0.7
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    moved = prepare(positions @ turn.T + (2.0, 0.3, -1.0)).positions
    np.testing.assert_allclose(moved, prepare(positions).positions @ turn.T + (2.0, 0, -1.0), atol=1e-6)


def test_bones_keep_their_lengths_and_rotations_agree_with_positions():
    for positions in (hovering(0.1), resting("all fours"), resting("lying")):
        prepared = prepare(positions)
        joints = kinematics.forward_positions(prepared.rotations, prepared.positions[:, 0], prepared.offsets)
        np.testing.assert_allclose(joints, prepared.positions, atol=1e-6)


def test_no_plan_is_made_under_noise():
    noisy = hovering(0.1) + np.random.default_rng(0).normal(0, 0.012, (60, 22, 3))
    prepared = prepare(noisy)
    assert prepared.noisy
    assert not any("foot" in note or "lowered by up to" in note for note in (each.text for each in prepared.notes))


def test_a_foot_that_must_carry_is_planted():
    positions = resting("standing", 40) + np.array([0, 0.28 + 0.025, 0])
    offsets = kinematics.estimate_offsets(positions)
    rotations = kinematics.global_rotations(positions, offsets)
    steps = np.zeros((40, 1, 3))
    steps[:, 0, 2] = 0.02 * np.arange(40)  # 0.4 m/s: too fast for a foot that stands
    moving = kinematics.forward_positions(rotations, positions[:, 0], offsets) + steps
    carrying = np.zeros((40, 2), bool)
    carrying[15:25, 0] = True
    height = sole_heights(*clean_contacts(moving, rotations, offsets, carrying=carrying), offsets)
    assert np.abs(height[16:24, 0]).max() < 0.012
    assert foot_speeds(moving)[..., 0].min() > 0.3
