"""Proved curves of a toy experiment, to draw beside the measured ones."""

from __future__ import annotations

import numpy as np

from loop_client.reports.charts import Curve
from loop_client.theory import c4_curve, distance_bound, gaussian_mean_factor, is_stable
from loop_client.toy.gaussian import GaussianModel
from loop_client.toy.toy_recipe import ToyArmRecipe, ToyRecipe
from loop_client.toy.toy_store import ToyResults

EXACT_COLOR, BOUND_COLOR = "currentColor", "#9aa1ab"
_NAMES = {EXACT_COLOR: "expected", BOUND_COLOR: "bound"}


def theory_curves(results: ToyResults[ToyRecipe], metric: str) -> list[Curve]:
    """Return what is proved about a metric of the Gaussian: expectations in the page's ink and bounds in grey.

    Args:
        results: of the experiment.
        metric: one of its metrics.

    Returns:
        Curves that start where the measured ones do; none where nothing is proved.
    """
    recipe = results.recipe
    if recipe.data.kind != "gaussian" or recipe.generator.kind != "gaussian":
        return []
    found = []
    for arm in recipe.arms:
        curves = results.arms[arm.name].curves
        generations, first = curves["generations"], float(curves[metric][:, 0].mean())
        for color, values in _proved(recipe, arm, metric, first, generations):
            line = values.tolist()
            found.append(Curve(color, generations.tolist(), line, line, line, f"{arm.name}, {_NAMES[color]}"))
    return found


def _proved(
    recipe: ToyRecipe, arm: ToyArmRecipe, metric: str, first: float, generations: np.ndarray
) -> list[tuple[str, np.ndarray]]:
    """Return colours and proved values of an arm whose metric is `first` at generation 0."""
    if metric == "deviation" and _decays_by_c4(recipe, arm):
        return [(EXACT_COLOR, c4_curve(first, arm.synthetic, generations))]
    if metric != "mean_distance" or arm.strategy != "augment" or arm.memory > 1:
        return []
    gamma = {"identity": 0.0, "oracle": arm.gamma}.get(arm.corrector)
    if gamma is None:
        return []
    share = arm.synthetic / (arm.n or recipe.data.n)
    exact = [(EXACT_COLOR, first * gaussian_mean_factor(share, gamma) ** generations)]
    # For a Gaussian of known covariance alpha is 1 and L is 0; epsilon is 0 because the model can match the data.
    if not is_stable(share, 1.0, 0.0, 0.0, gamma):
        return exact
    return [*exact, (BOUND_COLOR, first * distance_bound(generations, share, 1.0, 0.0, 0.0, gamma))]


def _decays_by_c4(recipe: ToyRecipe, arm: ToyArmRecipe) -> bool:
    """Return whether an arm is the fully synthetic loop on one dimension, which `theory.c4` is about."""
    plain = recipe.data.dim == 1 and GaussianModel(**recipe.generator.settings) == GaussianModel()
    return plain and arm.strategy == "replace" and arm.corrector == "identity" and arm.bias == arm.memory == 1
