"""The kernel inception distance, which is not biased by the number of samples."""

from __future__ import annotations

import numpy as np

from motion.errors import InvalidInput


def kid(embeddings: np.ndarray, reference: np.ndarray) -> float:
    """Compute the unbiased squared maximum mean discrepancy under the kernel k(x, y) = (x.y / d + 1)^3.

    Binkowski et al., "Demystifying MMD GANs", ICLR 2018, section 4. It may be negative for sets of one distribution.

    Args:
        embeddings: (n, d).
        reference: (m, d).

    Raises:
        InvalidInput: a set has fewer than two embeddings, or their dimensions differ.
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


def _mean_of_pairs(embeddings: np.ndarray) -> float:
    """Compute the mean of the kernel over pairs of different embeddings."""
    kernel, count = _kernel(embeddings, embeddings), len(embeddings)
    return float((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))
