"""A mixture of Gaussians, fitted by expectation maximisation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from loop_client.toy.point_set import PointSet, concatenated
from loop_client.toy.toy_model import RngFactory
from motion.errors import InvalidInput


@dataclass(frozen=True)
class GaussianMixtureModel:
    """A `ToyModel`: scikit-learn's mixture with full covariances.

    Means start at those of the generation before, at first at those of k-means.

    Attributes:
        components: number of Gaussians.
        iterations: maximum of expectation-maximisation steps.
    """

    components: int = 25
    iterations: int = 100

    def train(
        self, training_set: Sequence[PointSet], previous: list[GaussianMixture] | None, rng_for: RngFactory
    ) -> list[GaussianMixture]:
        """Fit one mixture for each run.

        Raises:
            InvalidInput: there are fewer points than components.
        """
        points, rng = concatenated(training_set), rng_for("fit")
        if points.shape[1] < self.components:
            reason = f"is {self.components}; there are {points.shape[1]} points to fit to"
            raise InvalidInput.of("generator.settings.components", reason)
        mixtures = []
        for run, run_points in enumerate(points):
            means = previous[run].means_ if previous else None
            mixture = GaussianMixture(
                self.components, max_iter=self.iterations, means_init=means, random_state=int(rng.integers(2**31))
            )
            with warnings.catch_warnings():
                # Once modes are lost, some components have nowhere to converge to.
                warnings.simplefilter("ignore", ConvergenceWarning)
                mixtures.append(mixture.fit(run_points))
        return mixtures

    def sample(self, model: list[GaussianMixture], n: int, bias: float, rng: np.random.Generator) -> np.ndarray:
        """Sample from the mixtures, with all covariances scaled by `bias`."""
        samples = []
        for mixture in model:
            means = np.asarray(mixture.means_)
            chosen = rng.choice(self.components, n, p=mixture.weights_)
            noise = rng.standard_normal((n, means.shape[1], 1))
            # scikit-learn keeps the upper Cholesky factor of each precision. Its inverse, transposed, is a root of the
            # covariance.
            roots = np.linalg.inv(mixture.precisions_cholesky_).transpose(0, 2, 1)
            samples.append(means[chosen] + np.sqrt(bias) * (roots[chosen] @ noise)[..., 0])
        return np.stack(samples)
