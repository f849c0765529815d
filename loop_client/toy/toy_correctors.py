"""Corrections of points."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from loop_client.toy.distributions import Distribution
from loop_client.toy.images import ImageSet, split

PointCorrector = Callable[[np.ndarray, float, Distribution, np.random.Generator], np.ndarray]
"""(samples (runs, n, dim), gamma, real distribution, rng) -> as many corrected ones."""

_BINS = 10
_CENTERS, _CENTERED = 16, 10_000  # centres of so many points
_FAR = 1e6  # more than any squared distance
_PROPOSED, _TRIES = 64, 10_000  # proposals at a time for each run, and how often at most


def identity(samples: np.ndarray, gamma: float, real: Distribution, rng: np.random.Generator) -> np.ndarray:
    return samples


def oracle(samples: np.ndarray, gamma: float, real: Distribution, rng: np.random.Generator) -> np.ndarray:
    """Each sample is replaced by a real one with probability gamma / (1 + gamma): the mixture of definition 4.1 of
    Gillman et al., ICML 2024, with the real distribution itself as where corrections come from."""
    runs, n, _ = samples.shape
    replaced = rng.random((runs, n, 1)) < _share(gamma)
    return np.where(replaced, real.draw(rng, runs, n), samples)


def histogram(samples: np.ndarray, gamma: float, real: Distribution, rng: np.random.Generator) -> np.ndarray:
    """The same mixture as Gillman et al. draw from it in two dimensions (section 5), with q = N(0, I) for the real
    distribution.

    The samples' density h is that of a histogram of 10 x 10 bins over their extent, of which those at the lower edges
    are twice as wide (a number between -1 and 0 cut to a whole one is 0). From f = (1 - t) h + t q with
    t = gamma / (1 + gamma) they draw by rejection from proposals of q under the bound M q with M = max f / q(0). In the
    tails f exceeds it, so that what is drawn has the density min(q, f / M); even gamma = 0 changes the samples.
    """
    runs, n, _ = samples.shape
    share, peak = _share(gamma), 1 / (2 * np.pi)
    low, high = samples.min(axis=1), samples.max(axis=1)
    width = (high - low) / _BINS
    cells = _cells(samples, low, width)
    density = np.zeros((runs, _BINS * _BINS))
    np.add.at(density, (np.arange(runs)[:, None], cells), 1.0)
    density /= (n * width.prod(axis=1))[:, None]
    bound = ((1 - share) * density.max(axis=1) + share * peak) / peak
    kept, have = np.empty_like(samples), np.zeros(runs, int)
    open_ = np.arange(runs)
    for _ in range(_TRIES):
        proposed = rng.standard_normal((len(open_), _PROPOSED, 2))
        normal = peak * np.exp(-0.5 * (proposed**2).sum(axis=2))
        there = np.take_along_axis(density[open_], _cells(proposed, low[open_], width[open_]), axis=1)
        outside = (proposed > high[open_, None]) | (proposed <= (low - width)[open_, None])
        there[outside.any(axis=2)] = 0.0
        mixed = (1 - share) * there + share * normal
        accepted = rng.random(normal.shape) * bound[open_, None] * normal < mixed
        rank = accepted.cumsum(axis=1) - 1 + have[open_, None]
        rows, columns = np.nonzero(accepted & (rank < n))
        kept[open_[rows], rank[rows, columns]] = proposed[rows, columns]
        have[open_] = np.minimum(rank[:, -1] + 1, n)
        open_ = open_[have[open_] < n]
        if not len(open_):
            return kept
    raise RuntimeError(f"{n} points were not accepted in {_TRIES * _PROPOSED} tries")


def centroid(samples: np.ndarray, gamma: float, real: Distribution, rng: np.random.Generator) -> np.ndarray:
    """Each sample is replaced by the nearest of 16 centres of real points, with probability gamma / (1 + gamma); of
    images, by the nearest of those of its class: Gillman et al. on MNIST."""
    chosen = rng.random(samples.shape[:2]) < _share(gamma)
    images = real.images
    corrected = samples.copy()
    if images is None:
        centers = _centers(real.draw(np.random.default_rng(0), 1, _CENTERED)[0])
        corrected[chosen] = centers[cdist(samples[chosen], centers).argmin(axis=1)]
        return corrected
    for number in range(images.classes):
        here = chosen & (split(samples)[1] == number)
        if here.any():
            centers = _class_centers(images, number)
            corrected[here] = centers[cdist(samples[here], centers).argmin(axis=1)]
    return corrected


def transport(samples: np.ndarray, gamma: float, real: Distribution, rng: np.random.Generator) -> np.ndarray:
    """Each sample is moved towards a real one by gamma / (1 + gamma) of the way, paired by optimal transport. Of images
    the class stays."""
    runs, n, _ = samples.shape
    moved = samples.copy()
    for run, wanted in enumerate(real.draw(rng, runs, n)):
        cost = cdist(samples[run], wanted, "sqeuclidean")
        pairs = linear_sum_assignment(cost + _FAR * _differ(samples[run], wanted, real))[1]
        moved[run] += _share(gamma) * (wanted[pairs] - samples[run])
        if real.images:
            moved[run, :, -1] = samples[run, :, -1]
    return moved


def _differ(samples: np.ndarray, wanted: np.ndarray, real: Distribution) -> np.ndarray | float:
    """Where samples and real images are of different classes, (n, n)."""
    return split(samples)[1][:, None] != split(wanted)[1][None] if real.images else 0.0


@cache
def _class_centers(images: ImageSet, number: int) -> np.ndarray:
    """Centres of one class of training images, with the class in their last coordinate as it is in the images."""
    return _centers(images.train[split(images.train)[1] == number])


def _centers(points: np.ndarray) -> np.ndarray:
    count = min(_CENTERS, len(points))
    return KMeans(count, n_init="auto", random_state=0).fit(points.astype(float)).cluster_centers_


def _cells(points: np.ndarray, low: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Numbers of the bins (runs, n) that points (runs, n, 2) fall into, or of the nearest."""
    place = ((points - low[:, None]) / width[:, None]).clip(0, _BINS - 1).astype(int)
    return place[..., 0] * _BINS + place[..., 1]


def _share(gamma: float) -> float:
    return 1.0 if np.isinf(gamma) else gamma / (1 + gamma)


CORRECTORS: dict[str, PointCorrector] = {
    "identity": identity,
    "oracle": oracle,
    "histogram": histogram,
    "centroid": centroid,
    "transport": transport,
}
