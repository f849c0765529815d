"""The layout of the simulated body."""

from __future__ import annotations

import pytest

from motion.kinematics import REST_OFFSETS
from sim_server.body.humanoid import (
    MASS_KG,
    NUM_CTRL,
    NUM_DOFS,
    NUM_QPOS,
    SEGMENT_MASS_KG,
    SOLE_M,
    build_model,
    default_model,
    sole_points,
)


def test_the_named_sizes_are_those_of_the_model() -> None:
    model = default_model()
    assert (model.nbody, model.nq, model.nv, model.nu) == (23, NUM_QPOS, NUM_DOFS, NUM_CTRL)
    assert (NUM_QPOS, NUM_DOFS, NUM_CTRL) == (91, 69, 84)


def test_the_segments_have_the_mass_of_the_body() -> None:
    assert SEGMENT_MASS_KG.sum() == pytest.approx(MASS_KG)
    assert build_model(REST_OFFSETS).body_mass.sum() == pytest.approx(MASS_KG, rel=1e-4)


def test_the_sole_lies_below_the_ball_of_the_foot() -> None:
    points = sole_points(REST_OFFSETS)
    ball = REST_OFFSETS[10][1]
    assert points[:4, 1] == pytest.approx(ball - SOLE_M)
    assert points[8:, 1] == pytest.approx(-SOLE_M)
