"""The dynamics filter makes motions easier to carry, and leaves alone what is carried already."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline

from motion import kinematics, rotation
from motion.array_types import FloatArray
from motion.kinematics import REST_OFFSETS
from motion.skeleton import ANKLES, TOES, bone_lengths
from motion.synthesis import synthesize
from sim_server.body import substep_path
from sim_server.body.contact_distribution import WRENCH_WEIGHT, distribute_wrench
from sim_server.body.contact_points import contact_points, lowest_points, sole_heights
from sim_server.body.dynamics_filter import balance_problem, filter_dynamics
from sim_server.body.humanoid import SOLE_M, build_model
from sim_server.body.prepared_motion import PreparedMotion
from sim_server.body.retarget import FOOT_CONTACT_M
from sim_server.body.root_operators import step_samples
from sim_server.body.substep_path import sample_times, smooth_path
from sim_server.control_rate import at_control_rate
from sim_server.preparation import prepare


def prepared(action: str, seed: int = 5) -> PreparedMotion:
    return prepare(at_control_rate(next(iter(synthesize(1, seed, actions=(action,))))))


def filtered(motion: PreparedMotion) -> PreparedMotion:
    return filter_dynamics(motion, build_model(motion.offsets))


def down(motion: PreparedMotion) -> np.ndarray:
    return sole_heights(motion.positions, motion.rotations, motion.offsets) < FOOT_CONTACT_M


def unexplained(motion: PreparedMotion) -> float:
    """Return the mean force that the motion asks for and its contacts cannot give [N]."""
    follow = np.ones((len(motion.positions), 2))
    problem = balance_problem(motion, build_model(motion.offsets), down(motion), follow)
    _, dual = distribute_wrench(problem.matrix, problem.wrench, np.zeros_like(problem.wrench))
    return float(np.linalg.norm(dual[:, :3], axis=-1).mean())


def moved(motion: PreparedMotion, quaternion: FloatArray, by: ArrayLike) -> PreparedMotion:
    """Rotate a motion about the origin and move it."""
    return replace(
        motion,
        positions=rotation.rotate(quaternion, motion.positions) + np.asarray(by),
        rotations=rotation.multiply(np.broadcast_to(quaternion, motion.rotations.shape), motion.rotations),
    )


def rest_pose(frames: int, attitude: FloatArray, lift: float = 0.0) -> PreparedMotion:
    """Return a body that rests in its rest pose, turned to an attitude, at a height over the floor."""
    rotations = np.broadcast_to(attitude, (frames, 22, 4)).copy()
    positions = kinematics.forward_positions(rotations, np.zeros((frames, 3)), REST_OFFSETS)
    points = lowest_points(contact_points(build_model(REST_OFFSETS), REST_OFFSETS), positions, rotations)
    return PreparedMotion(positions - (0, points[..., 1].min() + SOLE_M - lift, 0), rotations, REST_OFFSETS)


def bent_pose(root: FloatArray) -> PreparedMotion:
    """Return a leaning body with bent legs and trunk that keeps its pose along a path of the root (frames, 3)."""
    local = np.tile([1.0, 0, 0, 0], (len(root), 22, 1))
    for joints, turn in (([0], (0.5, 0.3, 0.2)), ([1, 2], (-0.6, 0, 0)), ([4, 5], (1.2, 0, 0)), ([9], (0.5, 0, 0.3))):
        local[:, joints] = rotation.exp(np.array(turn, float))
    rotations = kinematics.forward_rotations(local)
    positions = kinematics.forward_positions(rotations, root, REST_OFFSETS)
    return PreparedMotion(positions, kinematics.update_leg_rotations(rotations, positions, REST_OFFSETS), REST_OFFSETS)


@pytest.mark.parametrize("action", ["walk", "jog", "kick"])
def test_contacts_can_carry_more_of_a_filtered_motion(action: str) -> None:
    motion = prepared(action)
    assert unexplained(filtered(motion)) < 0.85 * unexplained(motion)


@pytest.mark.parametrize("action", ["squat", "wave"])
def test_a_motion_that_is_carried_comes_back_as_it_is(action: str) -> None:
    motion = prepared(action)
    assert filtered(motion) is motion


def test_a_body_that_lies_on_its_back_is_carried_by_its_trunk() -> None:
    lying = rest_pose(20, rotation.exp(np.array([-np.pi / 2, 0.0, 0.0])))
    assert not down(lying).any()
    assert filtered(lying) is lying


def test_standing_feet_stay_and_the_body_keeps_its_bones() -> None:
    motion = prepared("walk")
    shifted = filtered(motion)
    assert np.abs(shifted.positions[:, 0] - motion.positions[:, 0]).max() > 0.003
    stays = down(motion)
    for side in (0, 1):
        for joint in (ANKLES[side], TOES[side]):
            moved_by = np.linalg.norm(shifted.positions[:, joint] - motion.positions[:, joint], axis=-1)
            assert moved_by[stays[:, side]].max() < 1e-3  # where a straight leg does not reach
            assert moved_by[~stays[:, side]].max() > 1e-3
    np.testing.assert_allclose(bone_lengths(shifted.positions), bone_lengths(motion.positions), atol=1e-9)
    above = [0, 3, 6, 9, 12, 15, 18, 21]
    np.testing.assert_array_equal(shifted.rotations[:, above], motion.rotations[:, above])


def test_turning_by_right_angles_and_moving_a_motion_turns_and_moves_its_shift() -> None:
    motion = prepared("jog")
    # Friction pyramids have four edges, so that only right angles leave them as they are.
    for quarter in (1, 2, 3):
        quaternion, by = rotation.about_y(np.array(quarter * np.pi / 2)), (3.0, 0.0, -2.0)
        expected, result = moved(filtered(motion), quaternion, by), filtered(moved(motion, quaternion, by))
        np.testing.assert_allclose(result.positions, expected.positions, atol=1e-6)


def test_the_linear_wrench_agrees_with_the_inverse_dynamics_of_a_moved_body(monkeypatch: pytest.MonkeyPatch) -> None:
    # Monotone cubics are not linear. With natural ones instead, feet that follow move as the root does.
    monkeypatch.setattr(substep_path, "PchipInterpolator", partial(CubicSpline, bc_type="natural"))
    time = np.arange(60)[:, None]
    flight = bent_pose(0.03 * np.sin(time * (0.35, 0.28, 0.42) + 1) + (0, 2, 0))
    shift = 0.004 * np.sin(time * (0.3, 0.5, 0.25) + (0, 1, 2))
    model, nowhere, follow = build_model(flight.offsets), np.zeros((60, 2), bool), np.ones((60, 2))
    before = balance_problem(flight, model, nowhere, follow)
    after = balance_problem(moved(flight, np.array([1.0, 0, 0, 0]), shift[:, None]), model, nowhere, follow)
    change = before.change(shift) / WRENCH_WEIGHT
    expected = (after.wrench - before.wrench) / WRENCH_WEIGHT
    # The moments of `after` are about the place of the root after the shift.
    place = smooth_path(CubicSpline(time[:, 0], shift, bc_type="natural")(sample_times(60)))[step_samples(60)]
    expected[:, 3:] += np.cross(place, after.wrench[:, :3] / WRENCH_WEIGHT[:3])
    inside = slice(24, -24)  # at the ends the root is smoothed and the feet are not
    for part in (slice(0, 3), slice(3, 6)):
        error, size = (np.abs(values[inside, part]).max() for values in (change - expected, expected))
        assert error < 0.03 * size


def test_a_body_without_contacts_is_moved_by_8_cm_at_most() -> None:
    hovering = rest_pose(40, np.array([1.0, 0, 0, 0]), lift=1.0)
    wobble = 0.2 * np.sin(np.arange(40) / 2)[:, None] * (1.0, 0.5, 0.0)
    hovering = replace(hovering, positions=hovering.positions + wobble[:, None])
    shift = np.linalg.norm(filtered(hovering).positions[:, 0] - hovering.positions[:, 0], axis=-1)
    assert 0 < shift.max() <= 0.08


@pytest.mark.parametrize("frames", [4, 5, 11, 2000])
def test_the_shortest_and_the_longest_motions_are_filtered(frames: int) -> None:
    motion = rest_pose(frames, np.array([1.0, 0, 0, 0]))
    sway = 0.05 * np.sin(np.arange(frames) * 1.3)[:, None] * (1.0, 0.2, 0.7)
    motion = replace(motion, positions=motion.positions + sway[:, None])
    result = filtered(motion)
    assert result.positions.shape == (frames, 22, 3) and result is not motion
    assert np.isfinite(result.positions).all() and np.isfinite(result.rotations).all()


def test_the_result_is_the_same_whatever_was_filtered_before() -> None:
    motion, other = prepared("walk"), prepared("jog")
    first = filtered(motion)
    filtered(other)
    again = filtered(motion)
    assert first.positions.tobytes() == again.positions.tobytes()
    assert first.rotations.tobytes() == again.rotations.tobytes()


def test_what_was_given_is_not_written_to_and_its_notes_are_kept() -> None:
    motion = replace(prepared("jog"), notes=("a note",), noisy=True)
    copies = motion.positions.copy(), motion.rotations.copy()
    result = filtered(motion)
    assert result.notes == ("a note",) and result.noisy
    assert np.array_equal(motion.positions, copies[0]) and np.array_equal(motion.rotations, copies[1])
