"""The Wasserstein distance of two sets of equal size, the least cost of moving one onto the other."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from motion.errors import InvalidInput


def wasserstein(embeddings: np.ndarray, reference: np.ndarray, order: int = 2) -> float:
    """Compute the Wasserstein distance of two sets of embeddings, each of which weighs 1 / n, with Euclidean cost.

    The distance is exact, by assignment (Peyre and Cuturi, "Computational Optimal Transport", 2019, section 2.3), and
    takes time of order n^3.

    Args:
        embeddings: (n, d).
        reference: (n, d).
        order: 1 or 2.

    Raises:
        InvalidInput: the shapes differ; draw sets of equal size first.
    """
    if np.shape(embeddings) != np.shape(reference) or not len(embeddings):
        raise InvalidInput.of(
            "embeddings",
            f"have shape {np.shape(embeddings)}, the reference {np.shape(reference)}; must be equal and not empty",
        )
    cost = cdist(np.asarray(embeddings, np.float64), np.asarray(reference, np.float64)) ** order
    return float(cost[linear_sum_assignment(cost)].mean() ** (1 / order))
