"""The shift of the root is the minimum of what it minimises, whatever the contacts are."""

from __future__ import annotations

import numpy as np
import pytest

from sim_server.body import root_shift
from sim_server.body.contact_distribution import REGULARIZATION, WRENCH_WEIGHT, contact_matrix, distribute_wrench
from sim_server.body.root_operators import FRAMES_BEFORE, SAMPLES, WIDTH
from sim_server.body.root_shift import BalanceProblem, solve_root_shift


def balance(frames: int, seed: int, carrying: float = 0.4, points: int = 8) -> BalanceProblem:
    """Return a random problem in which each point carries with a probability; without any a body flies."""
    rng = np.random.default_rng(seed)
    rows = (frames - 1) * SAMPLES
    arms = rng.normal(0, 0.25, (rows, points, 3)) + (0, -0.9, 0)
    matrix = contact_matrix(arms, rng.random((rows, points)) < carrying)
    wrench = (rng.normal(0, (100, 300, 100, 30, 30, 30), (rows, 6)) + (0, 600, 0, 0, 0, 0)) * WRENCH_WEIGHT
    jacobian = rng.normal(0, 3000, (rows, 6, WIDTH, 3))
    frame = np.repeat(np.arange(frames - 1), SAMPLES)[:, None] - FRAMES_BEFORE + np.arange(WIDTH)
    jacobian *= ((frame >= 0) & (frame < frames))[:, None, :, None]
    return BalanceProblem(matrix, wrench, jacobian.reshape(rows, 6, -1))


def penalty(shift: np.ndarray) -> float:
    """Return d'R d / 2, from its definition."""
    jerk = np.diff(shift, 3, axis=0) * 20.0**3
    return 0.5 * float((2000.0 * shift**2 * 2000.0).sum() + (0.3**2 * jerk**2).sum())


def exact_dual(matrix: np.ndarray, wrench: np.ndarray) -> np.ndarray:
    """Return the distribution's dual, warm-started until nothing changes."""
    dual = np.zeros_like(wrench)
    for _ in range(20):
        dual = distribute_wrench(matrix, wrench, dual)[1]
    return dual


def objective(problem: BalanceProblem, shift: np.ndarray) -> float:
    """Return what the shift minimises, from the definition of phi."""
    wrench = problem.wrench + problem.change(shift)
    dual = exact_dual(problem.matrix, wrench)
    forces = np.maximum((problem.matrix @ dual[..., None])[..., 0], 0) / REGULARIZATION
    missing = wrench - (forces[:, None] @ problem.matrix)[:, 0]
    return 0.5 * float((missing**2).sum() + REGULARIZATION * (forces**2).sum()) + penalty(shift)


def test_the_slope_of_what_stays_unexplained_agrees_with_finite_differences() -> None:
    problem = balance(12, seed=1)
    rng = np.random.default_rng(0)
    shift, direction, step = rng.normal(0, 0.01, (12, 3)), rng.normal(0, 1, (12, 3)), 1e-5
    values = [
        objective(problem, place) - penalty(place) for place in (shift - step * direction, shift + step * direction)
    ]
    dual = exact_dual(problem.matrix, problem.wrench + problem.change(shift))
    slope = (problem.pull(dual) * direction).sum()
    assert slope == pytest.approx((values[1] - values[0]) / (2 * step), rel=1e-4)


@pytest.mark.parametrize("frames", [4, 7, 40])
@pytest.mark.parametrize("carrying", [0.0, 0.4, 1.0], ids=["flight", "some contacts", "all contacts"])
def test_no_other_shift_is_better(frames: int, carrying: float) -> None:
    problem = balance(frames, seed=frames, carrying=carrying)
    shift, dual = solve_root_shift(problem, np.zeros_like(problem.wrench))
    least = objective(problem, shift)
    assert least < objective(problem, np.zeros_like(shift))
    rng = np.random.default_rng(1)
    for size in (1e-3, 1e-2):
        for _ in range(5):
            assert least <= objective(problem, shift + rng.normal(0, size, shift.shape)) * (1 + 1e-9)
    np.testing.assert_allclose(dual, exact_dual(problem.matrix, problem.wrench + problem.change(shift)), atol=0.2)


def test_the_minimum_does_not_depend_on_where_the_search_starts() -> None:
    problem = balance(30, seed=3)
    cold, _ = solve_root_shift(problem, np.zeros_like(problem.wrench))
    far, _ = solve_root_shift(problem, np.random.default_rng(0).normal(0, 500, problem.wrench.shape))
    np.testing.assert_allclose(far, cold, atol=1e-5)


@pytest.mark.parametrize("seed", range(8))
def test_the_search_ends_before_it_runs_out_of_steps(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = balance(60, seed, carrying=seed / 8, points=24)
    shift, _ = solve_root_shift(problem, np.zeros_like(problem.wrench))
    monkeypatch.setattr(root_shift, "_NEWTON_STEPS", 400)
    np.testing.assert_array_equal(solve_root_shift(problem, np.zeros_like(problem.wrench))[0], shift)


def test_a_row_with_a_weight_counts_like_as_many_rows() -> None:
    problem = balance(10, seed=5)
    weight = np.random.default_rng(2).uniform(0.1, 1, len(problem.wrench))
    shift = np.random.default_rng(3).normal(0, 0.01, (10, 3))

    def parts(each: BalanceProblem) -> np.ndarray:
        dual = exact_dual(each.matrix, each.wrench + each.change(shift))
        forces = np.maximum((each.matrix @ dual[..., None])[..., 0], 0) / REGULARIZATION
        return (dual**2).sum(1) + REGULARIZATION * (forces**2).sum(1)

    np.testing.assert_allclose(parts(problem.weighted(weight)), weight * parts(problem), rtol=1e-4)


def test_an_explained_motion_is_not_shifted() -> None:
    problem = balance(10, seed=6)
    at_rest = BalanceProblem(problem.matrix, np.zeros_like(problem.wrench), problem.jacobian)
    shift, _ = solve_root_shift(at_rest, np.zeros_like(problem.wrench))
    assert not shift.any()
