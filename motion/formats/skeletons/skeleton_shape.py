"""Guess the joints of a skeleton from its tree and its poses, where its names say nothing.

A person is a tree that forks twice: two equal legs start at the pelvis, two equal arms at the chest above it. The left
leg is found from where the feet or the knees point.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np

from motion.formats.skeletons.skeleton_names import NamedJoints
from motion.formats.skeletons.skeleton_tree import SkeletonTree

_EQUAL = 0.75  # two limbs of a body have lengths whose ratio is at least this
_SHORT_LIMB = 0.2  # of the reach of the whole skeleton; fingers and faces have pairs that are shorter
_COLLAR = 0.75  # a collar bone is shorter than this share of the upper arm
_CLEAR = 0.06  # feet or bent knees that point less far ahead, relative to the leg, do not tell where that is
_STRAIGHT_RAD = np.radians(3)  # a joint that never bends more is a twist bone


def limbs_by_shape(tree: SkeletonTree, names: NamedJoints) -> dict[str, int] | None:
    """Guess the joints of arms and legs.

    Args:
        tree: the skeleton.
        names: the words in its names, which may tell the sides.

    Returns:
        The joints by our names, without those that the skeleton lacks; None if the tree is not that of a person.
    """
    forks = _forks(tree)
    options = [
        (sum(map(tree.reach, legs)) + sum(map(tree.reach, arms)), legs, arms)
        for pelvis, legs in forks
        for chest, arms in forks
        if chest != pelvis and tree.is_below(chest, pelvis) and not any(tree.is_below(chest, leg) for leg in legs)
    ]
    for _, legs, arms in sorted(options, reverse=True):
        found = [_leg(tree, leg) for leg in legs], [_arm(tree, arm) for arm in arms]
        if all(map(len, (*found[0], *found[1]))):
            return _with_sides(tree, names, *found)
    return None


def _forks(tree: SkeletonTree) -> list[tuple[int, tuple[int, int]]]:
    """Return joints with each pair of their branches that are equal and long enough to be limbs."""
    least = _SHORT_LIMB * max(map(tree.reach, range(len(tree.parents))))
    found = []
    for joint, children in enumerate(tree.children):
        branches = [child for child in children if tree.reach(child) > least]
        for a, b in combinations(branches, 2):
            if min(tree.reach(a), tree.reach(b)) > _EQUAL * max(tree.reach(a), tree.reach(b)):
                found.append((joint, (a, b)))
    return found


def _chain(tree: SkeletonTree, start: int) -> list[int]:
    """Return the joints of a limb from `start` down, without those at their parent's place."""
    chain = [joint for joint in tree.deepest_path(start) if not tree.is_end(joint)]
    whole = tree.reach(start)
    return [joint for place, joint in enumerate(chain) if not place or tree.lengths[joint] > 0.01 * whole]


def _bending(tree: SkeletonTree, chain: list[int], least: int) -> list[int]:
    """Leave out joints of a chain that never bend, while more than `least` remain."""
    while len(chain) > least:
        bends = []
        for before, joint, after in zip(chain, chain[1:], chain[2:], strict=False):
            a = tree.positions[:, joint] - tree.positions[:, before]
            b = tree.positions[:, after] - tree.positions[:, joint]
            lengths = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
            bends.append(float(np.arccos(np.clip((a * b).sum(-1) / np.maximum(lengths, 1e-12), -1, 1)).max()))
        straightest = int(np.argmin(bends))
        if bends[straightest] > _STRAIGHT_RAD:
            break
        chain = [*chain[: straightest + 1], *chain[straightest + 2 :]]
    return chain


def _leg(tree: SkeletonTree, start: int) -> dict[str, int]:
    chain = _bending(tree, _chain(tree, start), 3)
    if len(chain) < 3:
        return {}
    bones = [tree.distance(a, b) for a, b in pairwise(chain)]
    # Thigh and shin are the two neighbours that are long and equal.
    place = max(range(len(bones) - 1), key=lambda at: min(bones[at], bones[at + 1]) - 0.01 * at)
    hip, knee, ankle, *beyond = chain[place:]
    foot = {"foot": beyond[0]} if beyond else {}
    return {"hip": hip, "knee": knee, "ankle": ankle, **foot}


def _arm(tree: SkeletonTree, start: int) -> dict[str, int]:
    chain = _chain(tree, start)
    hand = next((at for at, joint in enumerate(chain) if at > 1 and _fingers(tree, joint) > 2), len(chain) - 1)
    chain = _bending(tree, chain[: hand + 1], 3)
    if len(chain) < 3:
        return {}
    first, second = tree.distance(chain[0], chain[1]), tree.distance(chain[1], chain[2])
    if len(chain) > 3 and first < _COLLAR * second:
        collar, shoulder, elbow, wrist = chain[:4]
        return {"collar": collar, "shoulder": shoulder, "elbow": elbow, "wrist": wrist}
    return dict(zip(("shoulder", "elbow", "wrist"), chain, strict=False))


def _fingers(tree: SkeletonTree, joint: int) -> int:
    return sum(not tree.is_end(child) for child in tree.children[joint])


def _with_sides(
    tree: SkeletonTree, names: NamedJoints, legs: Sequence[dict[str, int]], arms: Sequence[dict[str, int]]
) -> dict[str, int]:
    """Name two legs and two arms left and right."""
    if _first_is_right(tree, names, legs):
        legs = legs[::-1]
    side = names.side(list(arms[0].values()))
    if side == "right" or (side is None and _arms_are_crossed(tree, legs, arms)):
        arms = arms[::-1]
    found = {}
    for side, leg, arm in zip(("left", "right"), legs, arms, strict=True):
        found.update({f"{side}_{role}": joint for role, joint in {**leg, **arm}.items()})
    return found


def _first_is_right(tree: SkeletonTree, names: NamedJoints, legs: Sequence[dict[str, int]]) -> bool:
    side = names.side(list(legs[0].values()))
    if side is not None:
        return side == "right"
    at = tree.positions
    a, b = legs
    across = at[:, a["hip"]] - at[:, b["hip"]]
    down, feet, knees = (np.zeros_like(across) for _ in range(3))
    for leg in legs:
        hip, knee, ankle = (at[:, leg[role]] for role in ("hip", "knee", "ankle"))
        down += ankle - knee
        knees += knee - (hip + ankle) / 2  # knees bend forwards
        tips = [leg["foot"]] if "foot" in leg else [end for end in tree.children[leg["ankle"]] if tree.is_end(end)]
        for tip in tips:
            feet += at[:, tip] - ankle
    # Seen along the shins, the left side is where "up" crossed with "ahead" points to.
    size = np.linalg.norm(across, axis=-1) * np.linalg.norm(down, axis=-1) * tree.reach(a["hip"])
    for ahead in (feet, knees):
        leftwards = float(np.sum(across * np.cross(-down, ahead)) / max(np.sum(size), 1e-12))
        if abs(leftwards) > _CLEAR:
            return leftwards < 0
    return bool(tree.rest[a["hip"], 0] < tree.rest[b["hip"], 0])  # most rest poses look along Z


def _arms_are_crossed(tree: SkeletonTree, legs: Sequence[dict[str, int]], arms: Sequence[dict[str, int]]) -> bool:
    at = tree.positions
    hips = at[:, legs[0]["hip"]] - at[:, legs[1]["hip"]]
    return float(np.sum(hips * (at[:, arms[0]["shoulder"]] - at[:, arms[1]["shoulder"]]))) < 0
