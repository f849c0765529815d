"""Neon on a Gaussian: weights moved away from those that a model's own samples lead to (Alemohammad et al., 2025)."""

from __future__ import annotations

import numpy as np

from loop_client.experiments.checks import Curves


def extrapolated_gaussian(
    seeds: int,
    rng: np.random.Generator,
    *,
    n: int = 200,
    synthetic: int = 20_000,
    dim: int = 10,
    bias: float = 0.8,
    points: int = 11,
) -> Curves:
    """Fit a Gaussian to real points, fit it to its own samples, and extrapolate away from the second fit.

    The parameters are the mean and the variance of each dimension. A sampler with a bias below 1 draws too near to the
    mode, so the second fit errs in the direction that the first model's samples err in.

    Args:
        seeds: number of runs.
        rng: the source of randomness.
        n: real points.
        synthetic: samples that the second fit is made on.
        dim: the dimension.
        bias: factor of the variance in sampling.
        points: the weight w runs over so many values, 0, 0.25, ...

    Returns:
        By w in percent: `w2`, the 2-Wasserstein distance of what is sampled (with the bias) to the truth N(0, I).
    """
    mean = rng.standard_normal((seeds, dim)) / np.sqrt(n)
    variance = rng.chisquare(n - 1, (seeds, dim)) / (n - 1)
    own_mean = mean + np.sqrt(bias * variance / synthetic) * rng.standard_normal((seeds, dim))
    own_variance = bias * variance * rng.chisquare(synthetic - 1, (seeds, dim)) / (synthetic - 1)
    weights = 0.25 * np.arange(points)
    columns = []
    for weight in weights:
        moved_mean = (1 + weight) * mean - weight * own_mean
        moved_variance = ((1 + weight) * variance - weight * own_variance).clip(0)
        sampled = np.sqrt(bias * moved_variance)
        columns.append(np.sqrt((moved_mean**2).sum(axis=1) + ((sampled - 1) ** 2).sum(axis=1)))
    return {"generations": (100 * weights).astype(int), "w2": np.stack(columns, axis=1)}
