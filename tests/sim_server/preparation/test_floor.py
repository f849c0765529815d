"""The floor is where the body comes down to it, with whatever part it does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from postures import POSTURES, resting

from motion import kinematics
from motion.formats.packed import read_packed
from motion.motion import Motion
from motion.skeleton import ANKLES, TOES
from sim_server.body.contact_points import contact_points, lowest_points
from sim_server.body.humanoid import SOLE_M, build_model
from sim_server.evaluation.corruption import corrupt
from sim_server.preparation import PreparedMotion, prepare
from sim_server.preparation.body_surface import BodySurface
from sim_server.preparation.floor import estimate_floor, lowest_heights


def lowest(prepared: PreparedMotion) -> np.ndarray:
    """Return the height (frames,) of the lowest point of the body over the floor [m]."""
    points = contact_points(build_model(prepared.offsets), prepared.offsets)
    return lowest_points(points, prepared.positions, prepared.rotations)[..., 1].min(1) + SOLE_M


@pytest.mark.parametrize("posture", POSTURES)
@pytest.mark.parametrize("height", [-0.4, 0.0, 1.3])
def test_a_body_rests_on_the_floor_in_any_posture_at_any_height(posture: str, height: float):
    prepared = prepare(resting(posture, height=height))
    np.testing.assert_allclose(lowest(prepared), 0, atol=0.035)  # knees may be 3 cm in the floor
    np.testing.assert_allclose(prepared.positions, prepare(resting(posture)).positions, atol=1e-6)


def test_a_lying_body_stays_where_it_is_when_it_raises_its_legs():
    """For seconds the feet are a metre over the floor."""
    lying, up = resting("lying", 30), resting("lying with the legs up", 60)
    share = np.clip(np.arange(120) / 10 - 3, 0, 1)[:, None, None]
    share[75:, 0, 0] = np.clip(8.5 - np.arange(75, 120) / 10, 0, 1)
    motion = (1 - share) * lying[:1] + share * up[:1]
    prepared = prepare(motion)
    pelvis = prepared.positions[:, 0, 1]
    assert np.ptp(pelvis) < 0.03
    assert prepared.positions[60, list(TOES), 1].min() > 0.6


def test_the_feet_alone_tell_the_floor_of_a_walk(data_dir: Path):
    """To the bit: nothing else comes near the floor."""
    for clip in list(read_packed(data_dir / "generalisation"))[::10]:
        positions = clip.positions.astype(np.float64)
        surface = BodySurface(kinematics.estimate_offsets(positions))
        ankle_over_ball = -float(surface.offsets[list(TOES), 1].mean())
        feet = np.minimum(positions[:, TOES, 1].min(1), positions[:, ANKLES, 1].min(1) - ankle_over_ball)
        assert np.array_equal(lowest_heights(positions, surface), feet)


@pytest.mark.parametrize("posture", ["lying with the legs up", "handstand", "all fours"])
@pytest.mark.parametrize("kind", ["sink", "float"])
def test_the_floor_of_a_body_off_its_feet_is_found_when_it_is_shifted(posture: str, kind: str):
    clean = Motion(resting(posture, height=1.0).astype(np.float32), 20, name=posture)
    shifted = prepare(corrupt(clean, kind).positions.astype(np.float64)).positions
    np.testing.assert_allclose(shifted, prepare(clean.positions.astype(np.float64)).positions, atol=1e-5)


def test_an_arm_in_the_floor_does_not_lower_it_but_one_that_carries_does():
    """An arm that lies can be lifted, one that is leaned on cannot."""
    lying, hands = resting("lying")[0], resting("handstand")[0]
    surface = BodySurface(kinematics.estimate_offsets(lying[None]))
    deep = lying.copy()
    deep[[18, 20], 1] -= 0.06
    heights = [lowest_heights(body[None].repeat(8, axis=0), surface)[4] for body in (lying, deep, hands)]
    assert heights[1] == pytest.approx(heights[0], abs=0.01)
    assert heights[2] == pytest.approx(hands[[20, 21], 1].min(), abs=0.02)


def test_a_floor_that_is_left_for_long_follows():
    height = np.concatenate([np.zeros(60), np.full(80, 0.3), np.zeros(60)])
    floor = estimate_floor(height)
    np.testing.assert_allclose(floor[[10, 100, 190]], [0, 0.28, 0], atol=0.005)
    np.testing.assert_allclose(estimate_floor(height + 5), floor + 5)
