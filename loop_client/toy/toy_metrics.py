"""What is measured of models of points, for each run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from loop_client.evaluation.metrics.fid import fid as frechet
from loop_client.evaluation.metrics.precision_recall import precision_recall
from loop_client.toy.distributions import Distribution
from loop_client.toy.gaussian import Gaussian
from loop_client.toy.images import split
from loop_client.toy.kernel_density import KernelDensity

_NEAR = 3.0  # a sample belongs to a mode within so many of its deviations
_SAMPLES = 10  # fewest that say anything
_HELD = 0.2  # a mode is recalled that has this share of what it should have


@dataclass(frozen=True, eq=False)
class Look:
    """What a metric may look at.

    Attributes:
        model: what the generator fitted.
        samples: of it, (runs, n, dim), with the arm's bias, if it has one; real, as many real points.
        distribution: the real one.
    """

    model: Any
    samples: np.ndarray
    real: np.ndarray
    distribution: Distribution


def gaussian_w2(look: Look) -> np.ndarray:
    """2-Wasserstein distance of a fitted Gaussian to the standard normal: Dowson and Landau, "The Fréchet distance
    between multivariate normal distributions", 1982."""
    model: Gaussian = look.model
    values = np.linalg.eigvalsh(model.covariance).clip(0)
    return np.sqrt((model.mean**2).sum(axis=1) + ((np.sqrt(values) - 1) ** 2).sum(axis=1))


def mean_distance(look: Look) -> np.ndarray:
    """Distance of a fitted Gaussian's mean to that of the standard normal."""
    model: Gaussian = look.model
    return np.linalg.norm(model.mean, axis=1)


def deviation(look: Look) -> np.ndarray:
    """Root of the mean variance of a fitted Gaussian."""
    model: Gaussian = look.model
    return np.sqrt(np.trace(model.covariance, axis1=1, axis2=2).clip(0) / model.mean.shape[1])


def total_variation(look: Look) -> np.ndarray:
    """Half the integral of the absolute difference of a kernel density estimate and the real density."""
    model: KernelDensity = look.model
    edges, mass = model.mass()
    assert look.distribution.mass is not None
    wanted = look.distribution.mass(edges)
    return 0.5 * (np.abs(mass - wanted).sum(axis=1) + np.abs(1 - mass.sum(axis=1)) + (1 - wanted.sum()))


def spread_in_modes(look: Look) -> np.ndarray:
    """Deviation of samples around the nearest centre, in units of the real one; less than 1 is a collapse to it."""
    assert look.distribution.centers is not None
    return np.array([_nearest(run, look.distribution)[1] for run in look.samples])


def recalled_modes(look: Look) -> np.ndarray:
    """Share of modes that have at least a fifth of their share of samples within three deviations."""
    return np.array([_nearest(run, look.distribution)[0] for run in look.samples])


def w1(look: Look) -> np.ndarray:
    """1-Wasserstein distance between samples and as many real points, by the best assignment."""
    return np.array([_assigned(cdist(*pair)) for pair in zip(look.samples, look.real, strict=True)])


def w2(look: Look) -> np.ndarray:
    """2-Wasserstein distance, likewise."""
    pairs = zip(look.samples, look.real, strict=True)
    return np.sqrt([_assigned(cdist(*pair, "sqeuclidean")) for pair in pairs])


def tail(look: Look) -> np.ndarray:
    """Share of samples beyond the 99th percentile of the real points' distance to their median."""
    middle = np.median(look.real, axis=1, keepdims=True)
    edge = np.quantile(np.linalg.norm(look.real - middle, axis=2), 0.99, axis=1, keepdims=True)
    return (np.linalg.norm(look.samples - middle, axis=2) > edge).mean(axis=1)


def reach(look: Look) -> np.ndarray:
    """Distance of the farthest sample to the median of the real points."""
    middle = np.median(look.real, axis=1, keepdims=True)
    return np.linalg.norm(look.samples - middle, axis=2).max(axis=1)


