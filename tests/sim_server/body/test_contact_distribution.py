"""The contact distribution agrees with a solver, and with itself row by row."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

from sim_server.body.contact_distribution import (
    FRICTION,
    FRICTION_EDGES,
    REGULARIZATION,
    WRENCH_WEIGHT,
    contact_matrix,
    distribute_wrench,
)


def contact_problem(count: int, points: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Return random contact matrices and weighted wrenches."""
    rng = np.random.default_rng(0)
    arms = rng.normal(0, 0.25, (count, points, 3)) + (0, -0.9, 0)
    matrix = contact_matrix(arms, rng.random((count, points)) < 0.5)
    wrench = rng.normal(0, (200, 300, 200, 50, 50, 50), (count, 6)) + (0, 600, 0, 0, 0, 0)
    return matrix, wrench * WRENCH_WEIGHT


def test_the_distribution_agrees_with_nnls() -> None:
    matrix, wrenches = contact_problem(200)
    _, duals = distribute_wrench(matrix, wrenches, np.zeros((200, 6)))
    errors = []
    for edges, wrench, dual in zip(matrix, wrenches, duals, strict=True):
        system = np.concatenate([edges.T, np.sqrt(REGULARIZATION) * np.eye(len(edges))])
        solution, _ = nnls(system, np.concatenate([wrench, np.zeros(len(edges))]))
        errors.append(np.abs(wrench - edges.T @ solution - dual).max())
    assert np.percentile(errors, 95) < 0.1  # newtons, of hundreds
    assert max(errors) < 20


def test_the_distribution_of_a_row_does_not_depend_on_the_other_rows() -> None:
    matrix, wrenches = contact_problem(20)
    forces, dual = distribute_wrench(matrix, wrenches, np.zeros((20, 6)))
    for row in range(20):
        alone = distribute_wrench(matrix[[row]], wrenches[[row]], np.zeros((1, 6)))
        assert np.array_equal(forces[row], alone[0][0]) and np.array_equal(dual[row], alone[1][0])


def test_forces_push_within_their_friction_cones() -> None:
    matrix, wrenches = contact_problem(50)
    forces, _ = distribute_wrench(matrix, wrenches, np.zeros((50, 6)))
    assert (forces >= 0).all()
    x, y, z = np.moveaxis(forces.reshape(50, 12, 4) @ FRICTION_EDGES, -1, 0)
    assert (np.abs(x) + np.abs(z) <= FRICTION * y + 1e-9).all()


def test_a_row_of_the_matrix_is_the_wrench_of_a_unit_force_along_its_edge() -> None:
    arm = np.array([0.1, -0.9, 0.3])
    matrix = contact_matrix(np.stack([arm, arm])[None], np.array([[True, False]]))[0]
    for edge, row in zip(FRICTION_EDGES, matrix[:4], strict=True):
        np.testing.assert_allclose(row, np.concatenate([edge, np.cross(arm, edge)]) * WRENCH_WEIGHT)
    assert not matrix[4:].any()  # a point that may not carry


def test_without_contacts_the_whole_wrench_stays_unexplained() -> None:
    _, wrenches = contact_problem(5)
    forces, dual = distribute_wrench(np.zeros((5, 8, 6)), wrenches, np.zeros((5, 6)))
    assert not forces.any()
    np.testing.assert_allclose(dual, wrenches)


def test_arrays_of_any_layout_have_the_same_distribution() -> None:
    matrix, wrenches = contact_problem(20)
    forces, dual = distribute_wrench(matrix[::2], wrenches[::2], np.zeros((10, 6)))
    every_other = np.asfortranarray(matrix[::2]), np.asfortranarray(wrenches[::2])
    again = distribute_wrench(*every_other, np.zeros((10, 6)))
    assert np.array_equal(forces, again[0]) and np.array_equal(dual, again[1])


def test_a_wrench_that_is_no_number_spoils_no_other_row() -> None:
    matrix, wrenches = contact_problem(3)
    forces, dual = distribute_wrench(matrix, wrenches, np.zeros((3, 6)))
    wrenches[1] = np.nan
    again = distribute_wrench(matrix, wrenches, np.zeros((3, 6)))
    assert np.array_equal(forces[[0, 2]], again[0][[0, 2]]) and np.array_equal(dual[[0, 2]], again[1][[0, 2]])
    assert np.isnan(again[1][1]).any()
