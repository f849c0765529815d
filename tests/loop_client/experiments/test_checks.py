"""Checks: each kind can fail, and needs generations that are measured."""

from __future__ import annotations

import pytest
from toy_fakes import TOY_RECIPE

from loop_client.experiments.checks import judge
from loop_client.toy.toy_loop import run_arm
from loop_client.toy.toy_recipe import toy_recipe_from_table
from motion.errors import InvalidInput


def test_every_kind_of_check_can_fail() -> None:
    check = {"metric": "gaussian_w2", "from": 3, "to": 6}
    checks = [
        {**check, "kind": "mean", "arms": ["half"], "value": 50.0, "tolerance": 0.1},
        {**check, "kind": "ratio", "arms": ["half"], "least": 100.0},
        {**check, "kind": "order", "arms": ["synthetic", "half"]},
        {**check, "kind": "at_most", "arms": ["synthetic", "half"]},
        {**check, "kind": "peak", "arms": ["synthetic", "half", "all"]},
        {**check, "kind": "factor", "arms": ["half"], "value": 3.0},
    ]
    recipe = toy_recipe_from_table({**TOY_RECIPE, "checks": checks})
    curves = {arm.name: run_arm(recipe, arm)[0] for arm in recipe.arms}
    assert [verdict.holds for verdict in judge(recipe.checks, curves)] == [False] * 6


def test_a_factor_needs_generations_that_are_measured() -> None:
    check = {"kind": "factor", "metric": "gaussian_w2", "arms": ["half"], "from": 1, "to": 6, "most": 2}
    with pytest.raises(InvalidInput, match="must be generations that are measured"):
        toy_recipe_from_table({**TOY_RECIPE, "every": 4, "checks": [check]})
    toy_recipe_from_table({**TOY_RECIPE, "every": 4, "checks": [{**check, "from": 4}]})
