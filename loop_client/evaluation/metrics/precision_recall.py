"""Precision and recall of a generator: how much of what it makes is realistic, and how much of reality it makes.

Kynkaanniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", NeurIPS 2019.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from motion.errors import InvalidInput


class PrecisionRecall(NamedTuple):
    """Precision and recall.

    Attributes:
        precision: share of samples inside the manifold of real motions.
        recall: share of real motions inside the manifold of samples.
    """

    precision: float
    recall: float


def precision_recall(samples: np.ndarray, real: np.ndarray, k: int = 3) -> PrecisionRecall:
    """Compute precision and recall.

    The manifold of a set is the union of balls around its embeddings, each with the distance to its `k`-th neighbour as
    radius.

    Args:
        samples: (n, d) embeddings of samples.
        real: (m, d) embeddings of real motions.
        k: the neighbour that gives the radius.

    Raises:
        InvalidInput: a set has `k` embeddings or fewer.
    """
    for name, embeddings in (("samples", samples), ("real", real)):
        if len(embeddings) <= k:
            raise InvalidInput.of(name, f"has {len(embeddings)} embeddings; must have more than k = {k}")
    return PrecisionRecall(_covered_share(samples, real, k), _covered_share(real, samples, k))


def _covered_share(embeddings: np.ndarray, others: np.ndarray, k: int) -> float:
    """Compute the share of `embeddings` inside the manifold of `others`."""
    embeddings, others = np.asarray(embeddings, np.float64), np.asarray(others, np.float64)
    # The nearest neighbour of an embedding is itself.
    radii = NearestNeighbors(n_neighbors=k + 1).fit(others).kneighbors(others)[0][:, -1]
    return float((cdist(embeddings, others) <= radii).any(axis=1).mean())
