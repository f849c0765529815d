"""Calculations by name."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

from loop_client.experiments.checks import Curves
from loop_client.toy.calculations.basins import basin_loop
from loop_client.toy.calculations.correction_distance import correction_distance
from loop_client.toy.calculations.curated_loop import curated_loop
from loop_client.toy.calculations.gaussian_hessian import gaussian_hessian
from loop_client.toy.calculations.gaussian_loops import gaussian_loop
from loop_client.toy.calculations.jacobian_lemma import lemma
from loop_client.toy.calculations.label_verification import verified_classifier
from loop_client.toy.calculations.negative_extrapolation import extrapolated_gaussian
from loop_client.toy.calculations.regression_loop import regression_loop
from loop_client.toy.calculations.score_loop import score_loop
from loop_client.toy.calculations.stability_bounds import error_by_size, mean_loop
from motion.errors import InvalidInput

CALCULATIONS: dict[str, Callable[..., Curves]] = {
    "gaussian-loop": gaussian_loop,
    "mean-loop": mean_loop,
    "gaussian-hessian": gaussian_hessian,
    "error-by-size": error_by_size,
    "jacobian-lemma": lemma,
    "correction-distance": correction_distance,
    "basins": basin_loop,
    "regression-loop": regression_loop,
    "verified-classifier": verified_classifier,
    "curated-loop": curated_loop,
    "extrapolated-gaussian": extrapolated_gaussian,
    "score-loop": score_loop,
}
"""Functions (seeds, rng, **settings) -> curves, whose key `generations` is the abscissa."""


def checked_settings(kind: str, settings: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Check the settings of a calculation and return them with its defaults.

    Args:
        kind: one of `CALCULATIONS`.
        settings: values by name.
        where: names the settings in errors.

    Raises:
        InvalidInput: there is no such setting, or a value has another type than its default.
    """
    parameters = inspect.signature(CALCULATIONS[kind]).parameters.values()
    defaults = {each.name: each.default for each in parameters if each.default is not each.empty}
    for name, value in settings.items():
        if name not in defaults:
            raise InvalidInput.of(f"{where}.{name}", f"is unknown; must be one of {', '.join(defaults)}")
        wanted = type(defaults[name])
        if isinstance(value, bool) or not isinstance(value, (int, float) if wanted is float else wanted):
            raise InvalidInput.of(f"{where}.{name}", f"is {value!r}; must be of type {wanted.__name__}")
        if not isinstance(value, str) and (math.isnan(value) or value < 0):
            raise InvalidInput.of(f"{where}.{name}", f"is {value!r}; must be 0 or more")
    return {**defaults, **settings}
