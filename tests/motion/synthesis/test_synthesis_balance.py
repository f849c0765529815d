"""Physics of synthesised motion: bodies in the air fall freely, standing bodies push from within their feet."""

from __future__ import annotations

import numpy as np
import pytest

from motion.physics import GRAVITY_M_S2
from motion.skeleton import LEGS
from motion.synthesis import ACTIONS
from motion.synthesis.anatomy import SOLE_M, Body, centre_of_mass, clip_to_reach, solve_two_bones
from motion.synthesis.balance import centre_path, zero_moment_point
from motion.synthesis.curve import PLAN_FPS, hermite, minimum_jerk, smooth
from motion.synthesis.perform import perform_plan
from motion.synthesis.scene import Scene
from motion.synthesis.style import STYLES


def _performed(action: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    scene = Scene(np.random.default_rng(seed), Body.of_size(), STYLES["plain"], seed % 2)
    plan = ACTIONS[action].build_plan(scene)
    joints, planted = perform_plan(plan)
    first, last = (round((moment - plan.start) * PLAN_FPS) for moment in plan.window)
    return joints[first : last + 1], planted[first : last + 1]


def _outside(points: np.ndarray, joints: np.ndarray, planted: np.ndarray, margin: float) -> np.ndarray:
    """Check where points are outside the support, in the frames in which a foot is planted.

    Returns:
        Whether the point is further than `margin` from the segment between the middles of both feet, or from the middle
        of the one foot that stands.
    """
    middles = np.stack([(joints[:, toe] + joints[:, ankle])[:, [0, 2]] / 2 for _, _, ankle, toe in LEGS], 1)
    for side in (0, 1):  # one foot down: the segment is that foot alone
        middles[:, side] = np.where(planted[:, [side]], middles[:, side], middles[:, 1 - side])
    way = middles[:, 1] - middles[:, 0]
    share = ((points - middles[:, 0]) * way).sum(1) / np.maximum((way**2).sum(1), 1e-9)
    nearest = middles[:, 0] + np.clip(share, 0, 1)[:, None] * way
    return (np.linalg.norm(points - nearest, axis=1) > margin)[planted.any(1)]


@pytest.mark.parametrize("action", ["squat", "bow", "pick_up", "toe_touch", "balance", "stretch", "sit", "side_bend"])
def test_slow_motion_keeps_its_centre_of_mass_over_its_feet(action: str):
    for seed in range(3):
        joints, planted = _performed(action, seed)
        centre = centre_of_mass(joints)[:, [0, 2]]
        assert _outside(centre, joints, planted, 0.12).mean() < (0.15 if action == "balance" else 0.02)


@pytest.mark.parametrize("action", ["walk", "walk_backward", "kick", "lunge", "side_step", "turn_on_the_spot", "throw"])
def test_zero_moment_point_lies_within_the_support(action: str):
    for seed in range(2):
        joints, planted = _performed(action, seed)
        point = zero_moment_point(smooth(joints, 0.03) + (0, SOLE_M, 0), PLAN_FPS)
        for _ in range(8):  # a heel touches down, and carries, up to 0.13 s before the ball is planted
            planted[:-1] |= planted[1:]
        assert _outside(point[4:-4], joints[4:-4], planted[4:-4], 0.14).mean() < 0.12


@pytest.mark.parametrize("action", ["jump", "jump_forward", "jumping_jacks", "run"])
def test_bodies_in_the_air_fall_freely(action: str):
    joints, planted = _performed(action)
    feet = np.stack([joints[:, [ankle, toe], 1].min(1) for _, _, ankle, toe in LEGS], -1)
    centre = centre_of_mass(joints)
    acceleration = np.gradient(np.gradient(centre, axis=0), axis=0) * PLAN_FPS**2
    flying = np.convolve((~planted.any(1)) & (feet.min(1) > 0.03), np.ones(5), "same") == 5
    assert flying.any()
    off = np.linalg.norm(acceleration[flying] + (0, GRAVITY_M_S2, 0), axis=1)
    assert np.median(off) < 0.2 and np.quantile(off, 0.9) < 1.5


def test_standing_centre_stays_over_a_fixed_point():
    path = centre_path(np.full((120, 2), 0.3), np.full(120, 0.95), np.zeros((120, 2)))
    assert np.abs(path - 0.3).max() < 1e-6


def test_centre_of_mass_moves_before_the_pressure_does():
    """The centre of mass moves before the pressure does, since the path is planned."""
    pressure = np.zeros((240, 2))
    pressure[120:, 0] = 0.2
    path = centre_path(pressure, np.full(240, 0.95), np.zeros((240, 2)))[:, 0]
    assert 0.07 < path[120] < 0.13
    assert path[100] > 0.01 and path[-1] == pytest.approx(0.2, abs=1e-3)


def test_walk_sways_and_bobs_like_a_person():
    joints, _ = _performed("walk")
    pelvis = joints[:, 0]
    assert 0.01 < np.ptp(pelvis[:, 1]) < 0.08
    line = np.polyval(np.polyfit(np.arange(len(pelvis)), pelvis[:, 0], 1), np.arange(len(pelvis)))
    assert 0.01 < np.ptp(pelvis[:, 0] - line) < 0.10


def test_hermite_flight_is_the_parabola():
    speed, air = 1.5, 2 * 1.5 / GRAVITY_M_S2
    time = np.linspace(0, air, 20)
    flight = hermite([(0, 0.1, speed, -GRAVITY_M_S2), (air, 0.1, -speed, -GRAVITY_M_S2)], time)
    assert flight == pytest.approx(0.1 + speed * time - GRAVITY_M_S2 * time**2 / 2, abs=1e-12)


def test_minimum_jerk_rests_at_both_ends():
    phase = np.linspace(0, 1, 1001)
    curve = minimum_jerk(phase)
    assert (curve[0], curve[-1]) == (0, 1)
    assert np.gradient(curve, phase)[[0, -1]] == pytest.approx([0, 0], abs=1e-4)


def test_bent_limb_keeps_its_lengths():
    rng = np.random.default_rng(0)
    start, pole = rng.normal(size=(50, 3)), rng.normal(size=(50, 3))
    end = clip_to_reach(start, start + rng.normal(size=(50, 3)), 0.4, 0.42)
    middle = solve_two_bones(start, end, 0.4, 0.42, pole)
    assert np.linalg.norm(middle - start, axis=1) == pytest.approx(0.4)
    assert np.linalg.norm(end - middle, axis=1) == pytest.approx(0.42)
    assert (((middle - (start + end) / 2) * pole).sum(1) > -0.2).all()
