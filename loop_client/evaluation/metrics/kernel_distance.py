"""Kernel inception distance: a distance of two clouds that sample size does not bias."""

from __future__ import annotations

import numpy as np

from motion.errors import InvalidInput


def kid(embeddings: np.ndarray, reference: np.ndarray) -> float:
    """Unbiased squared maximum mean discrepancy of clouds (n, d) and (m, d) under k(x, y) = (x.y / d + 1)^3.

    Binkowski et al., "Demystifying MMD GANs", ICLR 2018, section 4. May be negative for clouds of one distribution.

    Raises:
        InvalidInput: a cloud has fewer than two points, or they differ in dimension.
    """
    if min(len(embeddings), len(reference)) < 2 or np.shape(embeddings)[1] != np.shape(reference)[1]:
        raise InvalidInput.of(
            "embeddings",
            f"have shape {np.shape(embeddings)}, the reference {np.shape(reference)}; both must be (n, d), n >= 2",
        )
    a, b = np.asarray(embeddings, np.float64), np.asarray(reference, np.float64)
    return _mean_of_pairs(a) + _mean_of_pairs(b) - 2 * float(_kernel(a, b).mean())


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a @ b.T / a.shape[1] + 1) ** 3


def _mean_of_pairs(cloud: np.ndarray) -> float:
    """Mean of the kernel over pairs of different points."""
    kernel, count = _kernel(cloud, cloud), len(cloud)
    return float((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))
