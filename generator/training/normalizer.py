"""Mean and deviation of the features that a model is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motion.humanml3d.features import mean_std

_CONSTANT = 1e-4


@dataclass(frozen=True, eq=False)
class Normalizer:
    """Mean and standard deviation (263,) float32 of the features that a model was first trained on.

    They are the scratch fit's, and every model that is trained further from it keeps them: its weights mean nothing
    with others.
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def of(cls, features: Sequence[np.ndarray]) -> Normalizer:
        """As HumanML3D has it, with one deviation a block; a block that never changes is only shifted."""
        mean, std = mean_std(features)
        return cls(mean.astype(np.float32), np.where(std < _CONSTANT, 1.0, std).astype(np.float32))

    def normalized(self, features: np.ndarray) -> np.ndarray:
        return ((features - self.mean) / self.std).astype(np.float32)

    def restored(self, features: np.ndarray) -> np.ndarray:
        return features * self.std + self.mean
