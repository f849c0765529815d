"""Theorems about self-consuming loops, as functions.

Bertrand et al.: "On the Stability of Iterative Retraining of Generative Models on their own Data", ICLR 2024.
Gillman et al.: "Self-Correcting Self-Consuming Loops for Generative Model Training", ICML 2024.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln


def c4(n: int) -> float:
    """Compute c4(n) = E[s] / sigma for the sample standard deviation s of n normal samples (division by n - 1).

    A fully synthetic loop on a one-dimensional Gaussian multiplies its standard deviation by c4(n) in each generation:
    Bertrand et al., proposition 1.
    """
    return math.sqrt(2 / (n - 1)) * math.exp(gammaln(n / 2) - gammaln((n - 1) / 2))


def half_life(n: int) -> float:
    """Compute the number of generations in which that standard deviation halves."""
    return math.log(0.5) / math.log(c4(n))


def rho(share: float, alpha: float, lipschitz: float, epsilon: float) -> float:
    """Compute the contraction factor of iterative retraining near its fixed point, λ(α + εL) / (α - λ(α + εL)).

    Bertrand et al., theorem 1; Gillman et al., theorem 4.3.

    Args:
        share: λ, the ratio of synthetic to real data.
        alpha: α, the strong concavity of the expected log likelihood at the optimum.
        lipschitz: L, the Lipschitz constant of its Hessian.
        epsilon: ε, the Wasserstein distance of the optimal model to the data.

    Returns:
        The factor; infinity where λ(α + εL) reaches α, beyond which the theorem makes no statement.
    """
    push = share * (alpha + epsilon * lipschitz)
    return push / (alpha - push) if push < alpha else math.inf


def is_stable(share: float, alpha: float, lipschitz: float, epsilon: float, gamma: float = 0.0) -> bool:
    """Return whether retraining with corrections is proved stable: λ(1 + εL/α) < (1 + γ) / (2 + γ).

    Gillman et al., theorem 4.3. Without correction the condition is λ(1 + εL/α) < 1/2: Bertrand et al., theorem 1.

    Args:
        share: λ, the ratio of synthetic to real data.
        alpha: α, see `rho`.
        lipschitz: L, see `rho`.
        epsilon: ε, see `rho`.
        gamma: γ, the strength of the correction.
    """
    limit = 1.0 if math.isinf(gamma) else (1 + gamma) / (2 + gamma)
    return share * (1 + epsilon * lipschitz / alpha) < limit


def contraction(share: float, alpha: float, lipschitz: float, epsilon: float, gamma: float = 0.0) -> float:
    """Compute the bound ρ(λ) / (1 + γ) on the factor by which a generation shrinks the distance to the fixed point.

    Gillman et al., theorem 4.3. The arguments are those of `is_stable`.
    """
    return 0.0 if math.isinf(gamma) else rho(share, alpha, lipschitz, epsilon) / (1 + gamma)


def distance_bound(
    generations: np.ndarray, share: float, alpha: float, lipschitz: float, epsilon: float, gamma: float = 0.0
) -> np.ndarray:
    """Compute the bound (ρ(λ) / (1 + γ))^t on the share of the first distance that is left after t generations.

    Args:
        generations: (k,) values of t.
        share: λ; this and the other arguments are those of `is_stable`.
        alpha: α.
        lipschitz: L.
        epsilon: ε.
        gamma: γ.

    Returns:
        The bound, (k,).
    """
    return contraction(share, alpha, lipschitz, epsilon, gamma) ** np.asarray(generations, float)


def gaussian_mean_factor(share: float, gamma: float = 0.0) -> float:
    """Compute the exact factor per generation for the mean of a Gaussian of known covariance: λ / ((1 + λ)(1 + γ)).

    For infinitely many points, λ / (1 + λ) of the training set is synthetic, and 1 / (1 + γ) of that is not corrected.
    Theorem 4.3 of Gillman et al. bounds this factor by λ / ((1 - λ)(1 + γ)).

    Args:
        share: λ, the ratio of synthetic to real data.
        gamma: γ, the strength of the correction.
    """
    return 0.0 if math.isinf(gamma) else share / ((1 + share) * (1 + gamma))


def collapse_threshold(kept_good: float, kept_bad: float) -> float:
    """Compute p* = 1 / (1 + ψ/φ), the share of bad samples above which a loop with a verifier collapses.

    Feng et al., "Beyond Model Collapse: Scaling Up with Synthesized Data Requires Verification", 2024.

    Args:
        kept_good: φ, the probability with which the verifier keeps a good sample.
        kept_bad: ψ, the probability with which it keeps a bad one.
    """
    if kept_good <= 0:
        return 0.0
    return 1 / (1 + kept_bad / kept_good)


def c4_curve(first: float, n: int, generations: np.ndarray) -> np.ndarray:
    """Compute the expected standard deviation of the fully synthetic loop on a one-dimensional Gaussian.

    Args:
        first: the standard deviation at generation 0.
        n: samples per generation.
        generations: (k,) generations.

    Returns:
        The standard deviations, (k,).
    """
    return first * c4(n) ** np.asarray(generations, float)
