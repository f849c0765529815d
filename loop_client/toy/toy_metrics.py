"""Metrics of models of points, one value for each run."""

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
from loop_client.toy.image_features import train_features
from loop_client.toy.image_sets import split_images
from loop_client.toy.kernel_density import KernelDensity
from loop_client.toy.model_parameters import NETWORK_KINDS, PARAMETER_KINDS, parameters_of

_MODE_RADIUS = 3.0  # a sample belongs to a mode within this many of its standard deviations
_MIN_SAMPLES = 10
_RECALLED_SHARE = 0.2  # a mode is recalled if it has at least this share of the samples that it should have

_DOWNSTREAM_STEPS = 500  # of a classifier that is trained on samples


@dataclass(frozen=True, eq=False)
class MetricInput:
    """The input of every metric.

    Attributes:
        model: the trained model, as the generator's `train` returned it.
        samples: (runs, n, dim) samples of it, with the arm's sampling bias.
        real: (runs, n, dim) real points that no model was trained on.
        distribution: the real distribution.
        first: the model of generation 0.
        random: (runs, p) parameters of a model before any training; None where no metric needs them.
    """

    model: Any
    samples: np.ndarray
    real: np.ndarray
    distribution: Distribution
    first: Any = None
    random: np.ndarray | None = None


def parameter_distance(given: MetricInput) -> np.ndarray:
    """Compute ‖θ_t - θ_0‖ / p, the distance of the p weights to those of generation 0: Bertrand et al., figure 8."""
    now, first = parameters_of(given.model), parameters_of(given.first)
    return np.linalg.norm(now - first, axis=1) / now.shape[1]


def random_distance(given: MetricInput) -> np.ndarray:
    """Compute ‖θ_0 - θ‖ / p for random weights θ, the scale of `parameter_distance`: the dashed line of figure 8."""
    first = parameters_of(given.first)
    assert given.random is not None
    return np.linalg.norm(given.random - first, axis=1) / first.shape[1]


def gaussian_w2(given: MetricInput) -> np.ndarray:
    """Compute the 2-Wasserstein distance of a fitted Gaussian to the standard normal.

    Dowson and Landau, "The Fréchet distance between multivariate normal distributions", 1982.
    """
    model: Gaussian = given.model
    values = np.linalg.eigvalsh(model.covariance).clip(0)
    return np.sqrt((model.mean**2).sum(axis=1) + ((np.sqrt(values) - 1) ** 2).sum(axis=1))


def mean_distance(given: MetricInput) -> np.ndarray:
    """Compute the distance of a fitted Gaussian's mean to that of the standard normal."""
    model: Gaussian = given.model
    return np.linalg.norm(model.mean, axis=1)


def deviation(given: MetricInput) -> np.ndarray:
    """Compute the root of the mean variance of a fitted Gaussian."""
    model: Gaussian = given.model
    return np.sqrt(np.trace(model.covariance, axis1=1, axis2=2).clip(0) / model.mean.shape[1])


def total_variation(given: MetricInput) -> np.ndarray:
    """Compute half the integral of the absolute difference of a kernel density estimate and the real density."""
    model: KernelDensity = given.model
    edges, mass = model.mass()
    assert given.distribution.mass is not None
    expected = given.distribution.mass(edges)
    return 0.5 * (np.abs(mass - expected).sum(axis=1) + np.abs(1 - mass.sum(axis=1)) + (1 - expected.sum()))


def spread(given: MetricInput) -> np.ndarray:
    """Compute the standard deviation of samples over all dimensions, divided by that of real points."""
    ours, real = (np.sqrt(each.var(axis=1, ddof=1).sum(axis=1)) for each in (given.samples, given.real))
    return ours / real


def spread_in_modes(given: MetricInput) -> np.ndarray:
    """Compute the standard deviation of samples around the nearest mode, divided by the real one.

    Less than 1 means that the samples collapse to the modes.
    """
    assert given.distribution.centers is not None
    return np.array([_mode_statistics(run, given.distribution)[1] for run in given.samples])


