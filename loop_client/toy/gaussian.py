"""A Gaussian, fitted by mean and covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loop_client.toy.point_set import Part
from loop_client.toy.toy_model import Chance


@dataclass(frozen=True, eq=False)
class Gaussian:
    """mean (runs, dim), covariance (runs, dim, dim)."""

    mean: np.ndarray
    covariance: np.ndarray


@dataclass(frozen=True)
class GaussianModel:
    """Maximum likelihood, or the unbiased covariance (division by n - 1), with `ridge` added to its diagonal."""

    unbiased: bool = True
    ridge: float = 0.0

    def fit(self, parts: Sequence[Part], before: Gaussian | None, chance: Chance) -> Gaussian:
        n = sum(len(part) for part in parts)
        total = sum(part.moments[0] for part in parts)
        squares = sum(part.moments[1] for part in parts)
        mean = np.asarray(total) / n
        covariance = (squares - n * mean[:, :, None] * mean[:, None]) / (n - 1 if self.unbiased else n)
        return Gaussian(mean, covariance + self.ridge * np.eye(mean.shape[1]))

    def sample(self, model: Gaussian, n: int, bias: float, rng: np.random.Generator) -> np.ndarray:
        """N(mean, bias · covariance): Alemohammad et al., ICLR 2024, section 2."""
        # Cholesky wants more than a covariance that has all but collapsed can give; eigenvectors do not.
        values, vectors = np.linalg.eigh(model.covariance)
        root = vectors * np.sqrt(np.maximum(bias * values, 0.0))[:, None]
        noise = rng.standard_normal((len(model.mean), n, model.mean.shape[1]))
        return model.mean[:, None] + noise @ root.transpose(0, 2, 1)
