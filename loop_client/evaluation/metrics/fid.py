"""The Frechet distance of two sets of embeddings."""

from __future__ import annotations

import numpy as np


def fid(embeddings: np.ndarray, reference: np.ndarray) -> float:
    """Compute the Frechet distance of two Gaussians, with the means and covariances (over n - 1) of two sets.

    Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", NeurIPS 2017, eq. 6. It is defined even with fewer
    samples than dimensions. For all distributions it falls as n grows, so that only values of equal n are comparable.

    Args:
        embeddings: (n, d).
        reference: (m, d).
    """
    return frechet_distance(*mean_covariance(embeddings), *mean_covariance(reference))


def mean_covariance(embeddings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the mean (d,) and covariance (d, d) of at least two embeddings (n, d), in double precision."""
    embeddings = np.asarray(embeddings, np.float64)
    return embeddings.mean(axis=0), np.atleast_2d(np.cov(embeddings, rowvar=False))


def frechet_distance(
    mean: np.ndarray, covariance: np.ndarray, reference_mean: np.ndarray, reference_covariance: np.ndarray
) -> float:
    """Compute the Frechet distance |mu - mu'|^2 + tr(C + C' - 2 (C C')^1/2) of two Gaussians, at least 0.

    tr (C C')^1/2 is computed as the sum of the singular values of C^1/2 C'^1/2. Symmetric roots exist for singular
    covariances too, for which a root of the product is not unique and may come out complex.

    Args:
        mean: (d,) mean of the first Gaussian.
        covariance: (d, d) covariance of the first Gaussian.
        reference_mean: (d,) mean of the second.
        reference_covariance: (d, d) covariance of the second.
    """
    root, reference_root = _symmetric_root(covariance), _symmetric_root(reference_covariance)
    overlap = np.linalg.svd(root @ reference_root, compute_uv=False).sum()
    shift = np.sum((np.asarray(mean, np.float64) - reference_mean) ** 2)
    return max(0.0, float(shift + np.trace(covariance) + np.trace(reference_covariance) - 2 * overlap))


def _symmetric_root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(np.asarray(covariance, np.float64))
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
