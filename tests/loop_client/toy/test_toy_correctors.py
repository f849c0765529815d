"""Corrections of points: the share that is corrected, and parity with the published sampler."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loop_client.toy.distributions import DISTRIBUTIONS, gaussian, image_distribution, two_gaussians
from loop_client.toy.image_sets import digits, split_images
from loop_client.toy.toy_correctors import centroid, corrector_of, histogram, oracle, transport


def test_the_histogram_corrector_has_scsc_parity(parity_dir: Path) -> None:
    """Samples of the published rejection sampler and of ours are of one distribution: a chi-squared test in cells."""
    recorded = np.load(parity_dir / "scsc_gaussian.npz")
    edges = [np.r_[-9, recorded[name], 9] for name in ("rej_xedges", "rej_yedges")]
    copies = np.tile(recorded["rej_data"], (16_000, 1, 1))
    for gamma, theirs in zip(recorded["rej_gamma"], recorded["rej_samples"], strict=True):
        ours = histogram(copies, float(gamma), gaussian(2), np.random.default_rng(0)).reshape(-1, 2)
        wanted = np.histogram2d(*ours.T, bins=edges)[0] * len(theirs) / len(ours)
        found = np.histogram2d(*theirs.T, bins=edges)[0]
        often = wanted > 5
        statistic = ((found - wanted)[often] ** 2 / wanted[often]).sum()
        assert statistic < often.sum() + 4 * np.sqrt(2 * often.sum())
        assert not found[wanted == 0].any()


def test_the_oracle_replaces_a_share_that_grows_with_gamma() -> None:
    samples = np.full((3, 4000, 1), 100.0)
    for gamma, share in ((0.0, 0.0), (1.0, 0.5), (np.inf, 1.0)):
        corrected = oracle(samples, gamma, two_gaussians(), np.random.default_rng(0))
        assert (corrected != 100).mean() == pytest.approx(share, abs=0.02)


def test_images_are_corrected_to_centroids_of_their_own_class() -> None:
    real = image_distribution(digits())
    samples = real.draw(np.random.default_rng(0), 1, 100)
    noisy = samples + np.where(np.arange(65) < 64, np.random.default_rng(1).normal(0, 0.2, samples.shape), 0)
    corrected = centroid(noisy, np.inf, real, np.random.default_rng(0))
    assert np.array_equal(split_images(corrected)[1], split_images(samples)[1])
    assert len(np.unique(corrected[0], axis=0)) < 100
    assert np.array_equal(centroid(noisy, 0.0, real, np.random.default_rng(0)), noisy)
    half = centroid(noisy, 1.0, real, np.random.default_rng(0))
    assert 0.3 < (half == noisy).all(axis=2).mean() < 0.7


def test_centroids_of_a_ring_lie_on_its_modes() -> None:
    ring = DISTRIBUTIONS["ring"](2, "")
    far = 2 * ring.draw(np.random.default_rng(0), 1, 50)
    assert ring.centers is not None
    corrected = centroid(far, np.inf, ring, np.random.default_rng(0))[0]
    assert (np.linalg.norm(corrected[:, None] - ring.centers, axis=2).min(axis=1) < 3 * ring.scale).all()


@pytest.mark.parametrize("kind", ["gaussian", "digits"])
def test_transport_moves_points_towards_real_ones_by_a_share_that_grows_with_gamma(kind: str) -> None:
    real = DISTRIBUTIONS[kind](2, "")
    samples = real.draw(np.random.default_rng(1), 1, 60)
    whole, half, none = (transport(samples, gamma, real, np.random.default_rng(0)) for gamma in (np.inf, 1.0, 0.0))
    np.testing.assert_allclose(half, (samples + whole) / 2)
    assert np.array_equal(none, samples)
    wanted = real.draw(np.random.default_rng(0), 1, 60)
    if kind == "gaussian":
        assert {tuple(row) for row in whole[0].round(9)} == {tuple(row) for row in wanted[0].round(9)}
    else:
        assert np.array_equal(whole[..., -1], samples[..., -1])


def test_with_more_centres_images_are_corrected_less_far() -> None:
    real = image_distribution(digits())
    samples = real.draw_unseen(np.random.default_rng(0), 1, 60)
    moved = [
        np.linalg.norm(corrector_of("centroid", count)(samples, np.inf, real, np.random.default_rng(0)) - samples)
        for count in (1, 16, 64)
    ]
    assert moved[0] > moved[1] > moved[2]
