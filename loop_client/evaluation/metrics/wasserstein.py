"""Wasserstein distance of two clouds of equal size: the cheapest way of moving one onto the other."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from motion.errors import InvalidInput


def wasserstein(embeddings: np.ndarray, reference: np.ndarray, order: int = 2) -> float:
    """The `order`-Wasserstein distance (1 or 2) of two clouds (n, d), each point weighing 1 / n, with Euclidean cost.

    Exact, by assignment (Peyre and Cuturi, "Computational Optimal Transport", 2019, section 2.3); n^3 in time.

    Raises:
        InvalidInput: shapes differ; match the sizes first.
    """
    if np.shape(embeddings) != np.shape(reference) or not len(embeddings):
        raise InvalidInput.of(
            "embeddings",
            f"have shape {np.shape(embeddings)}, the reference {np.shape(reference)}; must be equal and not empty",
        )
    cost = cdist(np.asarray(embeddings, np.float64), np.asarray(reference, np.float64)) ** order
    return float(cost[linear_sum_assignment(cost)].mean() ** (1 / order))
