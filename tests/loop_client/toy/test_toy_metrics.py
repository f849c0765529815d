"""Metrics of toy models, against recorded numbers and against cases with known answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from toy_fakes import rng_for

from loop_client.toy.distributions import DISTRIBUTIONS, gaussian, two_gaussians
from loop_client.toy.gaussian import Gaussian
from loop_client.toy.image_features import train_features
from loop_client.toy.image_sets import split_images
from loop_client.toy.kernel_density import KernelDensityModel
from loop_client.toy.model_parameters import parameters_of, random_parameters
from loop_client.toy.model_registry import make_model
from loop_client.toy.point_networks import DiffusionModel, Networks
from loop_client.toy.point_set import PointSet
from loop_client.toy.toy_metrics import (
    METRICS,
    MetricInput,
    downstream_accuracy,
    gaussian_w2,
    parameter_distance,
    random_distance,
    recalled_modes,
    spread,
    spread_in_modes,
    total_variation,
)


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


def test_the_distance_of_parameters_is_their_norm_by_number() -> None:
    model = DiffusionModel(width=8, layers=1, epochs=1, first_epochs=1, steps=5)
    points = [PointSet(gaussian(2).draw(np.random.default_rng(0), 2, 64))]
    first = model.train(points, None, rng_for)
    later: Networks = model.train(points, first, rng_for)
    empty = np.empty(0)
    assert parameter_distance(MetricInput(first, empty, empty, gaussian(2), first)).tolist() == [0.0, 0.0]
    squares = sum(
        float(((now[0] - before[0]).detach().double() ** 2).sum())
        for now, before in zip([*later.weights, *later.biases], [*first.weights, *first.biases], strict=True)
    )
    count = sum(each[0].numel() for each in (*later.weights, *later.biases))
    found = parameter_distance(MetricInput(later, empty, empty, gaussian(2), first))
    assert found[0] == pytest.approx(squares**0.5 / count) and (found > 0).all()
    metric = METRICS["parameter_distance"]
    assert "compares weights" in metric.missing_requirement("kernel-density", "two-gaussians", two_gaussians(), 0)


def test_the_spread_is_relative_to_real_points() -> None:
    points = gaussian(3).draw(np.random.default_rng(0), 2, 5000)
    given = MetricInput(None, 0.5 * points, points, gaussian(3))
    assert spread(given) == pytest.approx([0.5, 0.5])


def test_the_distance_of_random_weights_is_measured_from_generation_0() -> None:
    model = DiffusionModel(width=8, layers=1, first_epochs=1, steps=5)
    first = model.train([PointSet(gaussian(2).draw(np.random.default_rng(0), 2, 64))], None, rng_for)
    theta, empty = parameters_of(first), np.empty(0)
    given = MetricInput(first, empty, empty, gaussian(2), first, random=theta + 3.0)
    assert random_distance(given) == pytest.approx([3.0 / theta.shape[1] ** 0.5] * 2)
    drawn = random_parameters(model, 2, 2, np.random.default_rng(0))
    assert drawn.shape == theta.shape and (drawn[0] != drawn[1]).all()


def test_networks_of_images_have_random_weights_for_each_run() -> None:
    images = DISTRIBUTIONS["digits"](2, "")
    model = make_model("wgan-gp", {"width": 4, "latent": 4}, images)
    one, same, other = (random_parameters(model, 2, images.dim, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert np.array_equal(one, same) and not np.array_equal(one[0], one[1]) and not np.array_equal(one, other)


def test_a_classifier_of_samples_is_judged_on_real_images() -> None:
    digits = DISTRIBUTIONS["digits"](2, "")
    real = digits.draw(np.random.default_rng(0), 1, 300)
    relabelled = real.copy()
    relabelled[..., -1] = (real[..., -1] + 1) % 10  # each image is said to be of the next class
    samples, empty = np.concatenate([real, relabelled]), np.empty(0)
    right, wrong = downstream_accuracy(MetricInput(None, samples, empty, digits))
    assert right > 0.85 and wrong < 0.05


def test_training_of_a_classifier_ends_after_its_steps() -> None:
    pixels, classes = split_images(DISTRIBUTIONS["digits"](2, "").draw(np.random.default_rng(0), 1, 130)[0])
    images = pixels.reshape(-1, 1, 8, 8)
    by_epochs = train_features(images, classes, 10)
    by_steps = train_features(images, classes, 10, steps=40)  # twenty epochs of two batches
    assert np.array_equal(by_epochs(pixels), by_steps(pixels))
    assert not np.array_equal(by_epochs(pixels), train_features(images, classes, 10, steps=39)(pixels))
