"""Find the balls of the feet where a skeleton's joint that is named after toes lies below the ankle instead of ahead.

Some skeletons have a joint on the floor under the ankle, and the length of the foot only in what lies beyond.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from motion.array_types import FloatArray
from motion.formats.skeletons.skeleton_tree import SkeletonTree
from motion.skeleton import JOINT

FOOT_RANGE = (0.1, 0.7)
"""Length from ankle to ball as a share of the shin's; no other joint there is a ball."""
_SIDES = ("left", "right")
_BALL_SHARE = 0.6  # of the way from under the ankle to the tip of the toes
_IN_LINE = 0.87  # cosine of 30 degrees

Balls = Mapping[str, tuple[tuple[int, float], ...]]
"""For `left_foot` and `right_foot` the file's joints and their weights; none where the foot must be placed."""


def points_along_shin(tree: SkeletonTree, knee: int, ankle: int, beyond: int) -> bool:
    """Return whether what lies beyond an ankle is in line with the shin in most poses, so that it shows no foot."""
    return _cosine(tree.positions, knee, ankle, beyond) > _IN_LINE


def balls_ahead(tree: SkeletonTree, blends: Sequence[Sequence[tuple[int, float]]]) -> Balls:
    """Find the balls of feet whose joint lies in line with the shin, both in the poses and at rest.

    Args:
        tree: the skeleton.
        blends: the 22 joints as they were found by name.

    Returns:
        Better blends of the balls of both feet; none unless both are such, as the sides of a skeleton are equal.
    """
    found = {}
    for side in _SIDES:
        leg = [blends[JOINT[f"{side}_{joint}"]] for joint in ("knee", "ankle", "foot")]
        if any(len(blend) != 1 for blend in leg):
            continue
        knee, ankle, toe = (blend[0][0] for blend in leg)
        if min(tree.distance(knee, ankle), tree.distance(ankle, toe)) <= 0:
            continue
        if not points_along_shin(tree, knee, ankle, toe) or _cosine(tree.rest[None], knee, ankle, toe) <= _IN_LINE:
            continue
        low, high = (share * tree.distance(knee, ankle) for share in FOOT_RANGE)
        tips = [
            tip
            for tip in tree.below(toe)
            if low <= tree.distance(ankle, tip) <= high and not points_along_shin(tree, knee, ankle, tip)
        ]
        tip = max(tips, key=lambda joint: tree.distance(toe, joint), default=None)
        found[f"{side}_foot"] = () if tip is None else ((toe, 1 - _BALL_SHARE), (tip, _BALL_SHARE))
    return found if len(found) == len(_SIDES) else {}


def _cosine(positions: FloatArray, knee: int, ankle: int, beyond: int) -> float:
    shin = positions[:, ankle] - positions[:, knee]
    foot = positions[:, beyond] - positions[:, ankle]
    lengths = np.linalg.norm(shin, axis=-1) * np.linalg.norm(foot, axis=-1)
    return float(abs(((shin * foot).sum(-1) / lengths.clip(1e-12)).mean()))
