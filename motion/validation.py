"""Whether what came from outside is a body in motion.

Bounds are wide: they are to refuse other units, other skeletons, broken files and arrays that are no motion, and to let
through what a poor generator makes. Mending that is what correction is for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from motion.errors import InvalidInput, Violation
from motion.humanml3d.features import FEATURES_FPS, JOINT_ROTATIONS, NUM_FEATURES, features_to_positions
from motion.motion import DEFAULT_FPS, Motion
from motion.skeleton import JOINT, JOINT_NAMES, NUM_JOINTS, bone_lengths

MIN_FRAMES = 4
MAX_FRAMES = 2000
MOST_FRAMES = 50_000  # what one message holds, whatever the rate
FPS_RANGE = (1.0, 1000.0)
STATURE_RANGE_M = (0.5, 3.0)
MAX_DISTANCE_M = 1000.0
MAX_SPEED_M_S = 100.0

_TRUNK = ("spine1", "spine2", "spine3", "neck", "head")
_LEGS = ("left_knee", "left_ankle", "right_knee", "right_ankle")
_ARMS = ("left_elbow", "left_wrist", "right_elbow", "right_wrist")
_STATURE_PER_LENGTH = (
    1.2  # of legs and trunk, which leave out the soles, the top of the head and the height of the hips
)
_POINT_M = 1e-3
_SHORTEST_BONE = 0.01  # of stature; the shortest of these bones is 0.07 in people
_COLUMN_DEVIATION = 0.35  # of length one; features that models give have about 0.06, normalised ones 0.54 and more
_LIMB_VARIATION = 0.35  # deviation over mean; generated motion has up to 0.07
_RIGHT_FEATURES = "must be HumanML3D features of a body in metres, un-normalised (x * Std + Mean)"


def as_motion(sample: Motion | np.ndarray, *, min_frames: int = MIN_FRAMES, max_frames: int = MAX_FRAMES) -> Motion:
    """A checked motion from whatever a caller may hand in.

    Args:
        sample: a `Motion`; positions (frames, 22, 3) in metres; or HumanML3D features (frames, 263). Arrays are taken
            to be at 20 fps.

    Raises:
        InvalidInput: it is none of these, or `check_motion` or `features_to_motion` refuses it.
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
    motion = Motion(_numbers(sample, "positions"), DEFAULT_FPS)
    return check_motion(motion, min_frames=min_frames, max_frames=max_frames)


def check_motion(motion: Motion, *, min_frames: int = MIN_FRAMES, max_frames: int = MAX_FRAMES) -> Motion:
    """The motion itself, if it can be that of a body; joints in another order are put in ours.

    Raises:
        InvalidInput: frame rate, joint names or frame count are wrong, a number is not finite, or the positions are
            not those of a body between 0.5 m and 3 m tall, within a kilometre of the origin, slower than 100 m/s.
    """
    violations = [
        Violation(field, reason)
        for field, reason in (
            ("fps", _fault_of_fps(motion.fps)),
            ("joint_names", _fault_of_names(motion.joint_names)),
            ("positions", _fault_of_length(len(motion), min_frames, max_frames)),
        )
        if reason
    ]
    if violations:
        raise InvalidInput(violations)
    motion = in_order(motion)
    for fault in (_fault_of_values, _fault_of_body, _fault_of_distance):
        if reason := fault(motion.positions):
            raise InvalidInput.of("positions", reason)
    if reason := _fault_of_speed(motion.positions, motion.fps):
        raise InvalidInput.of("positions", reason)
    return motion


def each_checked(
    motions: Iterable[Motion], check: Callable[[Motion], Motion] = check_motion, where: str = ""
) -> Iterator[Motion]:
    """The motions as `check` gives them back; what it raises says which of them, in `where`, it is about."""
    for motion in motions:
        try:
            yield check(motion)
        except InvalidInput as error:
            raise error.within(f"{where} {motion.name}".strip()) from error


