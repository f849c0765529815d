"""Retrieval metrics, which measure how well motions and their texts find each other in a common embedding.

Guo et al., "Generating Diverse and Natural 3D Human Motions from Text", CVPR 2022, section 5.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

from motion.errors import InvalidInput

BATCH = 32
"""Number of texts among which each motion's own is searched."""


def r_precision(texts: np.ndarray, motions: np.ndarray, top: int = 3, batch: int = BATCH) -> np.ndarray:
    """Compute R-precision by Euclidean distance.

    Args:
        texts: (n, d) embeddings of texts.
        motions: (n, d) embeddings of motions, in the same order.
        top: largest k.
        batch: number of pairs that are searched together. Batches are consecutive, and an incomplete last batch is not
            used.

    Returns:
        (top,) shares of texts whose own motion is among the nearest 1, 2 ... `top` motions of its batch.

    Raises:
        InvalidInput: the shapes differ, or there is no complete batch.
    """
    matrices = _distances(texts, motions, batch)
    own = np.diagonal(matrices, axis1=1, axis2=2)
    # Ties are ranked by column, as a stable sort of the distances would rank them.
    earlier = np.tril(np.ones((batch, batch), bool), -1)
    nearer = (matrices < own[..., None]) | ((matrices == own[..., None]) & earlier)
    rank = nearer.sum(-1)
    return np.array([(rank < k).mean() for k in range(1, top + 1)])


def matching_score(texts: np.ndarray, motions: np.ndarray) -> float:
    """Compute the matching score (MM-Dist), the mean Euclidean distance of each text to its own motion.

    Args:
        texts: (n, d) embeddings of texts.
        motions: (n, d) embeddings of motions, in the same order.

    Raises:
        InvalidInput: the shapes differ.
    """
    _check_pairs(texts, motions, 1)
    return float(np.linalg.norm(np.asarray(texts, np.float64) - np.asarray(motions, np.float64), axis=1).mean())


def _distances(texts: np.ndarray, motions: np.ndarray, batch: int) -> np.ndarray:
    """Compute the distances (batches, batch, batch) of all texts and motions of each batch."""
    _check_pairs(texts, motions, batch)
    whole = len(texts) // batch
    ranges = [slice(i * batch, (i + 1) * batch) for i in range(whole)]
    return np.stack([cdist(texts[rows], motions[rows]) for rows in ranges])


def _check_pairs(texts: np.ndarray, motions: np.ndarray, least: int) -> None:
    if np.shape(texts) != np.shape(motions) or np.ndim(texts) != 2 or len(texts) < least:
        raise InvalidInput.of(
            "texts", f"have shape {np.shape(texts)}, motions {np.shape(motions)}; both must be (n, d), n >= {least}"
        )
