"""Distributions that real data is drawn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from loop_client.toy.image_sets import ImageSet, digits, image_folder, mnist, small_mnist

Draw = Callable[[np.random.Generator, int, int], np.ndarray]
"""(rng, runs, n) -> (runs, n, dim) independent points."""


@dataclass(frozen=True)
class Distribution:
    """A distribution of points.

    Attributes:
        dim: dimension of a point.
        draw: draws points for training.
        centers: (modes, dim) centres of a mixture; None for any other distribution.
        scale: standard deviation of the modes of a mixture.
        mass: edges (k,) -> probability between neighbouring edges (k - 1,); only in one dimension, if known.
        images: the set that points are drawn from where points are images.
    """

    dim: int
    draw: Draw
    centers: np.ndarray | None = None
    scale: float = 1.0
    mass: Callable[[np.ndarray], np.ndarray] | None = None
    images: ImageSet | None = None

    def draw_unseen(self, rng: np.random.Generator, runs: int, n: int) -> np.ndarray:
        """Draw points that no model is trained on, (runs, n, dim)."""
        return (self.images.draw_test if self.images else self.draw)(rng, runs, n)


def gaussian(dim: int) -> Distribution:
    """Return the standard normal distribution in `dim` dimensions."""
    return Distribution(dim, lambda rng, runs, n: rng.standard_normal((runs, n, dim)))


def mixture(centers: np.ndarray, scale: float) -> Distribution:
    """Return a mixture of equally likely isotropic Gaussians.

    Args:
        centers: (modes, dim) means.
        scale: standard deviation of each.
    """

    def draw(rng: np.random.Generator, runs: int, n: int) -> np.ndarray:
        chosen = rng.integers(len(centers), size=(runs, n))
        return centers[chosen] + scale * rng.standard_normal((runs, n, centers.shape[1]))

    def mass(edges: np.ndarray) -> np.ndarray:
        below = ndtr((edges[:, None] - centers[:, 0]) / scale).mean(axis=1)
        return np.diff(below)

    return Distribution(centers.shape[1], draw, centers, scale, mass if centers.shape[1] == 1 else None)


def ring() -> Distribution:
    """Return eight Gaussians on a circle: Bertrand et al., ICLR 2024, figure 3."""
    angles = np.arange(8) * np.pi / 4
    return mixture(4 * np.column_stack([np.cos(angles), np.sin(angles)]), 0.4)


def grid() -> Distribution:
    """Return 25 Gaussians on a grid: Che et al., "Mode Regularized Generative Adversarial Networks", 2017."""
    line = np.arange(-4.0, 5.0, 2.0)
    return mixture(np.stack(np.meshgrid(line, line), -1).reshape(-1, 2), 0.05)


def two_gaussians() -> Distribution:
    """Return the equal mixture of N(-1.5, 0.6²) and N(1.5, 0.6²)."""
    return mixture(np.array([[-1.5], [1.5]]), 0.6)


def moons() -> Distribution:
    """Return two interleaving half circles, centred, of radius 3, with noise of 0.2; as scikit-learn's `make_moons`."""

    def draw(rng: np.random.Generator, runs: int, n: int) -> np.ndarray:
        angle = rng.uniform(0, np.pi, (runs, n))
        upper = rng.random((runs, n)) < 0.5
        x = np.where(upper, np.cos(angle), 1 - np.cos(angle))
        y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle))
        points = 3 * (np.stack([x, y], -1) - (0.5, 0.25))
        return points + 0.2 * rng.standard_normal(points.shape)

    return Distribution(2, draw)


def rosenbrock() -> Distribution:
    """Return the density exp(-x1²/2 - (x2 - x1²)²): Alemohammad et al., ICLR 2024, figure 17."""

    def draw(rng: np.random.Generator, runs: int, n: int) -> np.ndarray:
        first = rng.standard_normal((runs, n))
        return np.stack([first, first**2 + rng.standard_normal((runs, n)) / np.sqrt(2)], -1)

    return Distribution(2, draw)


def image_distribution(images: ImageSet) -> Distribution:
    """Return the distribution that draws from a set of images without replacement."""
    return Distribution(images.train.shape[1], images.draw, images=images)


DISTRIBUTIONS: dict[str, Callable[[int, str], Distribution]] = {
    "gaussian": lambda dim, path: gaussian(dim),
    "ring": lambda dim, path: ring(),
    "grid": lambda dim, path: grid(),
    "two-gaussians": lambda dim, path: two_gaussians(),
    "moons": lambda dim, path: moons(),
    "rosenbrock": lambda dim, path: rosenbrock(),
    "digits": lambda dim, path: image_distribution(digits()),
    "small-mnist": lambda dim, path: image_distribution(small_mnist()),
    "mnist": lambda dim, path: image_distribution(mnist(path)),
    "images": lambda dim, path: image_distribution(image_folder(path)),
}
"""Makers of distributions by kind; each uses what it needs of the recipe's `dim` and `path`."""

FILE_KINDS = ("mnist", "images")
"""Kinds that are read from the user's own files. All of them are images."""


def placeholder_images() -> Distribution:
    """Return a distribution of blank images, to check a recipe against where the user's files are absent."""
    blank = np.zeros((1, 3 * 32 * 32 + 1))
    return image_distribution(ImageSet((3, 32, 32), 1, blank, blank))
