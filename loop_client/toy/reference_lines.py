"""Lines that the curves of a toy experiment are compared with: what real points score, and random weights."""

from __future__ import annotations

import numpy as np

from loop_client.reports.charts import Curve
from loop_client.toy.toy_metrics import METRICS, MetricInput
from loop_client.toy.toy_recipe import ToyRecipe
from loop_client.toy.toy_store import ToyResults

SCALES = {"random_distance": "parameter_distance"}
"""Metrics that are the scale of another one, in whose chart they are drawn if it is there."""

SCALE_COLOR = "#9aa1ab"
_SCALE_NAMES = {"random_distance": "random weights"}


def real_level(recipe: ToyRecipe, metric: str) -> float | None:
    """Compute a metric of real points in place of samples: what a model would score that is the truth.

    Args:
        recipe: the experiment.
        metric: one of its metrics.

    Returns:
        The value of one draw; None for a metric of the model itself.
    """
    found = METRICS[metric]
    if found.model or found.weights:
        return None
    distribution = recipe.data.distribution()
    rng = np.random.default_rng(recipe.seed)
    # Of images, those that models are trained on are compared with test images, as samples are.
    count = recipe.samples if distribution.images is None else min(recipe.samples, len(distribution.images.train))
    points = distribution.draw(rng, 1, count)
    unseen = distribution.draw_unseen(rng, 1, recipe.samples)
    return float(found.measure(MetricInput(None, points, unseen, distribution))[0])


def scale_curves(results: ToyResults[ToyRecipe], metric: str) -> list[Curve]:
    """Return the recorded metrics that are the scale of another one.

    Args:
        results: of the experiment.
        metric: the metric whose chart they are drawn in.

    Returns:
        One curve for each, of the first arm: all arms begin with the same model.
    """
    first = next(iter(results.arms.values())).curves
    generations = first["generations"].tolist()
    found = []
    for scale, of in SCALES.items():
        if of == metric and scale in results.recipe.metrics:
            line = first[scale].mean(axis=0).tolist()
            found.append(Curve(SCALE_COLOR, generations, line, line, line, _SCALE_NAMES[scale]))
    return found
