"""Theorems about self-consuming loops, against simulation and against each other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from loop_client.theory import (
    c4,
    collapse_threshold,
    contraction,
    distance_bound,
    gaussian_mean_factor,
    half_life,
    is_stable,
    rho,
)


@pytest.mark.parametrize(("n", "value"), [(2, math.sqrt(2 / math.pi)), (50, 0.99491), (100, 0.99748)])
def test_c4_agrees_with_tables(n: int, value: float) -> None:
    assert c4(n) == pytest.approx(value, abs=6e-6)


def test_c4_is_the_mean_standard_deviation_of_normal_samples() -> None:
    samples = np.random.default_rng(0).standard_normal((200_000, 5))
    assert samples.std(axis=1, ddof=1).mean() == pytest.approx(c4(5), abs=2e-3)
    assert half_life(100) == pytest.approx(274, abs=1)


def test_correction_widens_the_stable_range_and_speeds_up_convergence() -> None:
    assert is_stable(0.49, 1.0, 0.0, 0.0) and not is_stable(0.51, 1.0, 0.0, 0.0)
    assert is_stable(0.66, 1.0, 0.0, 0.0, gamma=1.0) and not is_stable(0.67, 1.0, 0.0, 0.0, gamma=1.0)
    assert is_stable(0.99, 1.0, 0.0, 0.0, gamma=math.inf)
    assert rho(0.5, 1.0, 0.0, 0.0) == 1.0 and rho(1.0, 1.0, 0.0, 0.0) == math.inf
    assert contraction(0.3, 1.0, 2.0, 0.1, gamma=1.0) == rho(0.3, 1.0, 2.0, 0.1) / 2
    np.testing.assert_allclose(distance_bound(np.arange(3), 0.25, 1.0, 0.0, 0.0), [1, 1 / 3, 1 / 9])


@pytest.mark.parametrize("share", [0.1, 0.3, 0.45])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 3.0])
def test_the_exact_factor_of_a_gaussians_mean_is_within_the_theorem(share: float, gamma: float) -> None:
    exact = gaussian_mean_factor(share, gamma)
    assert exact <= contraction(share, 1.0, 0.0, 0.0, gamma)
    # And by the loop itself: a mean of real data 0 and, in equal terms, of corrected synthetic data.
    mean = 1.0
    for _ in range(3):
        corrected = mean / (1 + gamma) + 0.0 * gamma / (1 + gamma)
        mean = (1.0 * 0.0 + share * corrected) / (1 + share)
    assert mean == pytest.approx(exact**3)


def test_a_verifier_moves_the_collapse_threshold() -> None:
    assert collapse_threshold(1.0, 1.0) == 0.5
    assert collapse_threshold(1.0, 0.0) == 1.0
    assert collapse_threshold(0.0, 0.5) == 0.0
    assert collapse_threshold(0.9, 0.3) == pytest.approx(0.75)
