"""A kernel density estimate in one dimension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft, rfft

from loop_client.toy.point_set import PointSet, concatenated
from loop_client.toy.toy_model import RngFactory

_REACH, _BINS = 6.0, 2048


@dataclass(frozen=True, eq=False)
class KernelDensity:
    """One kernel density estimate for each run.

    Attributes:
        points: (runs, n, 1) centres of the Gaussian kernels.
        bandwidth: standard deviation of every kernel.
    """

    points: np.ndarray
    bandwidth: float

    def mass(self) -> tuple[np.ndarray, np.ndarray]:
        """Compute the probability in narrow bins from -6 to 6.

        Points are counted by bin and smoothed in Fourier space. The error is of second order in the width of the
        bins, which are about a hundredth of a bandwidth wide.

        Returns:
            Edges (bins + 1,) and the probability between them (runs, bins).
        """
        edges = np.linspace(-_REACH, _REACH, _BINS + 1)
        bins = ((self.points[..., 0] + _REACH) / (2 * _REACH) * _BINS).astype(int).clip(0, _BINS - 1)
        runs = len(bins)
        flat = (bins + _BINS * np.arange(runs)[:, None]).ravel()
        counts = np.bincount(flat, minlength=runs * _BINS).reshape(runs, _BINS) / bins.shape[1]
        frequency = 2 * np.pi * np.arange(_BINS + 1) / (2 * _BINS) / (2 * _REACH / _BINS)
        smooth = np.asarray(
            irfft(rfft(counts, 2 * _BINS) * np.exp(-0.5 * (frequency * self.bandwidth) ** 2), 2 * _BINS)
        )
        return edges, np.maximum(smooth[:, :_BINS], 0.0)


@dataclass(frozen=True)
class KernelDensityModel:
    """A `ToyModel`: a kernel density estimate with the bandwidth `factor` · n^(-1/5).

    Attributes:
        factor: of the bandwidth.
    """

    factor: float = 0.5

    def train(
        self, training_set: Sequence[PointSet], previous: KernelDensity | None, rng_for: RngFactory
    ) -> KernelDensity:
        """Keep the points and choose the bandwidth."""
        points = concatenated(training_set)
        return KernelDensity(points, self.factor * points.shape[1] ** -0.2)

    def sample(self, model: KernelDensity, n: int, bias: float, rng: np.random.Generator) -> np.ndarray:
        """Sample from the estimates, with the variance of the kernels scaled by `bias`."""
        runs, count, _ = model.points.shape
        chosen = rng.integers(count, size=(runs, n))
        centers = np.take_along_axis(model.points, chosen[..., None], axis=1)
        return centers + np.sqrt(bias) * model.bandwidth * rng.standard_normal((runs, n, 1))
