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


def multimodality(embeddings: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """Mean Euclidean distance of samples (first[i], second[i]) of one text, averaged over texts: (texts, samples, d).

    Guo et al., CVPR 2022, whose evaluation draws 10 pairs of the 30 samples of each of 100 texts.
    """
    return float(np.linalg.norm(embeddings[:, first] - embeddings[:, second], axis=2).mean())


def draw_pairs(count: int, pairs: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two draws of `pairs` of `count` indices, each without replacement, one after the other.

    From numpy's legacy generator, as the published evaluation draws them. Where there are fewer than `pairs`, all.
    """
    rng = np.random.RandomState(seed)
    pairs = min(pairs, count)
    return rng.choice(count, pairs, replace=False), rng.choice(count, pairs, replace=False)