def recalled_modes(given: MetricInput) -> np.ndarray:
    """Compute the share of modes with at least a fifth of their expected samples within three standard deviations."""
    return np.array([_mode_statistics(run, given.distribution)[0] for run in given.samples])


def w1(given: MetricInput) -> np.ndarray:
    """Compute the 1-Wasserstein distance between samples and as many real points, by optimal assignment."""
    return np.array([_mean_assignment_cost(cdist(*pair)) for pair in zip(given.samples, given.real, strict=True)])


def w2(given: MetricInput) -> np.ndarray:
    """Compute the 2-Wasserstein distance likewise."""
    pairs = zip(given.samples, given.real, strict=True)
    return np.sqrt([_mean_assignment_cost(cdist(*pair, "sqeuclidean")) for pair in pairs])


def tail(given: MetricInput) -> np.ndarray:
    """Compute the share of samples beyond the 99th percentile of the real points' distance to their median."""
    middle = np.median(given.real, axis=1, keepdims=True)
    edge = np.quantile(np.linalg.norm(given.real - middle, axis=2), 0.99, axis=1, keepdims=True)
    return (np.linalg.norm(given.samples - middle, axis=2) > edge).mean(axis=1)


def reach(given: MetricInput) -> np.ndarray:
    """Compute the distance of the farthest sample to the median of the real points."""
    middle = np.median(given.real, axis=1, keepdims=True)
    return np.linalg.norm(given.samples - middle, axis=2).max(axis=1)


def precision(given: MetricInput) -> np.ndarray:
    """Compute the share of samples in the manifold of the real points (k = 5): Kynkäänniemi et al., NeurIPS 2019.

    Images are compared in the features of a classifier of the real ones, as by Alemohammad et al.
    """
    return np.array([precision_recall(a, b, k=5)[0] for a, b in _comparable(given)])


def recall(given: MetricInput) -> np.ndarray:
    """Compute the share of real points in the manifold of the samples (k = 5) likewise."""
    return np.array([precision_recall(a, b, k=5)[1] for a, b in _comparable(given)])


def precision_4(given: MetricInput) -> np.ndarray:
    """Compute `precision` with k = 4, as Bertrand et al. do."""
    return np.array([precision_recall(a, b, k=4)[0] for a, b in _comparable(given)])


def recall_4(given: MetricInput) -> np.ndarray:
    """Compute `recall` with k = 4 likewise."""
    return np.array([precision_recall(a, b, k=4)[1] for a, b in _comparable(given)])


def fid(given: MetricInput) -> np.ndarray:
    """Compute the Fréchet distance between features of samples and of test images (Heusel et al., NeurIPS 2017)."""
    return np.array([frechet(*pair) for pair in _comparable(given)])


def fid_100(given: MetricInput) -> np.ndarray:
    """Compute `fid` on 100 samples, as Gillman et al. report it; its bias is larger with few samples."""
    return np.array([frechet(samples[:100], real) for samples, real in _comparable(given)])


def accuracy(given: MetricInput) -> np.ndarray:
    """Compute the share of images that a classifier of the real ones assigns to the class they were sampled for."""
    assert given.distribution.images is not None
    classifier = given.distribution.images.features
    return np.array(
        [(classifier.classes(pixels) == classes).mean() for pixels, classes in map(split_images, given.samples)]
    )


def downstream_accuracy(given: MetricInput) -> np.ndarray:
    """Compute the share of real test images that a classifier recognises which was trained on the samples alone.

    The samples are labelled by the class that they were sampled for. The classifier is that of `ImageFeatures`, trained
    for 500 steps of 64 images, however many samples there are.
    """
    images = given.distribution.images
    assert images is not None
    real, expected = split_images(images.test)
    found = []
    for pixels, classes in map(split_images, given.samples):
        classifier = train_features(pixels.reshape(-1, *images.shape), classes, images.classes, steps=_DOWNSTREAM_STEPS)
        found.append((classifier.classes(real) == expected).mean())
    return np.array(found)


