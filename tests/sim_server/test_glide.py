"""What glides is made to walk, and what walks or runs is not touched."""

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
from sim_server.evaluation.corruption import corrupted
from sim_server.preparation import Prepared, prepare
from sim_server.preparation.floating_gait import gliding, hurried_path
from sim_server.preparation.foot_contacts import clean_feet, foot_speeds, sole_heights
from sim_server.preparation.gait_repair import stances, stepped

FPS = 20


def carried(metres_s: float, frames: int = 100, stride: float = 0.0, radius: float = 4.0) -> np.ndarray:
    """A body frozen in one posture, its left foot `stride` metres before its right, carried in a circle."""
    still = next(iter(synthesize(1, 1, actions=["walk"]))).positions.astype(np.float64)
    gap = np.abs((still[:, ANKLES[0]] - still[:, ANKLES[1]])[:, 2] - stride)
    body = still[np.argmin(gap)]
    body = body - body[0] * (1, 0, 1) - np.array([0, body[list(TOES), 1].min(), 0])
    angle = metres_s * np.arange(frames) / FPS / radius
    sin, cos = np.sin(angle), np.cos(angle)
    turn = np.zeros((frames, 3, 3))
    turn[:, 0, 0], turn[:, 0, 2], turn[:, 1, 1], turn[:, 2, 0], turn[:, 2, 2] = cos, sin, 1, -sin, cos
    return (body - (radius, 0, 0)) @ turn.swapaxes(1, 2)


def walked(positions: np.ndarray) -> Prepared:
    """As `prepare` does, but for drift, which could be what carries a body this evenly."""
    offsets = kinematics.fit_offsets(positions)
    turns = kinematics.global_rotations(positions, offsets)
    return Prepared(
        *clean_feet(*stepped(kinematics.placed(turns, positions[:, 0], offsets), turns, offsets), offsets), offsets
    )


def speed(positions: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(positions[:, 0], axis=0)[:, [0, 2]], axis=-1).mean() * FPS)


@pytest.mark.parametrize("metres_s", [0.6, 1.2])
@pytest.mark.parametrize("stride", [0.0, 0.5])
def test_what_is_carried_walks(metres_s: float, stride: float) -> None:
    positions = carried(metres_s, stride=stride)
    assert gliding(positions).all()
    ready = walked(positions)
    assert speed(ready.positions) == pytest.approx(metres_s, rel=0.01)
    inside = slice(5, -5)
    stands = (foot_speeds(ready.positions)[..., 0] < 0.25) & (
        np.abs(sole_heights(ready.positions, ready.turns, ready.offsets)) < 0.02
    )
    assert stands[inside].any(1).mean() > 0.7  # the rest is between two steps
    assert stands[inside].mean(0).min() > 0.3  # both feet do


def test_and_the_simulated_body_walks_nearly_by_itself() -> None:
    correction = Corrector().correct([Motion(carried(1.2, radius=1.0).astype(np.float32), FPS)], 0)[0]
    assert correction.report.completed_strict == 1
    assert correction.report.residual_force_n_mean < 150  # carried, it would be its weight, 690
    assert correction.report.after.float_mm < 10
    assert speed(correction.motion.positions) == pytest.approx(1.2, rel=0.05)


def test_who_hurries_is_slowed_to_a_walk() -> None:
    fast = carried(4.0)
    slow = walked(fast).positions
    assert speed(slow) == pytest.approx(1.5, rel=0.1)
    np.testing.assert_allclose(slow[0, 0], fast[0, 0], atol=0.03)


def test_legs_say_how_fast_a_walk_is() -> None:
    for motion in synthesize(4, 1, actions=["walk"]):
        walk = motion.positions.astype(np.float64)
        along = walk[:, 0] - walk[0, 0]
        fast = walk + 2.5 * (along * (1, 0, 1))[:, None]  # three and a half times as fast
        assert gliding(fast).mean() > 0.9
        slowed = fast - hurried_path(fast, gliding(fast))[:, None]
        assert speed(slowed) < max(1.2 * speed(walk), 1.6)


def test_sound_motion_does_not_glide(data_dir: Path) -> None:
    sets = [read_packed(data_dir / name) for name in ("generalisation", "running", "test")]
    sets.append(read_packed(asset_path("motions/default.npz")))
    for clips in sets:
        for clip in clips:
            assert not gliding(clip.positions.astype(np.float64)).any(), clip.name


def test_who_runs_falls() -> None:
    """A run whose feet are blurred until they never rest glides; but not if the body falls as one in the air does."""
    for run, blurred, bouncing in blurred_runs(2.0):
        assert not gliding(run).any()
        assert gliding(blurred).mean() > gliding(bouncing).mean() + 0.3


def test_a_leap_between_two_glides_is_no_glide() -> None:
    positions = carried(1.2)
    time = np.arange(8) / FPS
    leap = np.zeros((12, 1, 1))
    leap[2:10, 0, 0] = 9.8 / 2 * time * (time[-1] - time)
    middle = np.repeat(positions[50:51], 12, axis=0)
    glides = gliding(np.concatenate([positions[:50], middle + leap * (0, 1, 0), positions[50:]]))
    assert glides[:49].all() and glides[63:].all()
    assert not glides[52:60].any()


@pytest.mark.parametrize("metres_s", [0.3, 1.0, 2.5])
def test_stances_alternate_and_fill_the_time(metres_s: float) -> None:
    path = (metres_s * np.arange(200) / FPS)[:, None, None] * np.array([0.0, 1.0])
    turns = stances(np.repeat(path, 2, axis=1) + [[0.1, 0.0], [-0.1, 0.0]])
    assert [start for _, start, _ in turns[1:]] == [stop for _, _, stop in turns[:-1]]
    assert turns[0][1] == 0 and turns[-1][2] == 200
    assert all(before[0] != after[0] for before, after in pairwise(turns))
    lengths = np.array([stop - start for _, start, stop in turns[1:-1]])
    # The sum over a stance of L frames is price + u^2 L^3 / 12: least, per frame, at L^3 = 6 price / u^2.
    best = np.cbrt(6 * 0.3 / (metres_s / FPS) ** 2)
    assert lengths.mean() == pytest.approx(np.clip(best, 4, 16), abs=1)


def test_stances_are_found_in_a_walk() -> None:
    """Where a foot rests, it is its turn."""
    for motion in synthesize(3, 2, actions=["walk"]):
        feet = motion.positions.astype(np.float64)[:, ANKLES][..., [0, 2]]
        moves = np.linalg.norm(np.gradient(feet, axis=0), axis=-1) * FPS
        clear = np.abs(moves[:, 0] - moves[:, 1]) > 0.5
        turn = np.concatenate([np.full(stop - start, side) for side, start, stop in stances(feet)])
        assert (turn == moves.argmin(1))[clear].mean() > 0.9


def test_steps_turn_with_the_motion() -> None:
    positions = carried(1.0)
    turn = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    np.testing.assert_allclose(walked(positions @ turn.T).positions, walked(positions).positions @ turn.T, atol=1e-6)


def test_what_shakes_is_not_taken_for_gliding(data_dir: Path) -> None:
    """Under noise no foot seems to stand."""
    for clip in list(read_packed(data_dir / "running"))[10:13]:
        noisy = prepare(corrupted(clip, "jitter").positions.astype(np.float64))
        went = np.linalg.norm(clip.positions[-1, 0] - clip.positions[0, 0])
        assert np.linalg.norm(noisy.positions[-1, 0] - noisy.positions[0, 0]) == pytest.approx(went, rel=0.1)
