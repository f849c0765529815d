"""Toy recipes: those that ship are sound, and wrong ones are refused."""

from __future__ import annotations

from typing import Any

import pytest
from toy_fakes import IMAGE_RECIPE, TOY_RECIPE

from loop_client.toy.model_registry import make_model
from loop_client.toy.toy_experiment import ToyExperiment
from loop_client.toy.toy_recipe import load_toy_recipe, shipped_toy_recipes, toy_recipe_from_table
from motion.errors import InvalidInput


@pytest.mark.parametrize("name", shipped_toy_recipes())
def test_recipes_that_ship_are_sound_and_have_checks(name: str) -> None:
    recipe = load_toy_recipe(name)
    assert recipe.name == name and recipe.checks
    if not recipe.data.required_files:
        make_model(recipe.generator.kind, recipe.generator.settings, recipe.data.distribution())
    assert ToyExperiment(recipe).quick().recipe.num_seeds == min(recipe.num_seeds, max(2, recipe.num_seeds // 4))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"num_seeds": 1}, "num_seeds"),
        ({"seeds": 4}, "seeds: is the former name of num_seeds"),
        ({"metrics": ["fame"]}, r"metrics\[0\]"),
        ({"arms": [{"name": "a", "strategy": "replace"}]}, "synthetic"),
        ({"arms": [{"name": "a", "strategy": "pray", "synthetic": 1}]}, "strategy"),
        ({"arms": [{"name": "a", "strategy": "neon", "synthetic": 1}]}, "strategy: is 'neon'"),
        ({"data": {"kind": "gaussian", "n": 1}}, "n: is 1"),
        ({"every": 4, "checks": [{**TOY_RECIPE["checks"][0], "from": 1, "to": 3}]}, "no generation between"),
        ({"checks": [{**TOY_RECIPE["checks"][0], "kind": "effective_size", "arms": ["half"], "most": 1}]}, "too few"),
        (
            {"arms": [{"name": "a", "strategy": "baseline", "bias": 0.5}]},
            "bias: is 0.5; strategy 'baseline' does not train on samples",
        ),
        ({"arms": [{"name": "a", "strategy": "replace", "synthetic": 1, "bias": 0.0}]}, "bias"),
        ({"arms": [{"name": "a", "strategy": "replace", "synthetic": 1}]}, "synthetic: is 1"),
        ({"arms": [{"name": "a", "strategy": "baseline", "synthetic": 5}]}, "synthetic: is 5; strategy 'baseline'"),
        ({"arms": [{"name": "a", "strategy": "baseline", "memory": 5}]}, "memory: is 5; strategy 'baseline'"),
        (
            {"arms": [{"name": "a", "strategy": "augment", "growth": "linear"}]},
            "growth: is 'linear'; .* does not accumulate",
        ),
        (
            {"arms": [{"name": "a", "strategy": "augment", "gamma": 0.5}]},
            "gamma: is 0.5; corrector 'identity' has no strength",
        ),
        ({"data": {"kind": "ring", "n": 50, "dim": 100}}, "dim: is 100; with kind 'ring' it must be left out"),
        (
            {"data": {"kind": "mnist", "n": 50, "path": "there"}},
            "is 'gaussian', which generates points; the data has images",
        ),
        ({"data": {"kind": "mnist", "n": 50, "path": "there"}}, "'gaussian_w2' is a distance to gaussian data"),
        ({"arms": TOY_RECIPE["arms"] * 2}, "more than once"),
        ({"checks": [{**TOY_RECIPE["checks"][0], "arms": ["nobody"]}]}, "nobody"),
        ({"checks": [{**TOY_RECIPE["checks"][0], "to": 7}]}, "there are 6 generations"),
        ({"checks": [{**TOY_RECIPE["checks"][0], "metric": "w1"}]}, "w1"),
        ({"checks": [{"kind": "mean", "metric": "gaussian_w2", "arms": ["half"], "from": 0, "to": 1}]}, "value"),
    ],
)
def test_a_wrong_recipe_is_refused_with_the_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput, match=field):
        toy_recipe_from_table({**TOY_RECIPE, **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"generator": {"kind": "gaussian"}}, "generator.kind.*generates points; the data has images"),
        ({"generator": {"kind": "unet-flow", "settings": {"width": 9}}}, "width.*multiple of 8"),
        ({"generator": {"kind": "unet-flow", "settings": {"image": 9}}}, "image.*unknown"),
        ({"metrics": ["gaussian_w2"]}, r"metrics\[0\]"),
        ({"data": {"kind": "mnist", "n": 9}}, "path.*must name the folder"),
        ({"data": {"kind": "digits", "n": 9, "path": "here"}}, "path.*must be left out"),
        ({"data": {"kind": "gaussian", "n": 9}}, "generates images; the data has points"),
    ],
)
def test_a_recipe_whose_model_does_not_fit_its_images_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        toy_recipe_from_table({**IMAGE_RECIPE, **change})


def test_num_seeds_may_be_called_seeds_as_it_was_once() -> None:
    table = {"seeds" if key == "num_seeds" else key: value for key, value in TOY_RECIPE.items()}
    assert toy_recipe_from_table(table) == toy_recipe_from_table(TOY_RECIPE)
