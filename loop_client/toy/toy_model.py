"""What a generator of points is to the loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from loop_client.toy.point_set import Part

Chance = Callable[[str], np.random.Generator]
"""A generator of random numbers for each purpose, of one generation of the loop."""


class PointModel(Protocol):
    """Fits models of points and samples from them, all runs at once. A fitted model is whatever `fit` returns."""

    def fit(self, parts: Sequence[Part], before: Any, chance: Chance) -> Any:
        """A model of the points of all parts; from `before`, the model of the generation before, or None.

        One that is trained from scratch each time looks at no model before.
        """
        ...

    def sample(self, model: Any, n: int, bias: float, rng: np.random.Generator) -> np.ndarray:
        """(runs, n, dim) points; `bias` below 1 draws them nearer to what is likeliest, see `recipe.ArmRecipe`."""
        ...
