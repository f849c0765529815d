"""Diversity, the distance of the samples of one model to each other."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import pdist


def diversity(embeddings: np.ndarray) -> float:
    """Compute the mean Euclidean distance over all pairs of embeddings (n, d); 0 for fewer than two.

    `paired_diversity` estimates the same from 300 random pairs, with the noise of drawing them.
    """
    return float(pdist(np.asarray(embeddings, np.float64)).mean()) if len(embeddings) > 1 else 0.0


def paired_diversity(embeddings: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """Compute the mean Euclidean distance of the pairs (first[i], second[i]).

    Guo et al., "Generating Diverse and Natural 3D Human Motions from Text", CVPR 2022, whose evaluation draws 300
    indices twice, each time without replacement.

    Args:
        embeddings: (n, d).
        first: (pairs,) indices of embeddings.
        second: (pairs,) indices of embeddings.
    """
    return float(np.linalg.norm(embeddings[first] - embeddings[second], axis=1).mean())


def multimodality(embeddings: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """Compute the mean Euclidean distance of the pairs of samples (first[i], second[i]) of one text, over all texts.

    Guo et al., CVPR 2022, whose evaluation draws 10 pairs of the 30 samples of each of 100 texts.

    Args:
        embeddings: (texts, samples, d).
        first: (pairs,) indices of samples.
        second: (pairs,) indices of samples.
    """
    return float(np.linalg.norm(embeddings[:, first] - embeddings[:, second], axis=2).mean())


def draw_pairs(count: int, pairs: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw pairs of indices as the published evaluation does, with numpy's legacy generator.

    Args:
        count: number of items.
        pairs: number of pairs, at most `count`.
        seed: seed of the draw.

    Returns:
        Two draws of indices, each without replacement.
    """
    rng = np.random.RandomState(seed)
    pairs = min(pairs, count)
    return rng.choice(count, pairs, replace=False), rng.choice(count, pairs, replace=False)
