"""Reasons why an array cannot be the motion of a body.

Each function returns None, or the reason as the second half of a sentence whose subject is the refused field.

The bounds are wide. They refuse other units, other skeletons, damaged files and arrays that are not motion, and accept
what a poor generator produces, because repairing that is the task of correction.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from motion.array_types import FloatArray
from motion.humanml3d.features import JOINT_ROTATIONS
from motion.skeleton import JOINT, JOINT_NAMES, NUM_JOINTS, PARENTS, bone_lengths

FPS_RANGE = (1.0, 1000.0)
STATURE_RANGE_M = (0.5, 3.0)
MAX_DISTANCE_M = 1000.0
MAX_SPEED_M_S = 100.0
# Glitches, cuts and a calibration pose before the motion; `mending` finds them.
_FEW_JUMPS, _JUMPING_SHARE = 4, 0.05

_TRUNK = ("spine1", "spine2", "spine3", "neck", "head")
_LEGS = ("left_knee", "left_ankle", "right_knee", "right_ankle")
_ARMS = ("left_elbow", "left_wrist", "right_elbow", "right_wrist")
# Stature over the length of legs and trunk, which leave out the soles, the top of the head and the height of the hips.
_STATURE_PER_LENGTH = 1.2
_POINT_M = 1e-3
_SHORTEST_BONE = 0.01  # of stature; the shortest of these bones has 0.07 in people
_COLUMN_DEVIATION = 0.35  # of length one; features from models have about 0.06, normalized features 0.54 and more
_LIMB_VARIATION = 0.35  # standard deviation over mean; generated motion has up to 0.07


def stature(positions: FloatArray) -> float:
    """Estimate how tall a body is from the median lengths of its legs and trunk.

    Args:
        positions: (frames, 22, 3) joint positions.

    Returns:
        The stature in the unit of the positions.
    """
    return _stature(_median_lengths(positions.transpose(2, 1, 0)))


def fps_fault(fps: float) -> str | None:
    """Check that a frame rate is within `FPS_RANGE`."""
    low, high = FPS_RANGE
    return None if low <= fps <= high else f"is {fps:g}; must be from {low:g} to {high:g} frames per second"


def joint_names_fault(names: Sequence[str]) -> str | None:
    """Check that names are those of the 22 joints in any order."""
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


def length_fault(frames: int, low: int, high: int) -> str | None:
    """Check that a frame count is from `low` to `high`."""
    if low <= frames <= high:
        return None
    return f"has {frames} frames; must have {f'at least {low}' if high == sys.maxsize else f'from {low} to {high}'}"


def positions_fault(positions: FloatArray, fps: float) -> str | None:
    """Check that positions (frames, 22, 3) are those of a body in motion, in metres."""
    if reason := _values_fault(positions):
        return reason
    # NumPy is several times as fast over long rows as over the three coordinates of a joint.
    paths = np.ascontiguousarray(positions.transpose(2, 1, 0))
    return _body_fault(paths) or _distance_fault(positions) or _speed_fault(paths, fps)


def features_fault(features: FloatArray, positions: FloatArray) -> str | None:
    """Check that features describe a body, by the rotations in them and by the bones of the recovered positions.

    Args:
        features: (frames, 263) HumanML3D features.
        positions: (frames, 22, 3) positions that were recovered from them.
    """
    norms = np.linalg.norm(features[:, JOINT_ROTATIONS].reshape(-1, 3), axis=-1)
    off = float(np.abs(norms - 1).mean())
    if not off <= _COLUMN_DEVIATION:
        return f"has rotations whose columns miss length one by {off:.3g}"
    lengths = bone_lengths(positions)[:, [JOINT[name] - 1 for name in (*_LEGS, *_ARMS)]]
    variation = float((lengths.std(axis=0) / np.maximum(lengths.mean(axis=0), 1e-9)).mean())
    return None if variation <= _LIMB_VARIATION else f"has limbs that change length by {variation:.0%}"


def _values_fault(positions: FloatArray) -> str | None:
    finite = np.isfinite(positions)
    if finite.all():
        return None
    return f"is {_coordinate(positions, np.argwhere(~finite)[0])}; must be finite"


def _body_fault(paths: FloatArray) -> str | None:
    """Check the proportions of a body by the paths (3, 22, frames) of its joints."""
    if np.median(np.ptp(paths, axis=1).max(axis=0)) < _POINT_M:
        return "has all joints in one point; must be those of a body, in metres"
    lengths = _median_lengths(paths)
    tall, (low, high) = _stature(lengths), STATURE_RANGE_M
    if not low <= tall <= high:
        return f"is a body about {tall:.3g} m tall; must be from {low:g} to {high:g} m (positions are in metres)"
    for name in (*_LEGS, *_ARMS):
        if lengths[name] < _SHORTEST_BONE * tall:
            return f"has a bone to {name} of {lengths[name] * 1000:.1f} mm; limbs must have a length"
    for left, right in (("left_hip", "right_hip"), ("left_shoulder", "right_shoulder")):
        apart = float(np.median(_norm(paths[:, JOINT[left]] - paths[:, JOINT[right]])))
        if apart < _SHORTEST_BONE * tall:
            return f"has {left} and {right} {apart * 1000:.1f} mm apart; a body has a left and a right side"
    return None


def _distance_fault(positions: FloatArray) -> str | None:
    if max(positions.max(), -positions.min()) <= MAX_DISTANCE_M:
        return None
    distances = np.abs(positions)
    farthest = _coordinate(positions, np.array(np.unravel_index(distances.argmax(), distances.shape)))
    return f"is {farthest}; must be within {MAX_DISTANCE_M:g} m of the origin"


def _speed_fault(paths: FloatArray, fps: float) -> str | None:
    """Check how fast the joints move on their paths (3, 22, frames)."""
    speeds = _norm(np.diff(paths, axis=-1)).mean(axis=0) * fps
    if (speeds > MAX_SPEED_M_S).sum() <= max(_FEW_JUMPS, _JUMPING_SHARE * len(speeds)):
        return None
    frame = int(speeds.argmax())
    return f"moves at {speeds[frame]:.0f} m/s from frame {frame} to {frame + 1}; must stay below {MAX_SPEED_M_S:g} m/s"


def _coordinate(positions: FloatArray, index: np.ndarray) -> str:
    """Describe one coordinate by its value, frame, joint and axis."""
    frame, joint, axis = index
    return f"{positions[frame, joint, axis]:g} at frame {frame}, joint {JOINT_NAMES[joint]}, {'xyz'[axis]}"


def _stature(lengths: dict[str, float]) -> float:
    return _STATURE_PER_LENGTH * (_sum(lengths, _LEGS) / 2 + _sum(lengths, _TRUNK))


def _median_lengths(paths: FloatArray) -> dict[str, float]:
    """Return the median length of the bone to each joint except the pelvis, of paths (3, 22, frames)."""
    lengths = _norm(paths[:, 1:] - paths[:, PARENTS[1:]])
    return dict(zip(JOINT_NAMES[1:], np.median(lengths, axis=-1, overwrite_input=True).tolist(), strict=True))


def _norm(vectors: FloatArray) -> FloatArray:
    """Return the lengths of vectors whose coordinates are along the first axis."""
    return np.sqrt(vectors[0] ** 2 + vectors[1] ** 2 + vectors[2] ** 2)


def _sum(lengths: dict[str, float], names: Sequence[str]) -> float:
    return sum(lengths[name] for name in names)