def in_order(motion: Motion) -> Motion:
    """The motion with its joints in HumanML3D's order, whatever order they came in.

    Raises:
        InvalidInput: their names are not those of the 22 joints, each once.
    """
    if motion.joint_names == JOINT_NAMES:
        return motion
    reason = _fault_of_names(motion.joint_names)
    if reason:
        raise InvalidInput.of("joint_names", reason)
    order = [motion.joint_names.index(name) for name in JOINT_NAMES]
    return replace(motion, positions=motion.positions[:, order], joint_names=JOINT_NAMES)


def features_to_motion(
    features: np.ndarray,
    *,
    caption: str | None = None,
    name: str | None = None,
    min_frames: int = MIN_FRAMES,
    max_frames: int = MAX_FRAMES,
) -> Motion:
    """The motion of HumanML3D features (frames, 263), 20 fps, one frame a row.

    Raises:
        InvalidInput: the array has another shape, holds a number that is not finite, or does not describe a body:
            normalised features and other arrays of this shape are told by their bones and rotations.
    """
    if features.ndim != 2 or features.shape[1] != NUM_FEATURES:
        raise InvalidInput.of("features", f"has shape {features.shape}; must be (frames, {NUM_FEATURES})")
    features = _numbers(features, "features")
    reason = _fault_of_length(len(features), min_frames, max_frames)
    if reason:
        raise InvalidInput.of("features", reason)
    if not np.isfinite(features).all():
        frame, column = np.argwhere(~np.isfinite(features))[0]
        raise InvalidInput.of(
            "features", f"is {features[frame, column]} at row {frame}, column {column}; must be finite"
        )
    motion = Motion(features_to_positions(features), FEATURES_FPS, caption=caption, name=name)
    reason = _fault_of_rotations(features) or _fault_of_rigidity(motion.positions)
    if reason:
        raise InvalidInput.of("features", f"{reason}; {_RIGHT_FEATURES}")
    try:
        return check_motion(motion, min_frames=min_frames, max_frames=max_frames)
    except InvalidInput as error:
        reason = error.violations[0].description
        raise InvalidInput.of("features", f"recovered to positions, {reason}; {_RIGHT_FEATURES}") from error


def stature(positions: np.ndarray) -> float:
    """About how tall a body stands, metres, from the median lengths of its legs and trunk; (frames, 22, 3)."""
    lengths = _median_lengths(positions)
    return _STATURE_PER_LENGTH * (_total(lengths, _LEGS) / 2 + _total(lengths, _TRUNK))


def _numbers(array: np.ndarray, field: str) -> np.ndarray:
    if array.dtype.kind not in "fiu":
        raise InvalidInput.of(field, f"holds {array.dtype}; must hold real numbers")
    with np.errstate(over="ignore"):  # what becomes infinite is found, and named, with the rest that is not finite
        return array.astype(np.float32, copy=False)


def check_fps(fps: float, field: str = "fps") -> None:
    """Raises `InvalidInput` about `field` if that is no rate that motion has."""
    if reason := _fault_of_fps(fps):
        raise InvalidInput.of(field, reason)


def _fault_of_fps(fps: float) -> str | None:
    low, high = FPS_RANGE
    return None if low <= fps <= high else f"is {fps:g}; must be from {low:g} to {high:g} frames per second"


def _fault_of_names(names: Sequence[str]) -> str | None:
    if len(names) == NUM_JOINTS and set(names) == set(JOINT_NAMES):
        return None
    unknown = [name for name in names if name not in JOINT]
    missing = [name for name in JOINT_NAMES if name not in names]
    if unknown:
        fault = f"has the unknown joint {unknown[0]!r:.60}"
    elif missing:
        fault = f"lacks {missing[0]!r}"
    else:
        fault = f"has {len(names)} names, some of them twice"
    return f"{fault}; must be the {NUM_JOINTS} names {', '.join(JOINT_NAMES)}"


