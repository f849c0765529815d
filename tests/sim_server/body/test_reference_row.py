"""The layout of reference rows: what is packed is viewed again, in shape."""

from __future__ import annotations

import numpy as np
import pytest

from motion.synthesis import synthesize
from sim_server.body.humanoid import CONTROL_FPS, SUBSTEP_S, SUBSTEPS
from sim_server.body.reference_row import ROW_WIDTH, ReferenceStep, pack_steps, view_steps
from sim_server.correction import build_reference


def numbered(count: int) -> np.ndarray:
    return np.arange(count * ROW_WIDTH, dtype=np.float64).reshape(count, ROW_WIDTH)


def test_a_row_has_884_numbers_and_every_one_belongs_to_one_field() -> None:
    rows = numbered(3)
    assert ROW_WIDTH == 884
    assert np.array_equal(pack_steps(view_steps(rows)), rows)


def test_fields_are_views_in_shape() -> None:
    rows = numbered(4)
    steps = view_steps(rows)
    shapes = {name: field.shape for name, field in zip(ReferenceStep._fields, steps, strict=True)}
    assert shapes["servo_targets"] == (4, 3, 21, 4) and shapes["lookahead_joints"] == (4, 2, 8, 3)
    steps.inertia[2] = -1
    assert (rows[2] == -1).sum() == 3 * 9 and (rows[[0, 1, 3]] != -1).all()
    assert view_steps(rows[0]).target_joints.shape == (22, 3)


def test_selected_steps_are_copies() -> None:
    rows = numbered(4)
    chosen = view_steps(rows).select(np.array([3, 1]))
    assert np.array_equal(pack_steps(chosen), rows[[3, 1]])
    chosen.wrench[:] = 0
    assert (rows != 0).sum() == rows.size - 1


def test_the_rows_of_a_reference_follow_its_frames() -> None:
    (walk,) = synthesize(1, 3, actions=["walk"])
    reference = build_reference(walk)
    steps = view_steps(reference.rows)
    assert pytest.approx(1) == SUBSTEPS * SUBSTEP_S * CONTROL_FPS
    assert reference.steps == len(reference) - 1 == len(reference.rows)
    assert np.array_equal(steps.target_joints, reference.positions[1:])
    assert np.array_equal(steps.lookahead_joints[:-8, 1, 0], reference.positions[8:-1, 0])
    assert np.allclose(np.linalg.norm(steps.servo_targets, axis=-1), 1)
