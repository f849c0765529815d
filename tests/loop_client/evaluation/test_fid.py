"""Test the Frechet distance and diversity, and their parity with the text-to-motion evaluator's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loop_client.evaluation.metrics.diversity import diversity, paired_diversity
from loop_client.evaluation.metrics.fid import fid, frechet_distance, mean_covariance


@pytest.fixture
def clouds() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((200, 6)), rng.standard_normal((150, 6)) @ rng.standard_normal((6, 6)) + 1


def test_fid_to_itself_is_zero(clouds) -> None:
    for cloud in clouds:
        assert fid(cloud, cloud) == pytest.approx(0, abs=1e-9)


def test_fid_is_symmetric_and_positive(clouds) -> None:
    a, b = clouds
    assert fid(a, b) == pytest.approx(fid(b, a)) and fid(a, b) > 0


def test_fid_ignores_order_and_rotation(clouds) -> None:
    a, b = clouds
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((6, 6)))[0]
    assert fid(a[::-1] @ turn + 3, b @ turn + 3) == pytest.approx(fid(a, b))


def test_fid_of_a_shift_is_its_square(clouds) -> None:
    a, _ = clouds
    shift = np.arange(6.0)
    assert fid(a + shift, a) == pytest.approx((shift**2).sum())


def test_fid_of_commuting_gaussians_is_known() -> None:
    a, b = np.array([1.0, 4.0, 9.0]), np.array([4.0, 1.0, 0.0])
    expected = ((np.sqrt(a) - np.sqrt(b)) ** 2).sum()
    assert frechet_distance(np.zeros(3), np.diag(a), np.zeros(3), np.diag(b)) == pytest.approx(expected)


def test_fid_of_singular_covariances_is_finite() -> None:
    rng = np.random.default_rng(0)
    few, line = rng.standard_normal((5, 32)), np.outer(rng.standard_normal(50), np.ones(32))
    assert np.isfinite(fid(few, line)) and fid(few, few) == pytest.approx(0, abs=1e-6)


def test_fid_parity_t2m(parity_dir: Path) -> None:
    with np.load(parity_dir / "t2m_eval_metrics.npz", allow_pickle=False) as recorded:
        real, generated = recorded["fid_gt"], recorded["fid_gen"]
        for cloud, name in ((real, "gt"), (generated, "gen")):
            mean, covariance = mean_covariance(cloud)
            np.testing.assert_allclose(mean, recorded[f"fid_mu_{name}_float64"], rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(covariance, recorded[f"fid_cov_{name}_float64"], rtol=1e-5, atol=1e-6)
        assert fid(generated, real) == pytest.approx(float(recorded["fid_value_float64"]), rel=1e-5)
        assert fid(real, real) == pytest.approx(float(recorded["fid_self"]), abs=1e-6)
        assert fid(generated[:20], real[:20]) == pytest.approx(float(recorded["fid_rankdef_20"]), rel=1e-3)


def test_diversity_parity_t2m(parity_dir: Path) -> None:
    with np.load(parity_dir / "t2m_eval_metrics.npz", allow_pickle=False) as recorded:
        ours = paired_diversity(recorded["fid_gen"], recorded["diversity_first"], recorded["diversity_second"])
        assert ours == pytest.approx(float(recorded["diversity"]), rel=1e-5)


def test_diversity_is_the_mean_of_its_paired_estimates(clouds) -> None:
    a, _ = clouds
    rng = np.random.default_rng(0)
    first, second = rng.integers(len(a), size=(2, 100_000))
    distinct = first != second
    assert diversity(a) == pytest.approx(paired_diversity(a, first[distinct], second[distinct]), rel=0.01)
    assert diversity(a[:1]) == 0.0 and diversity(2 * a) == pytest.approx(2 * diversity(a))
