"""What the papers prove about self-consuming loops, as numbers."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln


def c4(n: int) -> float:
    """E s / sigma for the deviation s (division by n - 1) of n normal samples: what a fully synthetic loop on a
    one-dimensional Gaussian multiplies its deviation with in each generation.

    Bertrand et al., "On the Stability of Iterative Retraining of Generative Models on their own Data", ICLR 2024,
    proposition 1.
    """
    return math.sqrt(2 / (n - 1)) * math.exp(gammaln(n / 2) - gammaln((n - 1) / 2))


def half_life(n: int) -> float:
    """Generations in which that deviation halves."""
    return math.log(0.5) / math.log(c4(n))


def rho(share: float, alpha: float, lipschitz: float, epsilon: float) -> float:
    """The contraction factor of iterative retraining near its fixed point, λ(α + εL) / (α - λ(α + εL)).

    Bertrand et al., theorem 1; Gillman et al., ICML 2024, theorem 4.3.

    Args:
        share: λ, of synthetic data to real.
        alpha: strong concavity of the expected log likelihood at the optimum.
        lipschitz: L, of its Hessian.
        epsilon: Wasserstein distance of the optimal model to the data.

    Returns:
        infinity where λ(α + εL) reaches α, from which on nothing is said.
    """
    push = share * (alpha + epsilon * lipschitz)
    return push / (alpha - push) if push < alpha else math.inf


def is_stable(share: float, alpha: float, lipschitz: float, epsilon: float, gamma: float = 0.0) -> bool:
    """Whether retraining corrected with strength `gamma` is stable: λ(1 + εL/α) < (1 + γ) / (2 + γ).

    Gillman et al., theorem 4.3; without correction, λ(1 + εL/α) < 1/2, Bertrand et al., theorem 1.
    """
    bound = 1.0 if math.isinf(gamma) else (1 + gamma) / (2 + gamma)
    return share * (1 + epsilon * lipschitz / alpha) < bound


def contraction(share: float, alpha: float, lipschitz: float, epsilon: float, gamma: float = 0.0) -> float:
    """By how much a generation brings the loop nearer to its fixed point: at most ρ(λ) / (1 + γ), theorem 4.3."""
    return 0.0 if math.isinf(gamma) else rho(share, alpha, lipschitz, epsilon) / (1 + gamma)


def bound(
    generations: np.ndarray, share: float, alpha: float, lipschitz: float, epsilon: float, gamma: float = 0.0
) -> np.ndarray:
    """(ρ(λ) / (1 + γ))^t, what is left of the first distance to the fixed point after `generations` (k,)."""
    return contraction(share, alpha, lipschitz, epsilon, gamma) ** np.asarray(generations, float)


def gaussian_mean_factor(share: float, gamma: float = 0.0) -> float:
    """The exact factor for the mean of a Gaussian of known covariance, infinitely many points: λ / ((1 + λ)(1 + γ)).

    Of the training set λ / (1 + λ) is synthetic, and of that 1 / (1 + γ) uncorrected; theorem 4.3 says at most
    λ / ((1 - λ)(1 + γ)).
    """
    return 0.0 if math.isinf(gamma) else share / ((1 + share) * (1 + gamma))


def collapse_threshold(kept_good: float, kept_bad: float) -> float:
    """p* = 1 / (1 + ψ/φ): the loop collapses where more than this share of the samples is bad, for a verifier that
    keeps good ones with probability φ and bad ones with ψ.

    Feng et al., "Beyond Model Collapse: Scaling Up with Synthesized Data Requires Verification", 2024.
    """
    if kept_good <= 0:
        return 0.0
    return 1 / (1 + kept_bad / kept_good)


def c4_curve(first: float, n: int, generations: np.ndarray) -> np.ndarray:
    """The expected deviation of the fully synthetic loop that begins with `first`, at `generations` (k,)."""
    return first * c4(n) ** np.asarray(generations, float)
