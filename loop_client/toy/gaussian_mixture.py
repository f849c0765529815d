"""A mixture of Gaussians, fitted by expectation maximisation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from loop_client.toy.point_set import Part, gathered
from loop_client.toy.toy_model import Chance
from motion.errors import InvalidInput


@dataclass(frozen=True)
class GaussianMixtureModel:
    """scikit-learn's, with full covariances; means begin at those of the generation before, at first at k-means'."""

    components: int = 25
    iterations: int = 100

    def fit(self, parts: Sequence[Part], before: list[GaussianMixture] | None, chance: Chance) -> list[GaussianMixture]:
        points, rng = gathered(parts), chance("fit")
        if points.shape[1] < self.components:
            said = f"is {self.components}; there are {points.shape[1]} points to fit to"
            raise InvalidInput.of("generator.settings.components", said)
        fitted = []
        for run, cloud in enumerate(points):
            means = before[run].means_ if before else None
            mixture = GaussianMixture(
                self.components, max_iter=self.iterations, means_init=means, random_state=int(rng.integers(2**31))
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # once modes are lost, components have no place
                fitted.append(mixture.fit(cloud))
        return fitted

    def sample(self, model: list[GaussianMixture], n: int, bias: float, rng: np.random.Generator) -> np.ndarray:
        """Covariances are scaled by `bias`."""
        made = []
        for mixture in model:
            means = np.asarray(mixture.means_)
            chosen = rng.choice(self.components, n, p=mixture.weights_)
            noise = rng.standard_normal((n, means.shape[1], 1))
            # scikit-learn keeps the upper root of each precision; its inverse transposed is one of the covariance.
            roots = np.linalg.inv(mixture.precisions_cholesky_).transpose(0, 2, 1)
            made.append(means[chosen] + np.sqrt(bias) * (roots[chosen] @ noise)[..., 0])
        return np.stack(made)
