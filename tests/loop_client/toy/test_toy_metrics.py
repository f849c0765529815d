"""Metrics of toy models, against recorded numbers and against cases with known answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from toy_fakes import rng_for

from loop_client.toy.distributions import DISTRIBUTIONS, gaussian, two_gaussians
from loop_client.toy.gaussian import Gaussian
from loop_client.toy.kernel_density import KernelDensityModel
from loop_client.toy.point_set import PointSet
from loop_client.toy.toy_metrics import MetricInput, gaussian_w2, recalled_modes, spread_in_modes, total_variation


def test_wasserstein_parity_with_scsc(parity_dir: Path) -> None:
    recorded = np.load(parity_dir / "scsc_gaussian.npz")
    for mean, covariance, result in zip(
        recorded["w2_case_mu"], recorded["w2_case_cov"], recorded["w2_case_result"], strict=True
    ):
        if not (np.allclose(mean[1], 0) and np.allclose(covariance[1], np.eye(2))):
            continue  # ours is the distance to the standard normal alone
        given = MetricInput(Gaussian(mean[:1], covariance[:1]), np.empty(0), np.empty(0), gaussian(2))
        assert gaussian_w2(given)[0] == pytest.approx(result[0], abs=1e-6)


def test_total_variation_is_near_0_to_the_same_density_and_near_1_to_a_distant_one() -> None:
    truth = two_gaussians()
    points = truth.draw(np.random.default_rng(0), 1, 200_000)
    near = KernelDensityModel(0.1).train([PointSet(points)], None, rng_for)
    far = KernelDensityModel(0.1).train([PointSet(np.full((1, 100, 1), 5.5))], None, rng_for)
    empty = np.empty(0)
    assert total_variation(MetricInput(near, empty, empty, truth))[0] < 0.02
    assert total_variation(MetricInput(far, empty, empty, truth))[0] > 0.99


@pytest.mark.parametrize("kind", ["ring", "grid"])
def test_recalled_modes_and_their_spread_are_counted(kind: str) -> None:
    truth = DISTRIBUTIONS[kind](2, "")
    points = truth.draw(np.random.default_rng(0), 1, 5000)
    assert truth.centers is not None
    one_mode = truth.centers[:1][None] + 0.5 * truth.scale * np.random.default_rng(1).standard_normal((1, 500, 2))
    empty = np.empty(0)
    assert recalled_modes(MetricInput(None, points, empty, truth))[0] == 1.0
    assert spread_in_modes(MetricInput(None, points, empty, truth))[0] == pytest.approx(1.0, abs=0.03)
    assert recalled_modes(MetricInput(None, one_mode, empty, truth))[0] == 1 / len(truth.centers)
    assert spread_in_modes(MetricInput(None, one_mode, empty, truth))[0] == pytest.approx(0.5, abs=0.05)
