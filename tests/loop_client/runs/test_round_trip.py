"""Test that the round trip preserves rigid bodies and makes others rigid."""

from __future__ import annotations

import numpy as np
import pytest
from loop_fakes import swaying_set

from loop_client.runs.round_trip import RoundTrip, round_trip
from motion import rotation
from motion.errors import InvalidInput
from motion.protocols import Corrector
from motion.skeleton import bone_lengths


def test_the_round_trip_is_a_corrector() -> None:
    assert isinstance(RoundTrip(), Corrector)


def test_a_rigid_body_is_preserved() -> None:
    for motion in swaying_set(4):
        back = round_trip(motion.positions)
        assert back.shape == motion.positions.shape
        np.testing.assert_allclose(back, motion.positions, atol=2e-3)


def test_bones_get_constant_lengths() -> None:
    positions = swaying_set(1).motions[0].positions
    noisy = positions + 0.01 * np.random.default_rng(0).standard_normal(positions.shape)
    assert bone_lengths(noisy).std(axis=0).max() > 5e-3
    assert bone_lengths(round_trip(noisy)).std(axis=0).max() < 1e-5


def test_the_round_trip_commutes_with_moving_the_motion() -> None:
    positions = swaying_set(1).motions[0].positions.astype(float)
    turn, shift = rotation.about_y(np.array(0.7)), np.array([2.0, 0.1, -1.0])
    moved = rotation.rotate(turn, positions) + shift
    np.testing.assert_allclose(round_trip(moved), rotation.rotate(turn, round_trip(positions)) + shift, atol=1e-4)


def test_reports_of_the_round_trip_have_no_physics() -> None:
    motions = swaying_set(3).motions
    corrections = RoundTrip().correct(motions, seed=4)
    assert [c.motion.name for c in corrections] == [m.name for m in motions]
    for correction in corrections:
        report = correction.report
        assert (report.status, report.policy, report.residual_force_n_mean) == ("OK", "roundtrip", 0.0)
        assert report.mpjpe_global_mm < 2


def test_invalid_motions_are_refused_by_index() -> None:
    good = swaying_set(1).motions[0]
    with pytest.raises(InvalidInput, match=r"motions\[1\]"):
        RoundTrip().correct([good, good.with_positions(good.positions * np.nan)])
