"""The protocol of a generator of points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from loop_client.toy.point_set import PointSet

RngFactory = Callable[[str], np.random.Generator]
"""Returns the random generator of one generation of the loop for a purpose, such as "fit"."""


class ToyModel(Protocol):
    """A kind of generator, with its settings. It trains and samples all runs at once.

    A trained model is whatever `train` returns; the loop only hands it back.
    """

    def train(self, training_set: Sequence[PointSet], previous: Any, rng_for: RngFactory) -> Any:
        """Train a model on points.

        Args:
            training_set: all its points are trained on alike.
            previous: the model of the generation before, which models that are fine-tuned start from; None at first.
            rng_for: the sources of randomness.
        """
        ...

    def sample(self, model: Any, n: int, bias: float, rng: np.random.Generator) -> np.ndarray:
        """Sample from a trained model.

        Args:
            model: as `train` returned it.
            n: points per run.
            bias: below 1, samples are drawn closer to the modes, see `ToyArmRecipe.bias`.
            rng: the source of randomness.

        Returns:
            Points, (runs, n, dim).
        """
        ...
