"""A Gaussian, fitted by its mean and covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loop_client.toy.point_set import PointSet
from loop_client.toy.toy_model import RngFactory


@dataclass(frozen=True, eq=False)
class Gaussian:
    """One Gaussian for each run.

    Attributes:
        mean: (runs, dim).
        covariance: (runs, dim, dim).
    """

    mean: np.ndarray
    covariance: np.ndarray


@dataclass(frozen=True)
class GaussianModel:
    """A `ToyModel`: a Gaussian, fitted in closed form.

    Attributes:
        unbiased: use the unbiased covariance (division by n - 1) instead of the maximum-likelihood one.
        ridge: added to the diagonal of the covariance.
    """

    unbiased: bool = True
    ridge: float = 0.0

    def train(self, training_set: Sequence[PointSet], previous: Gaussian | None, rng_for: RngFactory) -> Gaussian:
        """Compute mean and covariance of the training set."""
        n = sum(len(points) for points in training_set)
        total = sum(points.moments[0] for points in training_set)
        squares = sum(points.moments[1] for points in training_set)
        mean = np.asarray(total) / n
        covariance = (squares - n * mean[:, :, None] * mean[:, None]) / (n - 1 if self.unbiased else n)
        return Gaussian(mean, covariance + self.ridge * np.eye(mean.shape[1]))

    def sample(self, model: Gaussian, n: int, bias: float, rng: np.random.Generator) -> np.ndarray:
        """Sample from N(mean, bias · covariance): Alemohammad et al., ICLR 2024, section 2."""
        # A covariance that has all but collapsed may not be positive definite in floating point, which Cholesky needs
        # and an eigendecomposition does not.
        values, vectors = np.linalg.eigh(model.covariance)
        root = vectors * np.sqrt(np.maximum(bias * values, 0.0))[:, None]
        noise = rng.standard_normal((len(model.mean), n, model.mean.shape[1]))
        return model.mean[:, None] + noise @ root.transpose(0, 2, 1)