def _fault_of_length(frames: int, low: int, high: int) -> str | None:
    if low <= frames <= high:
        return None
    return f"has {frames} frames; must have {f'at least {low}' if high == sys.maxsize else f'from {low} to {high}'}"


def _fault_of_values(positions: np.ndarray) -> str | None:
    finite = np.isfinite(positions)
    if finite.all():
        return None
    return f"is {_named(positions, np.argwhere(~finite)[0])}; must be finite"


def _fault_of_body(positions: np.ndarray) -> str | None:
    if np.median(np.ptp(positions, axis=1).max(axis=-1)) < _POINT_M:
        return "has all joints in one point; must be those of a body, in metres"
    tall, (low, high) = stature(positions), STATURE_RANGE_M
    if not low <= tall <= high:
        return f"is a body about {tall:.3g} m tall; must be from {low:g} to {high:g} m (positions are in metres)"
    lengths = _median_lengths(positions)
    for name in (*_LEGS, *_ARMS):
        if lengths[name] < _SHORTEST_BONE * tall:
            return f"has a bone to {name} of {lengths[name] * 1000:.1f} mm; limbs must have a length"
    for left, right in (("left_hip", "right_hip"), ("left_shoulder", "right_shoulder")):
        apart = float(np.median(np.linalg.norm(positions[:, JOINT[left]] - positions[:, JOINT[right]], axis=-1)))
        if apart < _SHORTEST_BONE * tall:
            return f"has {left} and {right} {apart * 1000:.1f} mm apart; a body has a left and a right side"
    return None


def _fault_of_distance(positions: np.ndarray) -> str | None:
    distances = np.abs(positions)
    if distances.max() <= MAX_DISTANCE_M:
        return None
    farthest = _named(positions, np.array(np.unravel_index(distances.argmax(), distances.shape)))
    return f"is {farthest}; must be within {MAX_DISTANCE_M:g} m of the origin"


def _fault_of_speed(positions: np.ndarray, fps: float) -> str | None:
    speeds = np.linalg.norm(np.diff(positions, axis=0), axis=-1).mean(axis=1) * fps
    if not len(speeds) or speeds.max() <= MAX_SPEED_M_S:
        return None
    frame = int(speeds.argmax())
    return f"moves at {speeds[frame]:.0f} m/s from frame {frame} to {frame + 1}; must stay below {MAX_SPEED_M_S:g} m/s"


def _fault_of_rotations(features: np.ndarray) -> str | None:
    norms = np.linalg.norm(features[:, JOINT_ROTATIONS].reshape(-1, 3), axis=-1)
    off = float(np.abs(norms - 1).mean())
    return None if off <= _COLUMN_DEVIATION else f"has rotations whose columns miss length one by {off:.3g}"


def _fault_of_rigidity(positions: np.ndarray) -> str | None:
    lengths = bone_lengths(positions)[:, [JOINT[name] - 1 for name in (*_LEGS, *_ARMS)]]
    variation = float((lengths.std(axis=0) / np.maximum(lengths.mean(axis=0), 1e-9)).mean())
    return None if variation <= _LIMB_VARIATION else f"has limbs that change length by {variation:.0%}"


def _named(positions: np.ndarray, index: np.ndarray) -> str:
    """One coordinate, and where it stands."""
    frame, joint, axis = index
    return f"{positions[frame, joint, axis]:g} at frame {frame}, joint {JOINT_NAMES[joint]}, {'xyz'[axis]}"


def _median_lengths(positions: np.ndarray) -> dict[str, float]:
    """Median length over the frames of the bone to each joint but the pelvis, metres."""
    return dict(zip(JOINT_NAMES[1:], np.median(bone_lengths(positions), axis=0).tolist(), strict=True))


def _total(lengths: dict[str, float], names: Sequence[str]) -> float:
    return sum(lengths[name] for name in names)