def precision(look: Look) -> np.ndarray:
    """Share of samples among the real points (k = 5): Kynkäänniemi et al., NeurIPS 2019. Of images, in the features
    that a classifier of the real ones has, as Alemohammad et al. do."""
    return np.array([precision_recall(a, b, k=5)[0] for a, b in _seen(look)])


def recall(look: Look) -> np.ndarray:
    """Share of real points among the samples (k = 5), likewise."""
    return np.array([precision_recall(a, b, k=5)[1] for a, b in _seen(look)])


def fid(look: Look) -> np.ndarray:
    """Fréchet distance between features of samples and of as many test images (Heusel et al., NeurIPS 2017)."""
    return np.array([frechet(*pair) for pair in _seen(look)])


def fid_100(look: Look) -> np.ndarray:
    """The same of a hundred samples, as Gillman et al. report it; few samples raise it."""
    return np.array([frechet(samples[:100], real) for samples, real in _seen(look)])


def accuracy(look: Look) -> np.ndarray:
    """Share of images that a classifier of the real ones takes for what they were asked to be."""
    assert look.distribution.images is not None
    told = look.distribution.images.features
    return np.array([(told.classes(pixels) == classes).mean() for pixels, classes in map(split, look.samples)])


def _seen(look: Look) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Samples and real points of each run: of images their features."""
    images = look.distribution.images
    for samples, real in zip(look.samples, look.real, strict=True):
        if images is None:
            yield samples, real
        else:
            yield images.features(split(samples)[0]), images.features(split(real)[0])


def _nearest(points: np.ndarray, distribution: Distribution) -> tuple[float, float]:
    centers, scale = distribution.centers, distribution.scale
    assert centers is not None
    distance = cdist(points, centers)
    mode, least = distance.argmin(axis=1), distance.min(axis=1)
    near = least < _NEAR * scale
    counts = np.bincount(mode[near], minlength=len(centers))
    held = float((counts >= _HELD * len(points) / len(centers)).mean())
    return held, float(np.sqrt((least**2).mean() / points.shape[1]) / scale)


def _assigned(cost: np.ndarray) -> float:
    return float(cost[linear_sum_assignment(cost)].mean())


@dataclass(frozen=True)
class Metric:
    """A metric, and what it can be measured of.

    Attributes:
        measure: of each run, (runs,).
        model: the kind of generator whose model it reads; any, where it looks at samples.
        data: the kind of data that it compares with, where it compares with one.
        property: of the distribution, without which it cannot be had.
    """

    measure: Callable[[Look], np.ndarray]
    model: str = ""
    data: str = ""
    property: str = ""

    def lacks(self, model: str, data: str, distribution: Distribution, samples: int) -> str:
        """Why it cannot be measured there, or nothing."""
        if self.model and model != self.model:
            return f"is read off a {self.model} model; the generator is {model!r}"
        if self.data and data != self.data:
            return f"is a distance to {self.data} data; the data is {data!r}"
        if self.property and getattr(distribution, self.property) is None:
            return f"needs data that has {self.property}; {data!r} has none"
        if not self.model and samples < _SAMPLES:
            return f"is measured on samples; samples must be at least {_SAMPLES}, and is {samples}"
        return ""


METRICS: dict[str, Metric] = {
    "gaussian_w2": Metric(gaussian_w2, "gaussian", "gaussian"),
    "mean_distance": Metric(mean_distance, "gaussian", "gaussian"),
    "deviation": Metric(deviation, "gaussian"),
    "total_variation": Metric(total_variation, "kernel-density", property="mass"),
    "spread_in_modes": Metric(spread_in_modes, property="centers"),
    "recalled_modes": Metric(recalled_modes, property="centers"),
    "tail": Metric(tail),
    "reach": Metric(reach),
    "w1": Metric(w1),
    "w2": Metric(w2),
    "precision": Metric(precision),
    "recall": Metric(recall),
    "fid": Metric(fid, property="images"),
    "fid_100": Metric(fid_100, property="images"),
    "accuracy": Metric(accuracy, property="images"),
}
