"""The loop on toy data: paired arms, sampling bias, and parity with the published curves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from toy_fakes import TOY_RECIPE

from loop_client.toy.toy_loop import run_arm
from loop_client.toy.toy_recipe import load_toy_recipe, toy_recipe_from_table


@pytest.mark.slow
def test_the_gaussian_loop_has_scsc_parity(parity_dir: Path) -> None:
    """The published curves lie inside our bands, for each strength of correction."""
    recorded = np.load(parity_dir / "scsc_gaussian.npz")
    recipe = load_toy_recipe("scsc-gaussian")
    for arm, theirs in zip(recipe.arms, np.moveaxis(recorded["w2"], 1, 0), strict=False):
        curves, _ = run_arm(recipe, arm)
        ours, theirs = curves["gaussian_w2"], theirs[:, curves["generations"]]
        error = np.sqrt(ours.var(axis=0, ddof=1) / len(ours) + theirs.var(axis=0, ddof=1) / len(theirs))
        apart = np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) / error
        # Of a hundred generations that hang together some may lie apart by rng_for.
        assert np.mean(apart < 3) > 0.9, arm.name


def test_arms_share_generation_0_and_differ_from_then_on() -> None:
    recipe = toy_recipe_from_table(TOY_RECIPE)
    curves = [run_arm(recipe, arm)[0]["gaussian_w2"] for arm in recipe.arms]
    assert all(np.array_equal(curve[:, 0], curves[0][:, 0]) for curve in curves)
    assert not np.array_equal(curves[0][:, 1:], curves[1][:, 1:])


def test_metrics_of_samples_have_the_bias_of_the_arm() -> None:
    arms = [{"name": str(bias), "strategy": "replace", "synthetic": 20, "bias": bias} for bias in (1.0, 0.25)]
    changes = {"arms": arms, "checks": [], "samples": 2000, "metrics": ["reach", "deviation"]}
    recipe = toy_recipe_from_table({**TOY_RECIPE, **changes})
    plain, biased = (run_arm(recipe, arm)[0] for arm in recipe.arms)
    np.testing.assert_allclose(biased["reach"][:, 0], 0.5 * plain["reach"][:, 0], rtol=0.2)
    assert np.array_equal(biased["deviation"][:, 0], plain["deviation"][:, 0])  # of the model itself
