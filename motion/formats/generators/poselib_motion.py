"""Read motions of poselib, the library of Isaac Gym's humanoids (AMP, ASE, PHC): a tree of joints and quaternions.

They are dictionaries in `.npy` files: `rotation` (frames, joints, 4) with the scalar last, `root_translation`
(frames, 3), `skeleton_tree` with names, parents and offsets, `is_local` and `fps`. Z is up and lengths are metres.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.formats.read_options import ReadOptions
from motion.formats.skeletons.posed_skeleton import PosedSkeleton
from motion.formats.skeletons.skeleton_match import read_names
from motion.orientation import turn_to_y

_KEYS = frozenset({"rotation", "root_translation", "skeleton_tree"})


@dataclass(frozen=True, eq=False)
class PoselibReading:
    """What such a dictionary holds.

    Attributes:
        positions: (frames, 22, 3) our joints, metres, Y up unless the user names the axis.
        notes: what was guessed, one sentence each.
    """

    positions: FloatArray
    notes: tuple[str, ...]


def is_poselib(fields: Mapping[Any, Any]) -> bool:
    """Return whether a dictionary is a motion of poselib."""
    return set(fields) >= _KEYS and isinstance(fields["skeleton_tree"], Mapping)


def read_poselib(where: str, fields: Mapping[Any, Any], options: ReadOptions) -> PoselibReading:
    """Read a motion of poselib.

    Args:
        where: path of the file for errors.
        fields: the dictionary, for which `is_poselib` holds.
        options: what the user says: names of joints, and the axis that points up, which is then left as it is.

    Raises:
        InvalidInput: an array is missing or has a wrong shape, or the skeleton is not understood.
    """
    tree = fields["skeleton_tree"]
    names = tuple(str(name) for name in tree.get("node_names", ()))
    count = len(names)
    parents = _array(f"{where} parent_indices", tree.get("parent_indices"), (count,))
    offsets = _array(f"{where} local_translation", tree.get("local_translation"), (count, 3)).astype(np.float64)
    root = _array(f"{where} root_translation", fields["root_translation"], (None, 3)).astype(np.float64)
    turned = _array(f"{where} rotation", fields["rotation"], (len(root), count, 4)).astype(np.float64)
    if not count or any(not -1 <= parent < index for index, parent in enumerate(parents.tolist())):
        raise InvalidInput.of(f"{where} parent_indices", "are no tree; must be the index of a joint before each, or -1")
    quaternions = rotation.normalized(turned[..., [3, 0, 1, 2]])
    local = bool(np.all(fields.get("is_local", True)))
    positions, rotations = np.zeros((len(root), count, 3)), quaternions.copy()
    for joint, parent in enumerate(parents.tolist()):
        if parent < 0:
            positions[:, joint] = root
            continue
        if local:
            rotations[:, joint] = rotation.multiply(rotations[:, parent], quaternions[:, joint])
        positions[:, joint] = positions[:, parent] + rotation.rotate(rotations[:, parent], offsets[joint])
    body = PosedSkeleton(names, tuple(parents.tolist()), offsets, (), positions, rotations)
    try:
        match, joints = body.read(read_names(options.names) if options.names is not None else None)
    except InvalidInput as error:
        raise error.within(where) from error
    if options.up is not None:
        return PoselibReading(joints, match.notes)
    return PoselibReading(turn_to_y(joints, "z"), (*match.notes, "Z is up in motions of poselib (--up says another)"))


def _array(where: str, value: Any, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return an array, which poselib keeps in a dictionary with its type beside it."""
    array = np.asarray(value.get("arr") if isinstance(value, Mapping) else value)
    fits = array.ndim == len(shape) and all(want in (None, size) for want, size in zip(shape, array.shape, strict=True))
    if array.dtype.kind not in "fiu" or not fits:
        wanted = ", ".join("frames" if size is None else str(size) for size in shape)
        raise InvalidInput.of(where, f"is {array.dtype} {array.shape}; must be numbers ({wanted})")
    return array
