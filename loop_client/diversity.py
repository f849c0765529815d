"""Diversity: how far the samples of one model lie from each other."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import pdist


def diversity(embeddings: np.ndarray) -> float:
    """Mean Euclidean distance over all pairs of a cloud (n, d); 0 with fewer than two points.

    What `paired_diversity` estimates from 300 random pairs, without the noise of drawing them.
    """
    return float(pdist(np.asarray(embeddings, np.float64)).mean()) if len(embeddings) > 1 else 0.0


def paired_diversity(embeddings: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """Mean Euclidean distance of the pairs (first[i], second[i]) of a cloud (n, d).

    Guo et al., "Generating Diverse and Natural 3D Human Motions from Text", CVPR 2022, whose evaluation draws 300
    indices twice, each time without replacement.
    """
    return float(np.linalg.norm(embeddings[first] - embeddings[second], axis=1).mean())
