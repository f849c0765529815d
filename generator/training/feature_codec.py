"""Motions as the features that a model is trained on, and back."""

from __future__ import annotations

import numpy as np

from motion.errors import InvalidInput, Violation
from motion.humanml3d.features import features_to_positions, positions_to_features
from motion.motion import DEFAULT_FPS
from motion.motion_set import MotionSet
from motion.resample import resample

MIN_FRAMES = 8
"""Of a motion to train on, at 20 frames/s."""
_NAMED_AT_MOST = 10


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
        if len(motion) < MIN_FRAMES or motion.duration * DEFAULT_FPS < MIN_FRAMES - 1:
            shortest = f"{MIN_FRAMES}, and last {(MIN_FRAMES - 1) / DEFAULT_FPS:.2f} s"
            wrong.append(Violation(f"motions[{index}]", f"has {len(motion)} frames; must have at least {shortest}"))
    if wrong:
        raise InvalidInput(wrong[:_NAMED_AT_MOST])


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
