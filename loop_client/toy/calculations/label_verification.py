"""A classifier trained on labels that a verifier has filtered: Feng et al., 2024."""

from __future__ import annotations

import numpy as np

from loop_client.experiments.checks import Curves
from loop_client.theory import collapse_threshold


def verified_classifier(
    seeds: int,
    rng: np.random.Generator,
    *,
    kept_good: float = 0.9,
    kept_bad: float = 0.3,
    samples: int = 4000,
    dim: int = 40,
    points: int = 9,
) -> Curves:
    """Train a linear classifier on synthetic labels of which a growing share is wrong.

    Below the threshold p* = 1 / (1 + psi / phi) the verifier leaves more right labels than wrong ones, and the
    classifier learns the truth; above it, the opposite of it.

    Args:
        seeds: number of runs.
        rng: the source of randomness.
        kept_good: phi, the probability that a right label is kept.
        kept_bad: psi, the probability that a wrong one is kept.
        samples: number of points before the verifier.
        dim: of the points, two Gaussians at distance 2.
        points: number of shares of wrong labels on either side of the threshold.

    Returns:
        By distance of the share to the threshold in percent, 2, 4, ... below it at even positions counted from the
        middle: `accuracy` of the classifier on fresh points; the abscissa is 50 plus that distance.
    """
    threshold = collapse_threshold(kept_good, kept_bad)
    offsets = 2 * np.arange(-points, points + 1)
    columns = []
    for offset in offsets:
        wrong = rng.random((seeds, samples)) < threshold + offset / 100
        kept = rng.random((seeds, samples)) < np.where(wrong, kept_bad, kept_good)
        sign = rng.choice([-1.0, 1.0], (seeds, samples))
        points_ = rng.standard_normal((seeds, samples, dim))
        points_[..., 0] += sign
        label = np.where(wrong, -sign, sign)
        direction = ((kept * label)[..., None] * points_).sum(axis=1)
        # Its accuracy on fresh points is Phi of its cosine with the truth, by the symmetry of both Gaussians.
        cosine = direction[:, 0] / np.linalg.norm(direction, axis=1)
        columns.append(_normal_cdf(cosine))
    return {"generations": 50 + offsets, "accuracy": np.stack(columns, axis=1)}


def _normal_cdf(x: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr

    return ndtr(x)
