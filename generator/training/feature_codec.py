"""Conversion between motions and the features that a model is trained on."""

from __future__ import annotations

import numpy as np

from motion.errors import InvalidInput, Violation
from motion.humanml3d.features import features_to_positions, positions_to_features
from motion.motion import DEFAULT_FPS
from motion.motion_set import MotionSet
from motion.plausibility import fps_fault
from motion.resample import resample

MIN_TRAINING_FRAMES = 8
"""Fewest frames of a training motion, at 20 frames/s."""
_MAX_LISTED = 10


def check_trainable(dataset: MotionSet) -> None:
    """Check that a model can be trained on a data set.

    Raises:
        InvalidInput: if there are fewer than two motions, or motions at an impossible rate, with values that are not
            finite, without a caption, or with too few frames; each is named.
    """
    violations = []
    if len(dataset) < 2:
        violations.append(Violation("dataset", f"has {len(dataset)} motions; must have at least 2"))
    for index, (motion, captions) in enumerate(zip(dataset.motions, dataset.captions, strict=True)):
        if rate := fps_fault(motion.fps):
            violations.append(Violation(f"motions[{index}].fps", rate))
            continue
        if not np.isfinite(motion.positions).all():
            violations.append(Violation(f"motions[{index}].positions", "has values that are not finite"))
        if not any(text.strip() for text in captions):
            violations.append(Violation(f"captions[{index}]", "is empty; each motion must have a caption"))
        if len(motion) < MIN_TRAINING_FRAMES or motion.duration * DEFAULT_FPS < MIN_TRAINING_FRAMES - 1:
            least = f"{MIN_TRAINING_FRAMES}, and last {(MIN_TRAINING_FRAMES - 1) / DEFAULT_FPS:.2f} s"
            violations.append(Violation(f"motions[{index}]", f"has {len(motion)} frames; must have at least {least}"))
    if violations:
        raise InvalidInput(violations[:_MAX_LISTED])


def encode_motions(dataset: MotionSet, max_frames: int) -> list[np.ndarray]:
    """Compute the features (frames - 1, 263) of each motion at 20 frames/s, of its first `max_frames` frames."""
    features = []
    for motion in dataset:
        positions = resample(motion.positions.astype(np.float64), motion.fps, DEFAULT_FPS)
        features.append(positions_to_features(positions[: max_frames + 1]).astype(np.float32))
    return features


def decode_positions(features: np.ndarray) -> np.ndarray:
    """Compute the positions (frames, 22, 3) float32 of features (frames, 263)."""
    return features_to_positions(features).astype(np.float32)
