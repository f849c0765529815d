"""Theorem 4.3 of Gillman et al. (theorem 2 of Bertrand et al. without correction), for finitely many points.

The model is a normal distribution of unknown mean and known variance 1, whose truth is N(0, 1). There alpha = 1, L = 0
and epsilon = 0. The constants of the assumption on finite samples are known, so that the bound can be asserted.
"""

from __future__ import annotations

import numpy as np

from loop_client.experiments.checks import Curves
from loop_client.theory import contraction, gaussian_mean_factor, is_stable
from motion.errors import InvalidInput


def sampling_error(n: int, share: float, delta: float | np.ndarray, radius: float) -> np.ndarray:
    """Compute tau_n(delta), which one generation's mean strays from its expectation by with probability delta at most.

    The mean of n real and floor(lambda n) corrected points is sub-Gaussian. A corrected point is of N(theta, 1) or of
    N(0, 1), so its variance proxy is 1 + radius² / 4 where |theta| is at most the radius (Hoeffding's lemma for the
    choice between the two). This is assumption 4.2 (3) with epsilon_OPT = 0 and b = 2.

    Args:
        n: real points.
        share: lambda.
        delta: probability of a larger error, of any shape.
        radius: of the neighbourhood of the optimum that the loop stays in.

    Returns:
        The error, of the shape of `delta`.
    """
    synthetic = int(share * n + 1e-9)
    proxy = (n + synthetic * (1 + radius**2 / 4)) / (n + synthetic) ** 2
    return np.sqrt(2 * proxy * np.log(2 / np.asarray(delta)))


def stability_bound(
    generations: np.ndarray, n: int, share: float, gamma: float, delta: float, distance: float
) -> np.ndarray:
    """Compute the bound of theorem 4.3 on the distance to the optimum, equation 7.

    Args:
        generations: (k,) values of t; at 0 the bound is the first distance.
        n: real points.
        share: lambda.
        gamma: strength of the correction.
        delta: the bound holds with probability 1 - delta in each generation.
        distance: of generation 0 to the optimum.

    Returns:
        The bound, (k,).
    """
    time = np.asarray(generations, float)
    factor = contraction(share, 1.0, 0.0, 0.0, gamma)
    powers = (1 - factor ** (time + 1)) / (1 - factor)
    error = sampling_error(n, share, delta / np.maximum(time, 1), distance + 1.0)
    return np.where(time > 0, error * powers + factor**time * distance, distance)


def mean_loop(
    seeds: int,
    rng: np.random.Generator,
    *,
    n: int = 100,
    share: float = 0.4,
    gamma: float = 0.0,
    delta: float = 0.1,
    distance: float = 1.0,
    generations: int = 20,
) -> Curves:
    """Run the loop on the mean of a normal distribution and compare it with the theorem.

    Args:
        seeds: number of runs.
        rng: the source of randomness.
        n: real points.
        share: lambda; floor(lambda n) points are synthetic.
        gamma: strength of the correction of definition 4.1.
        delta: probability with which a generation may break the bound.
        distance: of generation 0 to the optimum.
        generations: after generation 0.

    Returns:
        By generation: `distance` to the optimum; `exact`, the closed form without noise; `bound` of the theorem;
        `to_bound`, the quotient of distance and bound; `within`, whether the bound holds (0 or 1); `remaining`, the
        share of the first distance that is left, without its absolute value; and `to_exact`, its quotient with the
        closed form.

    Raises:
        InvalidInput: lambda is beyond the theorem's limit.
    """
    if not is_stable(share, 1.0, 0.0, 0.0, gamma):
        raise InvalidInput.of("share", f"is {share}; the theorem's limit for gamma {gamma:g} is below it")
    synthetic = int(share * n + 1e-9)
    corrected_share = 1.0 if np.isinf(gamma) else gamma / (1 + gamma)
    real = rng.standard_normal(seeds) / np.sqrt(n)
    mean = np.full(seeds, distance)
    means = [mean]
    for _ in range(generations):
        raw = synthetic - rng.binomial(synthetic, corrected_share, seeds)
        total = raw * mean + np.sqrt(synthetic) * rng.standard_normal(seeds)
        mean = (n * real + total) / (n + synthetic)
        means.append(mean)
    time = np.arange(generations + 1)
    signed = np.stack(means, axis=1)
    bound = np.tile(stability_bound(time, n, share, gamma, delta, distance), (seeds, 1))
    exact = distance * gaussian_mean_factor(synthetic / n, gamma) ** time
    to_exact = np.divide(signed, exact, out=np.full_like(signed, np.nan), where=exact > 0)
    return {
        "generations": time,
        "distance": np.abs(signed),
        "exact": np.tile(exact, (seeds, 1)),
        "bound": bound,
        "to_bound": np.abs(signed) / bound,
        "within": (np.abs(signed) <= bound).astype(float),
        "remaining": signed / distance,
        "to_exact": to_exact,
    }


def error_by_size(
    seeds: int,
    rng: np.random.Generator,
    *,
    share: float = 0.4,
    gamma: float = 0.0,
    distance: float = 0.5,
    least: int = 25,
    doublings: int = 8,
) -> Curves:
    """Measure how far one generation strays from its expectation, by the number n of real points.

    This is assumption 4.2 (3): the error falls as a / sqrt(n).

    Args:
        seeds: number of runs.
        rng: the source of randomness.
        share: lambda.
        gamma: strength of the correction.
        distance: of the generation before to the optimum.
        least: smallest n.
        doublings: n is doubled so many times.

    Returns:
        By doubling: `error`, and `scaled_error`, which is it times sqrt(n); `tail`, whether it exceeds tau_n(0.05).
    """
    corrected_share = 1.0 if np.isinf(gamma) else gamma / (1 + gamma)
    sizes = least * 2 ** np.arange(doublings + 1)
    errors = []
    for n in sizes:
        synthetic = int(share * n + 1e-9)
        raw = synthetic - rng.binomial(synthetic, corrected_share, seeds)
        noise = np.sqrt(n + synthetic) * rng.standard_normal(seeds)
        expected = synthetic * distance * (1 - corrected_share)
        errors.append(np.abs(raw * distance + noise - expected) / (n + synthetic))
    error = np.stack(errors, axis=1)
    limits = np.array([float(sampling_error(int(n), share, 0.05, distance)) for n in sizes])
    return {
        "generations": np.arange(doublings + 1),
        "error": error,
        "scaled_error": error * np.sqrt(sizes),
        "tail": (error > limits).astype(float),
    }
