"""Lemma A.7 of Gillman et al. (lemma E.1 of Bertrand et al.): the Jacobian of a generation at the optimum.

Two families on the line, fitted to data that neither contains (epsilon > 0): the Gaussian by its natural parameters,
and the location of a logistic distribution, whose Hessian depends on the point (L > 0). The Jacobian is taken by
automatic differentiation through the solution of the training problem, and compared with the lemma's formula.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.autograd.functional import hessian, jacobian

from loop_client.experiments.checks import Curves
from motion.errors import InvalidInput

_GRID = torch.linspace(-24.0, 24.0, 4801, dtype=torch.float64)
_STEP = float(_GRID[1] - _GRID[0])
_NEWTON_STEPS = 12
_QUANTILES = (np.arange(4000) + 0.5) / 4000


@dataclass(frozen=True)
class Family:
    """A parametric family of densities.

    Attributes:
        log_density: maps parameters (p,) to the log density on the grid.
        first: parameters that the fit to data starts from.
        lipschitz: L, the Lipschitz constant in the point of the Hessian of the log density.
    """

    log_density: Callable[[Tensor], Tensor]
    first: Tensor
    lipschitz: float


def _gaussian(parameters: Tensor) -> Tensor:
    """Natural parameters (mean / variance, -1 / (2 variance))."""
    linear, square = parameters
    log_partition = -(linear**2) / (4 * square) - 0.5 * torch.log(-square / torch.pi)
    return linear * _GRID + square * _GRID**2 - log_partition


def _logistic(parameters: Tensor) -> Tensor:
    away = _GRID - parameters[0]
    return -away - 2 * torch.nn.functional.softplus(-away)


FAMILIES = {
    # The Hessian of an exponential family in its natural parameters does not depend on the point.
    "gaussian": Family(_gaussian, torch.tensor([0.1, -0.3], dtype=torch.float64), 0.0),
    # The derivative of 2 f (1 - f) for the logistic function f is at most 1 / (3 sqrt(3)).
    "logistic": Family(_logistic, torch.tensor([0.1], dtype=torch.float64), 1 / (3 * 3**0.5)),
}


def lemma(
    seeds: int, rng: np.random.Generator, *, family: str = "gaussian", gamma: float = 0.0, points: int = 3
) -> Curves:
    """Check the lemma on random data: each seed draws a mixture of two Gaussians, to which the family is fitted.

    Args:
        seeds: number of data distributions.
        rng: the source of randomness.
        family: one of `FAMILIES`.
        gamma: strength of the correction.
        points: lambda runs over so many values up to 0.45, equally far apart.

    Returns:
        By lambda in percent: `jacobian_error`, the largest difference of the automatic Jacobian to formula 23;
        `spectral_excess`, the spectral norm of A⁻¹C minus 1 + L epsilon / alpha, formula 24; `norm_excess`, the
        spectral norm of the Jacobian minus the bound of theorem A.8 (formula 37); `epsilon`; and `jacobian_norm`.
    """
    if family not in FAMILIES:
        raise InvalidInput.of("family", f"is {family!r}; must be one of {', '.join(FAMILIES)}")
    percent = (45 * np.arange(1, points + 1) / points).round().astype(int)
    names = ("jacobian_error", "spectral_excess", "norm_excess", "epsilon", "jacobian_norm")
    values = {name: np.zeros((seeds, points)) for name in names}
    for seed in range(seeds):
        found = _lemma_on(FAMILIES[family], _mixture(rng), gamma, percent / 100)
        for name in names:
            values[name][seed] = found[name]
    return {"generations": percent, **values}


def _mixture(rng: np.random.Generator) -> Tensor:
    """Draw a mixture of two Gaussians and return its probabilities on the grid."""
    weight, shift = rng.uniform(0.2, 0.8), rng.uniform(1.0, 3.0)
    scales = rng.uniform(0.6, 1.6, 2)
    grid = _GRID.numpy()
    centers = (-shift * (1 - weight), shift * weight)
    parts = [
        np.exp(-0.5 * ((grid - center) / scale) ** 2) / scale for center, scale in zip(centers, scales, strict=True)
    ]
    density = torch.from_numpy(weight * parts[0] + (1 - weight) * parts[1])
    return density / density.sum()


def _lemma_on(family: Family, data: Tensor, gamma: float, shares: np.ndarray) -> dict[str, np.ndarray]:
    def probability(parameters: Tensor) -> Tensor:
        return torch.exp(family.log_density(parameters)) * _STEP

    optimum = _maximum(lambda theta: (data * family.log_density(theta)).sum(), family.first)
    best = probability(optimum).detach()
    real_hessian = hessian(lambda theta: (data * family.log_density(theta)).sum(), optimum)
    model_hessian = hessian(lambda theta: (best * family.log_density(theta)).sum(), optimum)
    product = torch.linalg.solve(real_hessian, model_hessian)
    alpha = float(-torch.linalg.eigvalsh(real_hessian).max())
    epsilon = _distance(best, data)
    limit = 1 + family.lipschitz * epsilon / alpha
    norm = float(torch.linalg.matrix_norm(product, 2))
    columns = []
    for share in shares:

        def update(theta: Tensor, share: float = float(share)) -> Tensor:
            mixed = (probability(theta) + gamma * best) / (1 + gamma)
            weights = data + share * mixed
            return _implicit_maximum(lambda new: (weights * family.log_density(new)).sum(), optimum)

        automatic = jacobian(update, optimum)
        identity = torch.eye(len(optimum), dtype=torch.float64)
        formula = torch.linalg.solve(identity + share * product, share / (1 + gamma) * product)
        push = share * limit
        bound = push / (1 - push) / (1 + gamma) if push < 1 else np.inf
        automatic_norm = float(torch.linalg.matrix_norm(automatic, 2))
        columns.append(
            {
                "jacobian_error": float((automatic - formula).abs().max()),
                "spectral_excess": norm - limit,
                "norm_excess": automatic_norm - bound,
                "epsilon": epsilon,
                "jacobian_norm": automatic_norm,
            }
        )
    return {name: np.array([column[name] for column in columns]) for name in columns[0]}


def _maximum(objective: Callable[[Tensor], Tensor], first: Tensor) -> Tensor:
    """Maximize a concave objective by Newton's method with halved steps."""
    theta = first.clone()
    for _ in range(60):
        gradient, curvature = _derivatives(objective, theta)
        step, size = torch.linalg.solve(curvature, gradient), 1.0
        value = objective(theta)
        while not bool(objective(theta - size * step) >= value) and size > 1e-9:
            size /= 2
        theta = theta - size * step
    return theta.detach()


def _implicit_maximum(objective: Callable[[Tensor], Tensor], start: Tensor) -> Tensor:
    """Maximize by Newton's method, keeping the graph, so that the solution can be differentiated."""
    theta = start
    for _ in range(_NEWTON_STEPS):
        gradient, curvature = _derivatives(objective, theta, graph=True)
        theta = theta - torch.linalg.solve(curvature, gradient)
    return theta


def _derivatives(objective: Callable[[Tensor], Tensor], theta: Tensor, graph: bool = False) -> tuple[Tensor, Tensor]:
    curvature = hessian(objective, theta, create_graph=graph)
    gradient = jacobian(objective, theta, create_graph=graph)
    assert isinstance(curvature, Tensor) and isinstance(gradient, Tensor)
    return gradient, curvature


def _distance(one: Tensor, other: Tensor) -> float:
    """Compute the 2-Wasserstein distance of two densities on the grid, by their quantiles."""
    grid = _GRID.numpy()
    first, second = (np.interp(_QUANTILES, np.cumsum(each.numpy()), grid) for each in (one, other))
    return float(np.sqrt(((first - second) ** 2).mean()))
