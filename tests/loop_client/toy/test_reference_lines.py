"""Lines that curves are compared with: what real points score, and how far random weights are."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from toy_fakes import IMAGE_RECIPE, TOY_RECIPE

from loop_client.toy.reference_lines import real_level
from loop_client.toy.toy_experiment import ToyExperiment
from loop_client.toy.toy_recipe import ToyRecipe, toy_recipe_from_table
from motion.errors import InvalidInput

ARMS = [
    {"name": "real", "strategy": "baseline"},
    {"name": "synthetic", "strategy": "replace", "synthetic": 64},
]
NETWORK = {
    **TOY_RECIPE,
    "generations": 2,
    "num_seeds": 2,
    "samples": 50,
    "checks": [],
    "arms": ARMS,
    "generator": {"kind": "diffusion", "settings": {"width": 8, "layers": 1, "first_epochs": 2, "epochs": 1}},
    "metrics": ["parameter_distance", "random_distance", "spread"],
}


def recipe(**changes: object) -> ToyRecipe:
    return toy_recipe_from_table({**NETWORK, **changes})


def test_random_weights_are_the_same_distance_away_in_every_arm_and_generation(tmp_path: Path) -> None:
    ToyExperiment(recipe()).run(tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    distances = {line["random_distance"]["mean"] for line in lines}
    assert len(distances) == 1 and distances.pop() > 0


def test_random_weights_are_drawn_in_the_chart_of_the_weights(tmp_path: Path) -> None:
    experiment = ToyExperiment(recipe())
    experiment.run(tmp_path)
    text = unescape(experiment.write_report(tmp_path).read_text("utf-8"))
    charts = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    with_random = [chart for chart in charts if '"name":"random weights"' in chart]
    assert len(with_random) == 1 and "Distance of the weights to generation 0" in with_random[0]
    assert not any("Distance of random weights" in chart for chart in charts)  # no chart of its own
    assert "the distance of random weights" in text and "Dashed: real points in place of samples." in text


def test_random_weights_without_the_chart_of_the_weights_have_one_of_their_own(tmp_path: Path) -> None:
    experiment = ToyExperiment(recipe(metrics=["random_distance"]))
    experiment.run(tmp_path)
    assert "Distance of random weights to generation 0" in experiment.write_report(tmp_path).read_text("utf-8")


@pytest.mark.parametrize("kind", ["gaussian", "kernel-density"])
def test_models_that_do_not_start_from_random_weights_have_no_such_distance(kind: str) -> None:
    data = {"kind": "two-gaussians", "n": 20}
    with pytest.raises(InvalidInput, match=r"metrics\[0\].*compares weights"):
        recipe(generator={"kind": kind}, data=data, metrics=["random_distance"])


def test_real_points_score_what_the_truth_would() -> None:
    points = recipe(samples=4000, metrics=["spread", "reach"])
    spread = real_level(points, "spread")
    assert spread is not None and np.isclose(spread, 1.0, atol=0.05)
    assert real_level(recipe(), "parameter_distance") is None
    assert real_level(toy_recipe_from_table(TOY_RECIPE), "gaussian_w2") is None


def test_real_images_lie_within_the_manifold_of_test_images() -> None:
    images = toy_recipe_from_table({**IMAGE_RECIPE, "samples": 5000, "checks": []})
    precision, fid = real_level(images, "precision"), real_level(images, "fid")  # more than there are images
    assert precision is not None and precision > 0.9 and fid is not None and fid < 5.0
