"""Motions as the normalised features that the model is trained on, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from motion.dataset import MotionSet
from motion.errors import InvalidInput, Violation
from motion.humanml3d import features_to_positions, mean_std, positions_to_features
from motion.motion import DEFAULT_FPS
from motion.resample import resample

MIN_FRAMES = 8


@dataclass(frozen=True, eq=False)
class Normalizer:
    """Mean and standard deviation (263,) of the features that a model was first trained on."""

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def of(cls, features: list[np.ndarray]) -> Normalizer:
        """As HumanML3D does it, one deviation a block; what never changes is left as it is."""
        mean, std = mean_std(features)
        return cls(mean.astype(np.float32), np.where(std < 1e-4, 1.0, std).astype(np.float32))

    def normalized(self, features: np.ndarray) -> np.ndarray:
        return ((features - self.mean) / self.std).astype(np.float32)

    def restored(self, features: np.ndarray) -> np.ndarray:
        return features * self.std + self.mean

    def tensors(self) -> dict[str, torch.Tensor]:
        """For a checkpoint, beside the network's."""
        return {"normalizer.mean": torch.from_numpy(self.mean), "normalizer.std": torch.from_numpy(self.std)}

    @classmethod
    def from_tensors(cls, tensors: dict[str, torch.Tensor]) -> Normalizer:
        return cls(tensors["normalizer.mean"].numpy(), tensors["normalizer.std"].numpy())


def check_trainable(dataset: MotionSet) -> None:
    """Refuse a set that nothing can be learned from.

    Raises:
        InvalidInput: naming each motion that has numbers that are not finite, no caption, or too few frames.
    """
    wrong = []
    if len(dataset) < 2:
        wrong.append(Violation("dataset", f"has {len(dataset)} motions; must have at least 2"))
    for index, (motion, captions) in enumerate(zip(dataset.motions, dataset.captions, strict=True)):
        if not np.isfinite(motion.positions).all():
            wrong.append(Violation(f"motions[{index}].positions", "has numbers that are not finite"))
        if not any(text.strip() for text in captions):
            wrong.append(Violation(f"captions[{index}]", "is empty; each motion must have a caption"))
        if len(motion) < MIN_FRAMES:
            wrong.append(Violation(f"motions[{index}]", f"has {len(motion)} frames; must have at least {MIN_FRAMES}"))
    if wrong:
        raise InvalidInput(wrong[:10])


def motion_features(dataset: MotionSet, max_frames: int) -> list[np.ndarray]:
    """Features (frames - 1, 263) of each motion at 20 frames/s, of at most its first `max_frames` frames."""
    features = []
    for motion in dataset:
        positions = resample(motion.positions.astype(np.float64), motion.fps, DEFAULT_FPS)
        features.append(positions_to_features(positions[: max_frames + 1]).astype(np.float32))
    return features


def positions_of(features: np.ndarray) -> np.ndarray:
    """Positions (frames, 22, 3) float32 of features (frames, 263)."""
    return features_to_positions(features).astype(np.float32)
