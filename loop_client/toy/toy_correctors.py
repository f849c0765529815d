"""Corrections of points."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from loop_client.toy.distributions import Distribution
from loop_client.toy.image_sets import ImageSet, split_images

ToyCorrector = Callable[[np.ndarray, float, Distribution, np.random.Generator], np.ndarray]
"""(samples (runs, n, dim), gamma, real distribution, rng) -> corrected samples of the same shape.

Gamma is the strength of the correction, from 0 to infinity."""

_BINS = 10
_CLUSTERED = 10_000  # real points that are clustered
_CLASS_COST = 1e6  # above any squared distance between images
_PROPOSALS, _MAX_ROUNDS = 64, 10_000  # rejection sampling: proposals per round and run


def identity(samples: np.ndarray, gamma: float, real: Distribution, rng: np.random.Generator) -> np.ndarray:
    """Return the samples as they are."""
    return samples


def oracle(samples: np.ndarray, gamma: float, real: Distribution, rng: np.random.Generator) -> np.ndarray:
    """Replace each sample with a real one with probability gamma / (1 + gamma).

    This is the mixture of definition 4.1 of Gillman et al., ICML 2024, with the real distribution as the source of
    corrections.
    """
    runs, n, _ = samples.shape
    replaced = rng.random((runs, n, 1)) < _correction_share(gamma)
    return np.where(replaced, real.draw(rng, runs, n), samples)


def histogram(samples: np.ndarray, gamma: float, real: Distribution, rng: np.random.Generator) -> np.ndarray:
    """Sample from the mixture of `oracle` by the published method for two dimensions, with N(0, I) as the truth q.

    Gillman et al., section 5. The density h of the samples is a histogram of 10 x 10 bins over their extent. The bins
    at the lower edges are twice as wide, because the published code truncates numbers between -1 and 0 to 0. Points of
    the mixture f = (1 - t) h + t q, t = gamma / (1 + gamma), are drawn by rejection from proposals of q, under the
    bound M q with M = max f / q(0). In the tails f exceeds this bound, so the density drawn from is min(q, f / M), and
    even gamma = 0 changes the samples.
    """
    runs, n, _ = samples.shape
    share, peak = _correction_share(gamma), 1 / (2 * np.pi)
    low, high = samples.min(axis=1), samples.max(axis=1)
    width = (high - low) / _BINS
    cells = _bin_numbers(samples, low, width)
    density = np.zeros((runs, _BINS * _BINS))
    np.add.at(density, (np.arange(runs)[:, None], cells), 1.0)
    density /= (n * width.prod(axis=1))[:, None]
    bound = ((1 - share) * density.max(axis=1) + share * peak) / peak
    accepted_points, counts = np.empty_like(samples), np.zeros(runs, int)
    unfinished = np.arange(runs)
    for _ in range(_MAX_ROUNDS):
        proposed = rng.standard_normal((len(unfinished), _PROPOSALS, 2))
        normal = peak * np.exp(-0.5 * (proposed**2).sum(axis=2))
        sampled = np.take_along_axis(
            density[unfinished], _bin_numbers(proposed, low[unfinished], width[unfinished]), axis=1
        )
        outside = (proposed > high[unfinished, None]) | (proposed <= (low - width)[unfinished, None])
        sampled[outside.any(axis=2)] = 0.0
        mixed = (1 - share) * sampled + share * normal
        accepted = rng.random(normal.shape) * bound[unfinished, None] * normal < mixed
        rank = accepted.cumsum(axis=1) - 1 + counts[unfinished, None]
        rows, columns = np.nonzero(accepted & (rank < n))
        accepted_points[unfinished[rows], rank[rows, columns]] = proposed[rows, columns]
        counts[unfinished] = np.minimum(rank[:, -1] + 1, n)
        unfinished = unfinished[counts[unfinished] < n]
        if not len(unfinished):
            return accepted_points
    raise RuntimeError(f"rejection sampling accepted fewer than {n} of {_MAX_ROUNDS * _PROPOSALS} proposals")


def centroid(
    samples: np.ndarray, gamma: float, real: Distribution, rng: np.random.Generator, centers: int = 16
) -> np.ndarray:
    """Replace each sample with the nearest of some centres of real points, with probability gamma / (1 + gamma).

    Images are replaced with the nearest centre of their own class, as Gillman et al. do on MNIST (section 6).
    """
    chosen = rng.random(samples.shape[:2]) < _correction_share(gamma)
    images = real.images
    corrected = samples.copy()
    if images is None:
        found = _centers(real.draw(np.random.default_rng(0), 1, _CLUSTERED)[0], centers)
        corrected[chosen] = found[cdist(samples[chosen], found).argmin(axis=1)]
        return corrected
    for number in range(images.classes):
        here = chosen & (split_images(samples)[1] == number)
        if here.any():
            found = _class_centers(images, number, centers)
            corrected[here] = found[cdist(samples[here], found).argmin(axis=1)]
    return corrected


def transport(samples: np.ndarray, gamma: float, real: Distribution, rng: np.random.Generator) -> np.ndarray:
    """Move each sample towards a real one by the share gamma / (1 + gamma) of the way, paired by optimal transport.

    Images move towards images of their own class.
    """
    runs, n, _ = samples.shape
    moved = samples.copy()
    for run, targets in enumerate(real.draw(rng, runs, n)):
        cost = cdist(samples[run], targets, "sqeuclidean")
        pairs = linear_sum_assignment(cost + _CLASS_COST * _class_differs(samples[run], targets, real))[1]
        moved[run] += _correction_share(gamma) * (targets[pairs] - samples[run])
        if real.images:
            moved[run, :, -1] = samples[run, :, -1]
    return moved


def _class_differs(samples: np.ndarray, targets: np.ndarray, real: Distribution) -> np.ndarray | float:
    """Return which pairs of images (n, dim) are of different classes, (n, n); 0 where points are not images."""
    return split_images(samples)[1][:, None] != split_images(targets)[1][None] if real.images else 0.0


@cache
def _class_centers(images: ImageSet, number: int, centers: int) -> np.ndarray:
    """Compute the centres of one class of training images, with the class in their last coordinate."""
    return _centers(images.train[split_images(images.train)[1] == number], centers)


def _centers(points: np.ndarray, centers: int) -> np.ndarray:
    count = min(centers, len(points))
    return KMeans(count, n_init="auto", random_state=0).fit(points.astype(float)).cluster_centers_


def _bin_numbers(points: np.ndarray, low: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Return the numbers of the bins (runs, n) that points (runs, n, 2) lie in, or of the nearest ones."""
    bins = ((points - low[:, None]) / width[:, None]).clip(0, _BINS - 1).astype(int)
    return bins[..., 0] * _BINS + bins[..., 1]


def _correction_share(gamma: float) -> float:
    return 1.0 if np.isinf(gamma) else gamma / (1 + gamma)


def corrector_of(name: str, centers: int) -> ToyCorrector:
    """Return the corrector `name` of an arm; only `centroid` has a number of centres."""
    return partial(centroid, centers=centers) if name == "centroid" else CORRECTORS[name]


CORRECTORS: dict[str, ToyCorrector] = {
    "identity": identity,
    "oracle": oracle,
    "histogram": histogram,
    "centroid": centroid,
    "transport": transport,
}
