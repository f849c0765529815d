"""Check motions that come from outside, with the checks in `motion.plausibility`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from motion.array_types import FloatArray
from motion.errors import InvalidInput, Violation
from motion.humanml3d.features import FEATURES_FPS, NUM_FEATURES, features_to_positions
from motion.motion import DEFAULT_FPS, Motion
from motion.plausibility import features_fault, fps_fault, joint_names_fault, length_fault, positions_fault
from motion.skeleton import JOINT_NAMES, NUM_JOINTS

MIN_MOTION_FRAMES = 4
"""Fewest frames of a motion that can be corrected."""
MAX_MOTION_FRAMES = 2000
"""Most frames of a motion that can be corrected: 100 s at 20 fps."""
MAX_MESSAGE_FRAMES = 50_000
"""Most frames of one motion in a message, at any frame rate."""

_RIGHT_FEATURES = "must be HumanML3D features of a body in metres, un-normalised (x * Std + Mean)"


def as_motion(
    sample: Motion | np.ndarray, *, min_frames: int = MIN_MOTION_FRAMES, max_frames: int = MAX_MOTION_FRAMES
) -> Motion:
    """Convert a motion or an array to a checked motion.

    Args:
        sample: a `Motion`; positions (frames, 22, 3) in metres; or HumanML3D features (frames, 263). Arrays are
            assumed to be at 20 fps.
        min_frames: fewest frames that are accepted.
        max_frames: most frames that are accepted.

    Raises:
        InvalidInput: the sample is none of these, or `check_motion` or `features_to_motion` refuses it.
    """
    if isinstance(sample, Motion):
        return check_motion(sample, min_frames=min_frames, max_frames=max_frames)
    if not isinstance(sample, np.ndarray):
        reason = f"is {type(sample).__name__}; must be a Motion or a numpy array"
        raise InvalidInput.of("motion", reason)
    if sample.ndim == 2 and sample.shape[1] == NUM_FEATURES:
        return features_to_motion(sample, min_frames=min_frames, max_frames=max_frames)
    if sample.ndim != 3 or sample.shape[1:] != (NUM_JOINTS, 3):
        wanted = f"(frames, {NUM_JOINTS}, 3) positions or (frames, {NUM_FEATURES}) features"
        raise InvalidInput.of("positions", f"has shape {sample.shape}; must be {wanted}")
    motion = Motion(_float32(sample, "positions"), DEFAULT_FPS)
    return check_motion(motion, min_frames=min_frames, max_frames=max_frames)


def as_motions(
    samples: Sequence[Motion | np.ndarray], convert: Callable[[Motion | np.ndarray], Motion] = as_motion
) -> list[Motion]:
    """Convert motions and arrays to checked motions, all of them or none.

    Args:
        samples: what `convert` takes.
        convert: returns the checked motion or raises `InvalidInput`.

    Raises:
        InvalidInput: samples were refused; each of their fields starts with `motions[i]`.
    """
    motions: list[Motion] = []
    violations: list[Violation] = []
    for index, sample in enumerate(samples):
        try:
            motions.append(convert(sample))
        except InvalidInput as error:
            violations += error.within(f"motions[{index}]").violations
    if violations:
        raise InvalidInput(violations)
    return motions


def check_motion(motion: Motion, *, min_frames: int = MIN_MOTION_FRAMES, max_frames: int = MAX_MOTION_FRAMES) -> Motion:
    """Check that a motion can be that of a body, and return it with its joints in HumanML3D's order.

    Args:
        motion: the motion.
        min_frames: fewest frames that are accepted.
        max_frames: most frames that are accepted.

    Raises:
        InvalidInput: frame rate, joint names or frame count are wrong, a number is not finite, or the positions are
            not those of a body between 0.5 m and 3 m tall, within 1 km of the origin and slower than 100 m/s.
    """
    faults = {
        "fps": fps_fault(motion.fps),
        "joint_names": joint_names_fault(motion.joint_names),
        "positions": length_fault(len(motion), min_frames, max_frames),
    }
    violations = [Violation(field, reason) for field, reason in faults.items() if reason]
    if violations:
        raise InvalidInput(violations)
    motion = reorder_joints(motion)
    if reason := positions_fault(motion.positions, motion.fps):
        raise InvalidInput.of("positions", reason)
    return motion


def check_each(
    motions: Iterable[Motion], check: Callable[[Motion], Motion] = check_motion, where: str = ""
) -> Iterator[Motion]:
    """Check motions one after another.

    Args:
        motions: the motions.
        check: returns the checked motion or raises `InvalidInput`.
        where: origin of the motions for the error, such as the path of a file.

    Yields:
        The motions that `check` returned.

    Raises:
        InvalidInput: `check` refused a motion; the field starts with `where` and the motion's name.
    """
    for motion in motions:
        try:
            yield check(motion)
        except InvalidInput as error:
            raise error.within(f"{where} {motion.name}".strip()) from error


def reorder_joints(motion: Motion) -> Motion:
    """Return the motion with its joints in HumanML3D's order.

    Args:
        motion: a motion whose joints may be in any order.

    Raises:
        InvalidInput: the names are not those of the 22 joints.
    """
    if motion.joint_names == JOINT_NAMES:
        return motion
    if reason := joint_names_fault(motion.joint_names):
        raise InvalidInput.of("joint_names", reason)
    order = [motion.joint_names.index(name) for name in JOINT_NAMES]
    return replace(motion, positions=motion.positions[:, order], joint_names=JOINT_NAMES)


def features_to_motion(
    features: np.ndarray,
    *,
    caption: str | None = None,
    name: str | None = None,
    min_frames: int = MIN_MOTION_FRAMES,
    max_frames: int = MAX_MOTION_FRAMES,
) -> Motion:
    """Convert HumanML3D features to a checked motion with one frame per row.

    Args:
        features: (frames, 263) features at 20 fps.
        caption: caption of the motion.
        name: name of the motion.
        min_frames: fewest frames that are accepted.
        max_frames: most frames that are accepted.

    Raises:
        InvalidInput: the array has another shape, holds a number that is not finite, or does not describe a body.
            Normalized features and other arrays of this shape are recognized by their bones and rotations.
    """
    if features.ndim != 2 or features.shape[1] != NUM_FEATURES:
        raise InvalidInput.of("features", f"has shape {features.shape}; must be (frames, {NUM_FEATURES})")
    features = _float32(features, "features")
    if reason := length_fault(len(features), min_frames, max_frames):
        raise InvalidInput.of("features", reason)
    if not np.isfinite(features).all():
        frame, column = np.argwhere(~np.isfinite(features))[0]
        raise InvalidInput.of(
            "features", f"is {features[frame, column]} at row {frame}, column {column}; must be finite"
        )
    motion = Motion(features_to_positions(features), FEATURES_FPS, caption=caption, name=name)
    if reason := features_fault(features, motion.positions):
        raise InvalidInput.of("features", f"{reason}; {_RIGHT_FEATURES}")
    try:
        return check_motion(motion, min_frames=min_frames, max_frames=max_frames)
    except InvalidInput as error:
        reason = error.violations[0].description
        raise InvalidInput.of("features", f"recovered to positions, {reason}; {_RIGHT_FEATURES}") from error


def check_fps(fps: float, field: str = "fps") -> None:
    """Check that a frame rate is one that motion can have.

    Args:
        fps: frames per second.
        field: name of the field for the error.

    Raises:
        InvalidInput: the rate is not from 1 to 1000.
    """
    if reason := fps_fault(fps):
        raise InvalidInput.of(field, reason)


def _float32(array: np.ndarray, field: str) -> FloatArray:
    if array.dtype.kind not in "fiu":
        raise InvalidInput.of(field, f"holds {array.dtype}; must hold real numbers")
    # Values that overflow to infinity are reported later, with all others that are not finite.
    with np.errstate(over="ignore"):
        return array.astype(np.float32, copy=False)
