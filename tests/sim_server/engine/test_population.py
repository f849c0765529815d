"""A population: what stays, and where it moves."""

from __future__ import annotations

import numpy as np

from sim_server.engine.population import Population


def population(seed: int = 0, size: int = 24) -> Population:
    deviation = np.ones((5, 3))
    deviation[:, 2] = 0
    return Population(size, deviation, np.random.default_rng(seed))


def test_the_first_candidate_is_the_mean_and_what_has_no_deviation_stays_zero() -> None:
    drawn = population()
    assert not drawn.candidates[0].any() and drawn.candidates[1:, :, :2].all()
    drawn.learn(np.arange(24.0))
    assert drawn.candidates[0, :, :2].all() and not drawn.candidates[..., 2].any()


def test_candidates_come_closer_to_what_costs_least() -> None:
    drawn, goal = population(size=60), np.array([1.0, -0.5, 0.0])
    distances = []
    for _ in range(12):
        errors = np.linalg.norm(drawn.candidates - goal, axis=-1).mean(-1)
        distances.append(errors[0])
        drawn.learn(errors)
    assert distances[-1] < 0.15 * distances[0]


def test_the_next_population_is_drawn_around_the_mean_of_the_best_four() -> None:
    drawn = population()
    before = drawn.candidates.copy()
    costs = np.ones(24)
    costs[[3, 7, 11, 20]] = 0
    drawn.learn(costs)
    np.testing.assert_allclose(drawn.candidates[0], before[[3, 7, 11, 20]].mean(0), atol=1e-12)


def test_candidates_depend_on_the_seed_alone() -> None:
    assert np.array_equal(population(1).candidates, population(1).candidates)
    assert not np.array_equal(population(1).candidates, population(2).candidates)
