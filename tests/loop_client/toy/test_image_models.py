"""Generators of images, and an experiment with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from toy_fakes import IMAGE_RECIPE, IMAGE_SETTINGS, rng_for

from loop_client.toy.distributions import Distribution, image_distribution
from loop_client.toy.image_sets import digits, split_images
from loop_client.toy.model_registry import IMAGE_MODELS, make_model
from loop_client.toy.point_set import PointSet
from loop_client.toy.toy_experiment import run_arms
from loop_client.toy.toy_metrics import MetricInput, accuracy, fid
from loop_client.toy.toy_recipe import toy_recipe_from_table
from loop_client.toy.toy_report import write_toy_report


@pytest.fixture(scope="module")
def real() -> Distribution:
    return image_distribution(digits())


@pytest.mark.parametrize("kind", IMAGE_MODELS)
def test_every_image_model_continues_training_and_samples_all_classes(kind: str, real: Distribution) -> None:
    model = make_model(kind, {**IMAGE_SETTINGS[kind], "batch": 32, "keep_optimizer": True}, real)
    training_set = [PointSet(real.draw(np.random.default_rng(0), 2, 64))]
    first = model.train(training_set, None, rng_for)
    on = model.train(training_set, first, rng_for)
    samples = [model.sample(each, 20, bias, np.random.default_rng(0)) for each in (first, on) for bias in (1.0, 0.5)]
    for each in samples:
        assert each.shape == (2, 20, 65) and np.abs(each[..., :-1]).max() <= 1
        assert (np.bincount(split_images(each[0])[1]) == 2).all()
    assert len({each.tobytes() for each in samples}) == 4  # further training and the bias change samples
    again = model.train(training_set, None, rng_for)
    assert np.array_equal(samples[0], model.sample(again, 20, 1.0, np.random.default_rng(0)))


def test_training_from_scratch_ignores_the_previous_model(real: Distribution) -> None:
    model = make_model("wgan-gp", {**IMAGE_SETTINGS["wgan-gp"], "batch": 32, "scratch": True}, real)
    training_set = [PointSet(real.draw(np.random.default_rng(0), 1, 64))]
    first = model.train(training_set, None, rng_for)
    second = model.train(training_set, first, rng_for)
    made = [model.sample(each, 8, 1.0, np.random.default_rng(0)) for each in (first, second)]
    assert np.array_equal(made[0], made[1])


def test_a_diffusion_model_learns_digits(real: Distribution) -> None:
    settings = {"width": 8, "first_epochs": 30, "first_rate": 5e-3, "batch": 64, "steps": 10, "guidance": 0.5}
    model = make_model("unet-diffusion", settings, real)
    rng = np.random.default_rng(0)
    trained = model.train([PointSet(real.draw(rng, 1, 512))], None, rng_for)
    samples = model.sample(trained, 200, 1.0, np.random.default_rng(0))
    beside = real.draw_unseen(rng, 1, 200)
    given = MetricInput(trained, samples, beside, real)
    assert accuracy(given)[0] > 0.4
    # What it samples with fresh noise in each step is nearer to real images than what DDIM makes of the same network.
    model = make_model("unet-diffusion", {**settings, "ancestral": True}, real)
    ancestral = MetricInput(trained, model.sample(trained, 200, 1.0, np.random.default_rng(0)), beside, real)
    assert fid(ancestral)[0] < 0.8 * fid(given)[0] and accuracy(ancestral)[0] > accuracy(given)[0]


def test_an_experiment_on_images_is_reproducible_and_reported(tmp_path: Path) -> None:
    results = run_arms(toy_recipe_from_table(IMAGE_RECIPE), tmp_path / "one")
    run_arms(toy_recipe_from_table(IMAGE_RECIPE), tmp_path / "two")
    assert (tmp_path / "one/metrics.jsonl").read_bytes() == (tmp_path / "two/metrics.jsonl").read_bytes()
    first = {arm: result.curves["fid"][:, 0].tolist() for arm, result in results.arms.items()}
    assert first["raw"] == first["corrected"]  # the arms share generation 0
    page = write_toy_report(results, tmp_path / "one").read_text("utf-8")
    assert page.count('<img class="grid"') == 1 + 2 * 3
