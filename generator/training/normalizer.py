"""Normalisation of the features that a model is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motion.humanml3d.features import mean_std

_MIN_STD = 1e-4


@dataclass(frozen=True, eq=False)
class Normalizer:
    """Mean and standard deviation of the features that a model was first trained on.

    A model that is trained further keeps the normalizer it was trained from scratch with, because its weights would be
    useless with another.

    Attributes:
        mean: (263,) float32.
        std: (263,) float32.
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def from_features(cls, features: Sequence[np.ndarray]) -> Normalizer:
        """Compute the statistics of features, each (frames, 263), as HumanML3D does, with one deviation a block.

        A block that never changes gets a deviation of 1.
        """
        mean, std = mean_std(features)
        return cls(mean.astype(np.float32), np.where(std < _MIN_STD, 1.0, std).astype(np.float32))

    def normalize(self, features: np.ndarray) -> np.ndarray:
        """Normalise features (frames, 263) to float32."""
        return ((features - self.mean) / self.std).astype(np.float32)

    def denormalize(self, features: np.ndarray) -> np.ndarray:
        """Invert `normalize`."""
        return features * self.std + self.mean
