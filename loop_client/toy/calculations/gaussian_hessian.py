"""Proposition 2 of Bertrand et al.: Gaussians satisfy the assumptions of the stability theorem.

With the parameters (mean, inverse covariance) the expected Hessian of the log density is negative definite, and the
Hessian is 1-Lipschitz in the point. It is taken by automatic differentiation.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch
from torch import Tensor
from torch.autograd.functional import hessian

from loop_client.experiments.checks import Curves

_PAIRS = 4  # of points that Hessians are compared at


def gaussian_hessian(seeds: int, rng: np.random.Generator, *, dims: int = 4) -> Curves:
    """Measure the Hessian of the log density of random Gaussians.

    Args:
        seeds: number of Gaussians of each dimension.
        rng: the source of randomness.
        dims: the largest dimension.

    Returns:
        By dimension: `largest_eigenvalue` of the expected Hessian, and `lipschitz`, the largest spectral norm of a
        difference of Hessians at two points, divided by the distance of the points.
    """
    largest, lipschitz = np.zeros((seeds, dims)), np.zeros((seeds, dims))
    for column, seed in itertools.product(range(dims), range(seeds)):
        dim = column + 1
        factor = rng.standard_normal((dim, dim))
        precision = factor @ factor.T + 0.1 * np.eye(dim)
        mean = rng.standard_normal(dim)
        # The Hessian is affine in the point, so its expectation is the Hessian at the mean.
        largest[seed, column] = torch.linalg.eigvalsh(_hessian(mean, precision, mean)).max()
        first, second = rng.standard_normal((2, _PAIRS, dim))
        lipschitz[seed, column] = max(
            float(torch.linalg.matrix_norm(_hessian(x, precision, mean) - _hessian(y, precision, mean), 2))
            / np.linalg.norm(x - y)
            for x, y in zip(first, second, strict=True)
        )
    return {"generations": np.arange(1, dims + 1), "largest_eigenvalue": largest, "lipschitz": lipschitz}


def _hessian(point: np.ndarray, precision: np.ndarray, mean: np.ndarray) -> Tensor:
    """Return the Hessian of the log density at a point in the mean and the inverse covariance.

    Inverse covariances are symmetric, so they have dim (dim + 1) / 2 coordinates, in an orthonormal basis of the
    symmetric matrices (Frobenius).
    """
    dim = len(mean)
    basis = _symmetric_basis(dim)
    x = torch.from_numpy(point)
    inside = torch.einsum("kij,ij->k", basis, torch.from_numpy(precision))

    def log_density(parameters: Tensor) -> Tensor:
        matrix = torch.einsum("k,kij->ij", parameters[dim:], basis)
        away = x - parameters[:dim]
        return 0.5 * torch.logdet(matrix) - 0.5 * away @ matrix @ away

    found = hessian(log_density, torch.cat([torch.from_numpy(mean), inside]))
    assert isinstance(found, Tensor)
    return found


def _symmetric_basis(dim: int) -> Tensor:
    matrices = []
    for i, j in itertools.combinations_with_replacement(range(dim), 2):
        matrix = torch.zeros(dim, dim, dtype=torch.float64)
        matrix[i, j] = matrix[j, i] = 1.0 if i == j else 0.5**0.5
        matrices.append(matrix)
    return torch.stack(matrices)
