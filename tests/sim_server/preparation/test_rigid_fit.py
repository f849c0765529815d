"""The rigid body that is closest to a motion."""

from __future__ import annotations

import numpy as np
import pytest

from motion import kinematics, rotation
from motion.array_types import FloatArray
from motion.metrics import mpjpe_local
from motion.skeleton import bone_lengths
from motion.synthesis import synthesize
from sim_server.preparation import prepare
from sim_server.preparation.rigid_fit import fit_rigid_body


@pytest.fixture(scope="module")
def rigid() -> tuple[FloatArray, FloatArray]:
    (motion,) = synthesize(1, 3, actions=["walk"])
    positions = motion.positions[:60].astype(np.float64)
    offsets = kinematics.estimate_offsets(positions)
    rotations = kinematics.global_rotations(positions, offsets)
    return kinematics.forward_positions(rotations, positions[:, 0], offsets), offsets


def shaken(positions: FloatArray, metres: float) -> FloatArray:
    return positions + np.random.default_rng(0).normal(0, metres, positions.shape)


def distance(positions: FloatArray, others: FloatArray) -> float:
    return float(np.sqrt(((positions - others) ** 2).sum(-1).mean()))


def test_a_rigid_body_is_its_own_fit(rigid: tuple[FloatArray, FloatArray]) -> None:
    positions, offsets = rigid
    np.testing.assert_allclose(fit_rigid_body(positions, offsets), positions, atol=1e-6)


def test_the_fit_has_the_bones_and_the_mean_of_the_joints_that_it_is_given(
    rigid: tuple[FloatArray, FloatArray],
) -> None:
    positions, offsets = rigid
    given = shaken(positions, 0.02)
    fitted = fit_rigid_body(given, offsets)
    lengths = np.broadcast_to(np.linalg.norm(offsets[1:], axis=-1), (len(fitted), 21))
    np.testing.assert_allclose(bone_lengths(fitted), lengths, atol=1e-9)
    np.testing.assert_allclose(fitted.mean(1), given.mean(1), atol=1e-12)


def test_the_fit_is_closer_to_what_is_given_and_to_the_truth_than_what_starts_at_the_pelvis(
    rigid: tuple[FloatArray, FloatArray],
) -> None:
    positions, offsets = rigid
    given = shaken(positions, 0.02)
    outwards = kinematics.forward_positions(kinematics.global_rotations(given, offsets), given[:, 0], offsets)
    fitted = fit_rigid_body(given, offsets)
    for other in (given, positions):
        assert distance(fitted, other) < 0.7 * distance(outwards, other)
    # Bones of known length say something of the joints at their ends.
    assert distance(fitted, positions) < 0.9 * distance(given, positions)


def test_the_fit_turns_and_moves_with_the_motion(rigid: tuple[FloatArray, FloatArray]) -> None:
    positions, offsets = rigid
    given = shaken(positions, 0.01)
    turn, there = rotation.exp(np.array([0.0, 0.7, 0.0])), np.array([2.0, 0.5, -1.0])

    def placed(points: FloatArray) -> FloatArray:
        return rotation.rotate(np.broadcast_to(turn, (*points.shape[:-1], 4)), points) + there

    np.testing.assert_allclose(
        fit_rigid_body(placed(given), offsets), placed(fit_rigid_body(given, offsets)), atol=1e-6
    )


def test_joints_that_lie_at_their_parents_do_not_matter(rigid: tuple[FloatArray, FloatArray]) -> None:
    positions, offsets = rigid[0].copy(), rigid[1].copy()
    offsets[[10, 11]] = 0
    positions[:, [10, 11]] = positions[:, [7, 8]]
    assert np.isfinite(fit_rigid_body(shaken(positions, 0.01), offsets)).all()


@pytest.mark.parametrize("metres", [0.01, 0.02])
def test_of_noise_in_every_coordinate_less_than_one_half_reaches_the_reference(metres: float) -> None:
    (motion,) = synthesize(1, 3, actions=["walk"])
    clean = motion.positions.astype(np.float64)
    given = shaken(clean, metres)
    prepared = prepare(given).positions
    assert mpjpe_local(prepared, clean) < 0.45 * mpjpe_local(given, clean)
    # The pelvis, which everything hangs on, has no more noise than the other joints.
    assert np.ptp((prepared - clean)[:, 0, 2]) < 2 * metres
