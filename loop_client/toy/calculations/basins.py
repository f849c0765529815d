"""Conjecture 4.7 of Gillman et al., on a model whose likelihood has two maxima: which starts a loop returns from."""

from __future__ import annotations

import numpy as np

from loop_client.experiments.checks import Curves

_GRID = np.linspace(-12.0, 12.0, 2401)
_STEP = float(_GRID[1] - _GRID[0])
_ASCENT_STEPS, _RATE = 400, 0.3


def basin_loop(
    seeds: int,
    rng: np.random.Generator,
    *,
    share: float = 1.0,
    gamma: float = 0.0,
    generations: int = 40,
    starts: int = 9,
) -> Curves:
    """Run the loop from starts at growing distance from the optimum, with infinitely many points.

    The model is w N(theta, 1) + (1 - w) N(-theta, 1) with a known weight w, and the data has theta = 2. The likelihood
    has a second, lower maximum below zero, which a local maximization from there ends in. Each generation climbs from
    the theta before, as fine-tuning does. Each seed draws a weight between 0.6 and 0.8.

    Args:
        seeds: number of weights.
        rng: the source of randomness.
        share: lambda.
        gamma: strength of the correction of definition 4.1.
        generations: of the loop.
        starts: theta_0 is 2 minus 0, 0.5, 1 ..., so many of them.

    Returns:
        By distance of theta_0 in percent: `distance` of the last theta to the optimum, and `returned`, whether it is
        below 0.05 (0 or 1).
    """
    weights = rng.uniform(0.6, 0.8, seeds)
    distances = 0.5 * np.arange(starts)
    weight = np.repeat(weights, starts)
    theta = 2.0 - np.tile(distances, seeds)
    best = _density(np.full_like(theta, 2.0), weight)
    for _ in range(generations):
        target = best + share * (_density(theta, weight) + gamma * best) / (1 + gamma)
        theta = _climb(theta, weight, target / target.sum(axis=1, keepdims=True))
    distance = np.abs(theta - 2.0).reshape(seeds, starts)
    return {
        "generations": (100 * distances).astype(int),
        "distance": distance,
        "returned": (distance < 0.05).astype(float),
    }


def _density(theta: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the probability of each cell of the grid, (k, cells)."""
    first, second = (np.exp(-0.5 * (_GRID - sign * theta[:, None]) ** 2) for sign in (1, -1))
    return (weight[:, None] * first + (1 - weight[:, None]) * second) * _STEP / np.sqrt(2 * np.pi)


def _climb(theta: np.ndarray, weight: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Climb the expected log likelihood under `target` (k, cells) by gradient steps until they are small."""
    odds = np.log(weight / (1 - weight))[:, None]
    for _ in range(_ASCENT_STEPS):
        # d/d theta of log p is x (2 r - 1) - theta, for the probability r of the first component given x.
        lean = np.tanh(theta[:, None] * _GRID + odds / 2)
        step = (target * (lean * _GRID)).sum(axis=1) - theta
        theta = theta + _RATE * step
        if np.abs(step).max() < 1e-9:
            break
    return theta
