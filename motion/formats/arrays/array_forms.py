"""Recognize what an array of numbers is by its shape and its values: positions, features or poses, one motion or many.

Generators and trackers write the axes in many orders. `recognize` returns the array as one of these:

    positions   (motions, frames, 22, 3)
    features    (motions, frames, 263)
    poses       (frames, 66 or more) rotation vectors of SMPL
    motionx     (frames, 322) rows of Motion-X

What is known but cannot be read, such as KIT-ML's skeleton or rotations in six numbers, is refused by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from motion.errors import InvalidInput
from motion.humanml3d.features import NUM_FEATURES
from motion.skeleton import JOINT, NUM_JOINTS, PARENTS

ArrayKind = Literal["positions", "features", "poses", "motionx"]

MOTIONX_COLUMNS = 322
_KIT_JOINTS, _KIT_FEATURES = 21, 251
# Joint counts of the SMPL family, whose first 22 joints are HumanML3D's.
_SMPL_JOINTS: Mapping[int, str] = {
    24: "SMPL", 45: "SMPL", 52: "SMPL-H", 73: "SMPL-H", 55: "SMPL-X", 118: "SMPL-X", 127: "SMPL-X", 144: "SMPL-X",
}  # fmt: skip
_OTHER_JOINTS: Mapping[int, str] = {
    _KIT_JOINTS: "the skeleton of KIT-ML", 14: "the skeleton of LSP", 17: "the skeleton of COCO or Human3.6M",
    25: "the skeleton of OpenPose or NTU", 31: "the skeleton of CMU", 49: "the joints of SPIN and VIBE",
    133: "the skeleton of COCO-WholeBody",
}  # fmt: skip
_POSE_COLUMNS = (66, 72, 156, 165)
_LARGEST_ANGLE = 2 * np.pi
_STEADY = 0.1
"""Bones of positions vary by less than this share of their length; those of rotation vectors by much more."""

_PAIRS = [
    (JOINT[f"left_{name}"], JOINT[f"right_{name}"]) for name in ("hip", "knee", "ankle", "collar", "elbow", "wrist")
]
_UNEVEN = 0.3


@dataclass(frozen=True)
class Recognized:
    """An array in a known order of its axes.

    Attributes:
        kind: what it holds.
        values: the array, in the shape that the module's description gives for `kind`.
        several: whether it had an axis of motions with more than one.
        notes: what was guessed, one sentence each.
    """

    kind: ArrayKind
    values: np.ndarray
    several: bool = False
    notes: tuple[str, ...] = ()


def recognize(where: str, array: np.ndarray) -> Recognized:
    """Find what an array holds.

    Args:
        where: path of the file and name of the array for errors.
        array: the array.

    Raises:
        InvalidInput: the array holds no numbers, nothing that is known has its shape, or it holds something that is
            known and cannot be read.
    """
    if array.dtype.kind not in "fiu":
        raise InvalidInput.of(where, f"holds {array.dtype}; must be numbers")
    shape = array.shape
    if not array.size:
        raise InvalidInput.of(where, f"has shape {shape}, which holds nothing; must have at least one frame")
    if shape[1:] != (NUM_JOINTS, 3) and shape[1:] != (NUM_FEATURES,) and array.size and not array.any():
        raise InvalidInput.of(where, f"holds only zeros: {refusal(shape)}")
    if shape[-1:] == (3,) and array.ndim >= 3:
        return _points(where, array)
    if array.ndim >= 3 and shape[-2] == 3 and (_joints(shape[-3]) or shape[-3] in _OTHER_JOINTS):
        return _points(where, np.moveaxis(array, -1, -3))  # (22, 3, T), (n, 22, 3, T): the time is last
    if array.ndim == 4 and shape[2] == 1 and shape[1] in (NUM_FEATURES, _KIT_FEATURES):
        return recognize(where, np.moveaxis(array[:, :, 0], 1, 2))  # (n, 263, 1, T), as MDM samples
    if shape[-1:] == (NUM_FEATURES,) and array.ndim >= 2:
        values = array.reshape(-1, *shape[-2:]) if array.ndim > 2 else array[None]
        return Recognized("features", values, len(values) > 1)
    if array.ndim == 2 and shape[1] in (3 * NUM_JOINTS, *_POSE_COLUMNS, *(3 * count for count in _SMPL_JOINTS)):
        return _flat(where, array)
    if array.ndim == 3 and shape[0] == 1:
        return recognize(where, array[0])
    if array.ndim == 2 and shape[1] == MOTIONX_COLUMNS:
        return Recognized("motionx", array)
    raise InvalidInput.of(where, refusal(shape))


def _points(where: str, array: np.ndarray) -> Recognized:
    """Recognize (..., frames, joints, 3)."""
    shape = array.shape
    if not _joints(shape[-2]):
        raise InvalidInput.of(where, refusal(shape))
    if array.ndim == 3 and shape[1] in (24, 52, 55) and _are_rotations(array):
        return Recognized("poses", array.reshape(len(array), -1))
    values = array.reshape(-1, *shape[-3:])
    notes: tuple[str, ...] = ()
    if shape[-2] != NUM_JOINTS:
        notes = (
            f"has {shape[-2]} joints; the first {NUM_JOINTS}, those of {_SMPL_JOINTS[shape[-2]]}'s body, are read",
        )
    return Recognized("positions", values[:, :, :NUM_JOINTS], len(values) > 1, notes)


def _flat(where: str, array: np.ndarray) -> Recognized:
    """Tell positions in one row a frame from SMPL poses, both of which may have 66, 72, 156 or 165 columns."""
    points = array.reshape(len(array), -1, 3)
    columns = array.shape[1]
    if columns in _POSE_COLUMNS and _are_rotations(points):
        return Recognized("poses", array)
    found = _points(where, points)
    note = f"has rows of {columns} numbers, which are read as the positions of {columns // 3} joints"
    return Recognized("positions", found.values, False, (note,))


def _are_rotations(points: np.ndarray) -> bool:
    """Return whether vectors (frames, joints, 3) are rotations: small, and without bones of steady length."""
    body = points[:, :NUM_JOINTS].astype(np.float64)
    body = body[np.isfinite(body).all(axis=(1, 2))]
    if not len(body) or np.abs(body[:, 1:]).max() > _LARGEST_ANGLE:
        return False
    bones = np.linalg.norm(body[:, 1:] - body[:, list(PARENTS[1:])], axis=-1)
    mean = bones.mean(axis=0)
    if (mean < 1e-4).sum() > NUM_JOINTS // 3:
        return True  # many joints are not turned at all; those of a body are never in one place
    variation = np.median(bones.std(axis=0) / np.maximum(mean, 1e-9))
    if variation > _STEADY:
        return True
    # A pose that is held has steady "bones" too, but those on its left are not as long as those on its right.
    lengths = bones[:, [joint - 1 for pair in _PAIRS for joint in pair]].mean(axis=0).reshape(-1, 2)
    return bool((np.ptp(lengths, axis=1) > _UNEVEN * lengths.max(axis=1)).any())


def _joints(count: int) -> bool:
    return count == NUM_JOINTS or count in _SMPL_JOINTS


def refusal(shape: tuple[int, ...]) -> str:
    """Return why an array of this shape is refused, by name where it is known."""
    wanted = f"must be (frames, {NUM_JOINTS}, 3) positions or (frames, {NUM_FEATURES}) features"
    if _KIT_FEATURES in shape[-1:] or (len(shape) > 2 and shape[1] == _KIT_FEATURES):
        return f"has shape {shape}, which are the features of KIT-ML ({_KIT_JOINTS} joints); {wanted} of HumanML3D"
    if len(shape) > 2 and (6 in shape[-2:] or 6 in shape[2:3]):
        return (
            f"has shape {shape}, which are rotations in six numbers (rot6d), not positions; "
            "must be converted by the generator, which writes them as joints (22 or 24) or SMPL poses"
        )
    if shape[-1:] in ((132,), (135,), (138,), (144,), (147,)):
        return f"has shape {shape}, which are rotations in six numbers (rot6d), not positions; {wanted}"
    if len(shape) > 2:
        count = shape[-2] if shape[-1] == 3 else shape[-3]
        if shape[-1] == 3 or (shape[-2] == 3 and count in _OTHER_JOINTS):
            name = _OTHER_JOINTS.get(count)
            return f"has shape {shape}: {count} joints{f', {name}' if name else ''}; {wanted}"
        if 2 in shape[-1:]:
            return f"has shape {shape}, which are points in an image; {wanted}"
    return f"has shape {shape}; {wanted}"
