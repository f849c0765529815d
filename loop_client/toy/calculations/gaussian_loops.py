"""The loops on a Gaussian, simulated by its sufficient statistics.

Mean and covariance of a sample are all that a Gaussian is fitted to, and their distribution is known: normal and
Wishart. Drawing them instead of points gives the same loop exactly, whatever the number of points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loop_client.experiments.checks import Curves
from motion.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class SampleMoments:
    """The sufficient statistics of samples, one for each seed.

    Attributes:
        count: (seeds,) points of each sample.
        mean: (seeds, dim).
        scatter: (seeds, dim, dim) sum of outer products of the differences to the mean.
    """

    count: np.ndarray
    mean: np.ndarray
    scatter: np.ndarray

    def joined(self, other: SampleMoments) -> SampleMoments:
        """Return the statistics of both samples together."""
        count = self.count + other.count
        difference = other.mean - self.mean
        weight = (other.count / np.maximum(count, 1))[:, None]
        # The product of the counts may exceed what integers hold.
        between = (self.count / np.maximum(count, 1) * other.count)[:, None, None]
        scatter = self.scatter + other.scatter + between * difference[:, :, None] * difference[:, None]
        return SampleMoments(count, self.mean + weight * difference, scatter)


def draw_moments(
    mean: np.ndarray, covariance: np.ndarray, count: np.ndarray, rng: np.random.Generator
) -> SampleMoments:
    """Draw the statistics of samples from Gaussians.

    Args:
        mean: (seeds, dim).
        covariance: (seeds, dim, dim).
        count: (seeds,) points of each sample; may be 0.
        rng: the source of randomness.
    """
    seeds, dim = mean.shape
    root = _factor(covariance)
    spread = np.sqrt(1 / np.maximum(count, 1))[:, None]
    drawn = mean + (root @ rng.standard_normal((seeds, dim, 1)))[..., 0] * spread
    # Bartlett's decomposition of a Wishart matrix; with fewer degrees of freedom than dimensions it is singular, and
    # what is left of them is drawn as points.
    freedom = (count - 1).clip(0)
    if freedom.min(initial=dim) >= dim:
        lower = np.tril(rng.standard_normal((seeds, dim, dim)), -1)
        diagonal = np.sqrt(rng.chisquare(freedom[:, None] - np.arange(dim)))
        lower[:, np.arange(dim), np.arange(dim)] = diagonal
        factor = root @ lower
    else:
        most = int(freedom.max(initial=0))
        points = rng.standard_normal((seeds, dim, most)) * (np.arange(most) < freedom[:, None])[:, None]
        factor = root @ points
    return SampleMoments(count, drawn, factor @ factor.transpose(0, 2, 1))


def gaussian_loop(
    seeds: int,
    rng: np.random.Generator,
    *,
    strategy: str = "augment",
    n: int = 100,
    synthetic: int = 0,
    dim: int = 1,
    generations: int = 10,
    every: int = 1,
    bias: float = 1.0,
    gamma: float = 0.0,
    distance: float = 0.0,
    anisotropy: float = 1.0,
    first: int = 0,
) -> Curves:
    """Run a self-consuming loop on a Gaussian whose truth is N(0, I).

    Args:
        seeds: number of runs.
        rng: the source of randomness.
        strategy: `replace`, `augment` or `fresh`, as in `loop_client.strategy`.
        n: real points per generation.
        synthetic: synthetic points per generation; 0 for the baseline.
        dim: the dimension.
        generations: after generation 0.
        every: metrics are recorded every so many generations.
        bias: factor of the covariance in sampling (Alemohammad et al., section 2.3).
        gamma: strength of the correction of definition 4.1 of Gillman et al.
        distance: if above 0, generation 0 is N(distance e1, I) instead of a fit.
        anisotropy: if not 1, generation 0 is N(0, diag(1, anisotropy², ...)) instead of a fit.
        first: points that generation 0 is fitted to; 0 for n.

    Returns:
        For each recorded generation: `variance` and `mean_square` (per dimension), `root` (the first diagonal element
        of the root of the covariance, divided by that of generation 0), `last_root` (the last one), `mean_distance`
        and `w2` to the truth.
    """
    if strategy not in ("replace", "augment", "fresh"):
        raise InvalidInput.of("strategy", f"is {strategy!r}; must be 'replace', 'augment' or 'fresh'")
    truth_mean, truth = np.zeros((seeds, dim)), np.broadcast_to(np.eye(dim), (seeds, dim, dim))

    def real(count: int) -> SampleMoments:
        return draw_moments(truth_mean, truth, np.full(seeds, count), rng)

    first_real = real(n)
    start = first_real if first in (0, n) else real(first)
    mean, covariance = _fit(start)
    if distance > 0 or anisotropy != 1:
        mean = np.zeros((seeds, dim))
        mean[:, 0] = distance
        scales = np.ones(dim)
        scales[1:] = anisotropy**2
        covariance = np.broadcast_to(np.diag(scales), (seeds, dim, dim))
    root_of_first = _root(covariance)
    share = 1.0 if np.isinf(gamma) else gamma / (1 + gamma)
    recorded: dict[int, dict[str, np.ndarray]] = {0: _measure(mean, covariance, root_of_first)}
    for generation in range(1, generations + 1):
        parts = [] if strategy == "replace" else [real(n) if strategy == "fresh" else first_real]
        if synthetic:
            corrected = rng.binomial(synthetic, share, seeds)
            parts.append(draw_moments(mean, bias * covariance, synthetic - corrected, rng))
            if share:
                parts.append(draw_moments(truth_mean, truth, corrected, rng))
        together = parts[0]
        for part in parts[1:]:
            together = together.joined(part)
        mean, covariance = _fit(together)
        if generation % every == 0 or generation == generations:
            recorded[generation] = _measure(mean, covariance, root_of_first)
    names = recorded[0]
    curves = {name: np.stack([values[name] for values in recorded.values()], axis=1) for name in names}
    return {"generations": np.array(list(recorded)), **curves}


def _fit(sample: SampleMoments) -> tuple[np.ndarray, np.ndarray]:
    return sample.mean, sample.scatter / (sample.count - 1)[:, None, None]


def _factor(covariance: np.ndarray) -> np.ndarray:
    """Return a factor F of each covariance, F Fᵀ; a covariance that has all but collapsed may have no Cholesky one."""
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(covariance)
        return vectors * np.sqrt(values.clip(0))[:, None]


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(values.clip(0))[:, None]) @ vectors.transpose(0, 2, 1)


def _measure(mean: np.ndarray, covariance: np.ndarray, root_of_first: np.ndarray) -> dict[str, np.ndarray]:
    dim = mean.shape[1]
    values, vectors = np.linalg.eigh(covariance)
    roots = np.sqrt(values.clip(0))
    diagonal = (vectors**2 * roots[:, None]).sum(axis=2)
    first = np.diagonal(root_of_first, axis1=1, axis2=2)
    square = (mean**2).sum(axis=1)
    return {
        "variance": values.mean(axis=1),
        "deviation": np.sqrt(values.mean(axis=1).clip(0)),
        "mean_square": square / dim,
        "mean_distance": np.sqrt(square),
        "root": diagonal[:, 0] / first[:, 0],
        "last_root": diagonal[:, -1] / first[:, -1],
        "w2": np.sqrt(square + ((roots - 1) ** 2).sum(axis=1)),
    }
