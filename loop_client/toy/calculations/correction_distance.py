"""Example C.6 of Gillman et al.: whether correcting points gives the distribution that the theorems correct."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from loop_client.experiments.checks import Curves
from loop_client.toy.distributions import gaussian
from loop_client.toy.toy_correctors import histogram, oracle
from motion.errors import InvalidInput


def correction_distance(
    seeds: int,
    rng: np.random.Generator,
    *,
    corrector: str = "oracle",
    gamma: float = 1.0,
    scale: float = 1.0,
    least: int = 50,
    doublings: int = 6,
) -> Curves:
    """Measure sup |F - F'|, between corrected points and the mixture of definition 4.1, by the number of points.

    Args:
        seeds: number of samples.
        rng: the source of randomness.
        corrector: `oracle` (definition 4.1) or `histogram` (the published sampler).
        gamma: strength of the correction.
        scale: standard deviation of what is corrected; the truth has 1.
        least: smallest number of points.
        doublings: it is doubled so many times.

    Returns:
        By doubling: `distance`, in the first of two coordinates, and `scaled_distance`, which is it times the root of
        the number of points.
    """
    correct = {"oracle": oracle, "histogram": histogram}.get(corrector)
    if correct is None:
        raise InvalidInput.of("corrector", f"is {corrector!r}; must be 'oracle' or 'histogram'")
    sizes = least * 2 ** np.arange(doublings + 1)
    columns = []
    for n in sizes:
        samples = scale * rng.standard_normal((seeds, int(n), 2))
        corrected = np.sort(correct(samples, gamma, gaussian(2), rng)[..., 0], axis=1)
        expected = (ndtr(corrected / scale) + gamma * ndtr(corrected)) / (1 + gamma)
        below, above = np.arange(n) / n, np.arange(1, n + 1) / n
        columns.append(np.maximum(expected - below, above - expected).max(axis=1))
    distance = np.stack(columns, axis=1)
    return {
        "generations": np.arange(doublings + 1),
        "distance": distance,
        "scaled_distance": distance * np.sqrt(sizes),
    }