def _comparable(given: MetricInput) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield samples and real points of each run; of images, their features."""
    images = given.distribution.images
    for samples, real in zip(given.samples, given.real, strict=True):
        if images is None:
            yield samples, real
        else:
            yield images.features(split_images(samples)[0]), images.features(split_images(real)[0])


def _mode_statistics(points: np.ndarray, distribution: Distribution) -> tuple[float, float]:
    """Return the share of recalled modes and the relative spread around the nearest mode of points (n, dim)."""
    centers, scale = distribution.centers, distribution.scale
    assert centers is not None
    distance = cdist(points, centers)
    mode, least = distance.argmin(axis=1), distance.min(axis=1)
    near = least < _MODE_RADIUS * scale
    counts = np.bincount(mode[near], minlength=len(centers))
    recalled = float((counts >= _RECALLED_SHARE * len(points) / len(centers)).mean())
    return recalled, float(np.sqrt((least**2).mean() / points.shape[1]) / scale)


def _mean_assignment_cost(cost: np.ndarray) -> float:
    return float(cost[linear_sum_assignment(cost)].mean())


@dataclass(frozen=True)
class Metric:
    """A metric and its requirements.

    Attributes:
        measure: computes one value for each run, (runs,).
        model: the kind of generator whose model it reads; empty where it reads samples.
        data: the kind of data that it measures the distance to; empty where any kind will do.
        property: the attribute of the distribution that it needs; empty for none.
        weights: the kinds of generators whose weights it compares; empty where it compares none.
    """

    measure: Callable[[MetricInput], np.ndarray]
    model: str = ""
    data: str = ""
    property: str = ""
    weights: tuple[str, ...] = ()

    def missing_requirement(self, model: str, data: str, distribution: Distribution, samples: int) -> str:
        """Return why the metric cannot be computed in an experiment; an empty text where it can."""
        if self.model and model != self.model:
            return f"reads a {self.model} model; the generator is {model!r}"
        if self.data and data != self.data:
            return f"is a distance to {self.data} data; the data is {data!r}"
        if self.property and getattr(distribution, self.property) is None:
            return f"needs data that has {self.property}; {data!r} has none"
        if self.weights:
            return "" if model in self.weights else f"compares weights; the generator is {model!r}"
        if not self.model and samples < _MIN_SAMPLES:
            return f"is computed on samples, of which there are {samples}; samples must be at least {_MIN_SAMPLES}"
        return ""


METRICS: dict[str, Metric] = {
    "gaussian_w2": Metric(gaussian_w2, "gaussian", "gaussian"),
    "mean_distance": Metric(mean_distance, "gaussian", "gaussian"),
    "deviation": Metric(deviation, "gaussian"),
    "total_variation": Metric(total_variation, "kernel-density", property="mass"),
    "spread_in_modes": Metric(spread_in_modes, property="centers"),
    "spread": Metric(spread),
    "parameter_distance": Metric(parameter_distance, weights=PARAMETER_KINDS),
    "random_distance": Metric(random_distance, weights=NETWORK_KINDS),
    "recalled_modes": Metric(recalled_modes, property="centers"),
    "tail": Metric(tail),
    "reach": Metric(reach),
    "w1": Metric(w1),
    "w2": Metric(w2),
    "precision": Metric(precision),
    "recall": Metric(recall),
    "precision_4": Metric(precision_4),
    "recall_4": Metric(recall_4),
    "fid": Metric(fid, property="images"),
    "fid_100": Metric(fid_100, property="images"),
    "accuracy": Metric(accuracy, property="images"),
    "downstream_accuracy": Metric(downstream_accuracy, property="images"),
}
