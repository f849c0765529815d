"""Precision and recall of a generator: what it makes is real, and what is real it makes.

Kynkaanniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", NeurIPS 2019.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from motion.errors import InvalidInput


class PrecisionRecall(NamedTuple):
    """Shares from 0 to 1."""

    precision: float
    recall: float


def precision_recall(samples: np.ndarray, real: np.ndarray, k: int = 3) -> PrecisionRecall:
    """Precision, the share of `samples` (n, d) inside the manifold of `real` (m, d), and recall, the other way round.

    A cloud's manifold is the union of balls around its points, each as large as the distance to its `k`-th neighbour.

    Raises:
        InvalidInput: a cloud has not more than `k` points.
    """
    for name, cloud in (("samples", samples), ("real", real)):
        if len(cloud) <= k:
            raise InvalidInput.of(name, f"has {len(cloud)} points; must have more than k = {k}")
    return PrecisionRecall(_covered(samples, real, k), _covered(real, samples, k))


def _covered(points: np.ndarray, by: np.ndarray, k: int) -> float:
    """Share of `points` that lie in a ball of the cloud `by`."""
    points, by = np.asarray(points, np.float64), np.asarray(by, np.float64)
    radii = NearestNeighbors(n_neighbors=k + 1).fit(by).kneighbors(by)[0][:, -1]  # the nearest is the point itself
    return float((cdist(points, by) <= radii).any(axis=1).mean())
