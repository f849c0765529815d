"""Find the 22 joints in positions that come with the names of their joints, and without a tree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motion.errors import InvalidInput
from motion.formats.skeletons.skeleton_match import match_joints
from motion.skeleton import JOINT_NAMES, TOES
from motion.toe_placement import place_toes

_TOE_NAMES = ("LeftToeBase", "RightToeBase")
NO_TOES = "the skeleton has no left_foot and right_foot; they were placed ahead of the ankle"


def joints_by_name(where: str, positions: np.ndarray, names: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the 22 joints of a skeleton, and a note if it has no toes, which are then placed.

    Args:
        where: path of the file for errors.
        positions: (frames, joints, 3).
        names: the names of the joints, in any naming.

    Returns:
        (frames, 22, 3) float32, and the notes.

    Raises:
        InvalidInput: there are as many names as joints not, or the names do not tell the joints.
    """
    if positions.ndim != 3 or positions.shape[1:] != (len(names), 3):
        raise InvalidInput.of(f"{where} positions", f"have shape {positions.shape} for {len(names)} joint names")
    if tuple(names) == JOINT_NAMES:
        return positions.astype(np.float32, copy=False), ()
    names = list(names)
    try:
        return _blended(positions, names, match_joints(names)), ()
    except InvalidInput as error:
        refused = error.within(where)
    if len(set(names)) < len(names) or set(names) & set(_TOE_NAMES):
        raise refused
    try:
        # A body without toes is one that is found when it is given some.
        blends = match_joints([*names, *_TOE_NAMES])
    except InvalidInput:
        raise refused from None
    given = {JOINT_NAMES[joint] for joint, blend in enumerate(blends) if {name for name, _ in blend} & set(_TOE_NAMES)}
    if given != {JOINT_NAMES[toe] for toe in TOES}:
        raise refused
    unknown = np.zeros((len(positions), len(_TOE_NAMES), 3))
    joints = _blended(np.concatenate([positions, unknown], axis=1), [*names, *_TOE_NAMES], blends)
    place_toes(joints, TOES)
    return joints, (NO_TOES,)


def _blended(positions: np.ndarray, names: list[str], blends: Sequence[Sequence[tuple[str, float]]]) -> np.ndarray:
    joints = [sum(weight * positions[:, names.index(name)] for name, weight in blend) for blend in blends]
    return np.stack(joints, axis=1).astype(np.float32)
