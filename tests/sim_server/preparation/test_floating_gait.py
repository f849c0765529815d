"""A floating gait is made to walk; walking and running are left alone."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from blurred_runs import blurred_runs

from motion import kinematics
from motion.formats.packed import read_packed
from motion.motion import Motion
from motion.shell.assets import asset_path
from motion.skeleton import ANKLES, TOES
from motion.synthesis import synthesize
from sim_server import Corrector
from sim_server.body.contact_points import sole_heights
from sim_server.evaluation.corruption import corrupt
from sim_server.preparation import PreparedMotion, prepare
from sim_server.preparation.floating_gait import excess_path, floating_frames
from sim_server.preparation.foot_contacts import clean_contacts, foot_speeds
from sim_server.preparation.gait_repair import plan_stances, repair_gait

FPS = 20


def carried(metres_s: float, frames: int = 100, stride: float = 0.0, radius: float = 4.0) -> np.ndarray:
    """Make a body frozen in one posture, its feet `stride` metres apart, that is carried in a circle."""
    still = next(iter(synthesize(1, 1, actions=["walk"]))).positions.astype(np.float64)
    gap = np.abs((still[:, ANKLES[0]] - still[:, ANKLES[1]])[:, 2] - stride)
    body = still[np.argmin(gap)]
    body = body - body[0] * (1, 0, 1) - np.array([0, body[list(TOES), 1].min(), 0])
    angle = metres_s * np.arange(frames) / FPS / radius
    sin, cos = np.sin(angle), np.cos(angle)
    turn = np.zeros((frames, 3, 3))
    turn[:, 0, 0], turn[:, 0, 2], turn[:, 1, 1], turn[:, 2, 0], turn[:, 2, 2] = cos, sin, 1, -sin, cos
    return (body - (radius, 0, 0)) @ turn.swapaxes(1, 2)


def prepare_without_drift(positions: np.ndarray) -> PreparedMotion:
    """Prepare a motion without removing drift, which would explain a body that is carried this evenly."""
    offsets = kinematics.estimate_offsets(positions)
    rotations = kinematics.global_rotations(positions, offsets)
    rigid = kinematics.forward_positions(rotations, positions[:, 0], offsets)
    return PreparedMotion(*clean_contacts(*repair_gait(rigid, rotations, offsets), offsets), offsets)


def speed(positions: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(positions[:, 0], axis=0)[:, [0, 2]], axis=-1).mean() * FPS)


@pytest.mark.parametrize("metres_s", [0.6, 1.2])
@pytest.mark.parametrize("stride", [0.0, 0.5])
def test_a_body_that_is_carried_is_made_to_walk(metres_s: float, stride: float) -> None:
    positions = carried(metres_s, stride=stride)
    assert floating_frames(positions).all()
    ready = prepare_without_drift(positions)
    assert speed(ready.positions) == pytest.approx(metres_s, rel=0.01)
    inside = slice(5, -5)
    stands = (foot_speeds(ready.positions)[..., 0] < 0.25) & (
        np.abs(sole_heights(ready.positions, ready.rotations, ready.offsets)) < 0.02
    )
    assert stands[inside].any(1).mean() > 0.7  # in the other frames it changes feet
    assert stands[inside].mean(0).min() > 0.3  # each of the feet does


def test_the_simulation_walks_a_carried_body_with_little_assist() -> None:
    correction = Corrector().correct([Motion(carried(1.2, radius=1.0).astype(np.float32), FPS)], 0)[0]
    assert correction.report.completed_strict == 1
    assert correction.report.residual_force_n_mean < 150  # a carried body would need its weight, 690 N
    assert correction.report.after.float_mm < 10
    assert speed(correction.motion.positions) == pytest.approx(1.2, rel=0.05)


def test_a_body_that_is_carried_fast_is_slowed_to_a_walk() -> None:
    fast = carried(4.0)
    slow = prepare_without_drift(fast).positions
    assert speed(slow) == pytest.approx(1.5, rel=0.1)
    np.testing.assert_allclose(slow[0, 0], fast[0, 0], atol=0.03)


def test_a_path_faster_than_its_legs_is_slowed_to_their_speed() -> None:
    for motion in synthesize(4, 1, actions=["walk"]):
        walk = motion.positions.astype(np.float64)
        along = walk[:, 0] - walk[0, 0]
        fast = walk + 2.5 * (along * (1, 0, 1))[:, None]  # three and a half times as fast
        assert floating_frames(fast).mean() > 0.9
        slowed = fast - excess_path(fast, floating_frames(fast))[:, None]
        assert speed(slowed) < max(1.2 * speed(walk), 1.6)


def test_no_clip_of_real_motion_has_a_floating_gait(data_dir: Path) -> None:
    sets = [read_packed(data_dir / name) for name in ("generalisation", "running", "test")]
    sets.append(read_packed(asset_path("motions/default.npz")))
    for clips in sets:
        for clip in clips:
            assert not floating_frames(clip.positions.astype(np.float64)).any(), clip.name


def test_a_blurred_run_is_told_from_a_floating_gait_by_its_free_fall() -> None:
    """A run whose feet are blurred until they never rest looks like a floating gait, unless it is in free fall."""
    for run, blurred, bouncing in blurred_runs(2.0):
        assert not floating_frames(run).any()
        assert floating_frames(blurred).mean() > floating_frames(bouncing).mean() + 0.3


def test_a_leap_between_two_floating_spans_is_not_part_of_them() -> None:
    positions = carried(1.2)
    time = np.arange(8) / FPS
    leap = np.zeros((12, 1, 1))
    leap[2:10, 0, 0] = 9.8 / 2 * time * (time[-1] - time)
    middle = np.repeat(positions[50:51], 12, axis=0)
    floats = floating_frames(np.concatenate([positions[:50], middle + leap * (0, 1, 0), positions[50:]]))
    assert floats[:49].all() and floats[63:].all()
    assert not floats[52:60].any()


@pytest.mark.parametrize("metres_s", [0.3, 1.0, 2.5])
def test_stances_alternate_and_cover_all_frames(metres_s: float) -> None:
    path = (metres_s * np.arange(200) / FPS)[:, None, None] * np.array([0.0, 1.0])
    stances = plan_stances(np.repeat(path, 2, axis=1) + [[0.1, 0.0], [-0.1, 0.0]])
    assert [start for _, start, _ in stances[1:]] == [stop for _, _, stop in stances[:-1]]
    assert stances[0][1] == 0 and stances[-1][2] == 200
    assert all(before[0] != after[0] for before, after in pairwise(stances))
    lengths = np.array([stop - start for _, start, stop in stances[1:-1]])
    # A stance of L frames costs price + u^2 L^3 / 12. The cost per frame is least at L^3 = 6 price / u^2.
    best = np.cbrt(6 * 0.3 / (metres_s / FPS) ** 2)
    assert lengths.mean() == pytest.approx(np.clip(best, 4, 16), abs=1)


def test_planned_stances_of_a_walk_are_those_of_its_resting_feet() -> None:
    for motion in synthesize(3, 2, actions=["walk"]):
        feet = motion.positions.astype(np.float64)[:, ANKLES][..., [0, 2]]
        moves = np.linalg.norm(np.gradient(feet, axis=0), axis=-1) * FPS
        clear = np.abs(moves[:, 0] - moves[:, 1]) > 0.5
        standing = np.concatenate([np.full(stop - start, side) for side, start, stop in plan_stances(feet)])
        assert (standing == moves.argmin(1))[clear].mean() > 0.9


def test_gait_repair_is_equivariant_to_a_turn_about_the_vertical() -> None:
    positions = carried(1.0)
    turn = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    np.testing.assert_allclose(
        prepare_without_drift(positions @ turn.T).positions,
        prepare_without_drift(positions).positions @ turn.T,
        atol=1e-6,
    )


def test_a_noisy_run_is_not_taken_for_a_floating_gait(data_dir: Path) -> None:
    """Under noise no foot seems to stand."""
    for clip in list(read_packed(data_dir / "running"))[10:13]:
        noisy = prepare(corrupt(clip, "jitter").positions.astype(np.float64))
        went = np.linalg.norm(clip.positions[-1, 0] - clip.positions[0, 0])
        assert np.linalg.norm(noisy.positions[-1, 0] - noisy.positions[0, 0]) == pytest.approx(went, rel=0.1)
