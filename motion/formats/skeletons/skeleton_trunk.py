"""Find pelvis, spine, neck and head of a skeleton whose arms and legs are known, and interpolate what it lacks.

Skeletons have from no to six joints between pelvis and neck. Three of them stand for `spine1`, `spine2` and `spine3`:
those whose share of the way from pelvis to neck comes nearest to that of our joints.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from motion.formats.skeletons.skeleton_names import NamedJoints
from motion.formats.skeletons.skeleton_tree import Roles, SkeletonTree
from motion.skeleton import JOINT_NAMES

SPINE = ("spine1", "spine2", "spine3")
Weights = dict[int, float]
"""A joint as a weighted sum of the file's joints."""
# Shares of the way from pelvis to neck, and weights of the collar, on the mean body of `motion.kinematics`.
_SHARES = {"pelvis": 0.0, "spine1": 0.238, "spine2": 0.474, "spine3": 0.581, "neck": 1.0}
_SHOULDER_SHARE, _HEAD_SHARE = 0.8, 1.16
_NECK_TO_HEAD = 0.385  # as a share of the way from spine3 to the neck
_COLLAR_OF = {"shoulder": 0.44, "neck": 0.29, "spine3": 0.27}
_AT_PELVIS = 0.02  # a joint this near to the pelvis, as a share of the way to the neck, is none of the spine
_HEAD_RANGE = (0.05, 0.5)  # length from neck to head as a share of that from pelvis to neck


def trunk_by_tree(tree: SkeletonTree, names: NamedJoints, limbs: Roles) -> dict[str, int]:
    """Find the joints of the trunk between the arms and the legs.

    Args:
        tree: the skeleton.
        names: the words in its names.
        limbs: joints of arms and legs; both hips and both shoulders at least.

    Returns:
        The joints of pelvis, spine, neck and head by our names, as far as the skeleton has them.
    """
    hips = [limbs["left_hip"], limbs["right_hip"]]
    arms = [limbs.get(f"{side}_collar", limbs[f"{side}_shoulder"]) for side in ("left", "right")]
    pelvis = fork = tree.common_ancestor([*hips, *arms])
    named = names.first("pelvis")
    if named is not None and (fork < 0 or names.words[fork].part in (None, "root")) and named not in (*hips, *arms):
        pelvis = named
    chest = tree.common_ancestor(arms)
    found = {"pelvis": pelvis} if pelvis >= 0 else {}
    upper = _neck_and_head(tree, names, chest, arms)
    taken = {*upper.values(), *limbs.values(), pelvis}
    path = tree.path(chest)
    start = path.index(pelvis) + 1 if pelvis in path else path.index(fork) + 1 if fork in path else 0
    chain = [joint for joint in path[start:] if joint not in taken]
    top = upper.get("neck")
    if pelvis < 0 or not chain:
        return {**found, **upper}
    total = tree.distance(pelvis, top) if top is not None else tree.distance(pelvis, arms[0]) / _SHOULDER_SHARE
    chain = [joint for joint in chain if tree.distance(pelvis, joint) > _AT_PELVIS * total]
    shares = [tree.distance(pelvis, joint) / max(total, 1e-9) for joint in chain]
    return {**found, **_slots(chain, shares), **upper}


def trunk_by_names(names: NamedJoints) -> dict[str, int]:
    """Find the joints of the trunk where only the names of a skeleton are known.

    Args:
        names: the words in its names.
    """
    chain = names.trunk()
    found = {"pelvis": names.first("pelvis"), "neck": names.first("neck"), "head": names.first("head")}
    if found["pelvis"] is None:
        found["pelvis"] = names.first("root")
    known = {name: joint for name, joint in found.items() if joint is not None}
    shares = [(place + 1) / (len(chain) + 1) * 0.75 for place in range(len(chain))]
    return {**known, **_slots(chain, shares)}


def _slots(chain: list[int], shares: list[float]) -> dict[str, int]:
    """Choose the joints of a chain that stand for the spine's three joints."""
    if len(chain) == len(SPINE):
        return dict(zip(SPINE, chain, strict=True))
    count = min(len(chain), len(SPINE))
    options = [
        (sum(abs(shares[place] - _SHARES[slot]) for place, slot in zip(places, slots, strict=True)), places, slots)
        for places in combinations(range(len(chain)), count)
        for slots in combinations(SPINE, count)
    ]
    _, places, slots = min(options)
    return {slot: chain[place] for place, slot in zip(places, slots, strict=True)}


def _neck_and_head(tree: SkeletonTree, names: NamedJoints, chest: int, arms: list[int]) -> dict[str, int]:
    head, neck = names.first("head", below=chest), names.first("neck", below=chest)
    above = [
        child
        for child in (tree.children[chest] if chest >= 0 else ())
        if not any(tree.is_below(arm, child) for arm in arms) and names.side([child]) is None
    ]
    if head is None:
        start = neck if neck is not None else max(above, key=tree.reach, default=None)
        chain = [] if start is None else tree.deepest_path(start)
        joints = [joint for joint in chain if not tree.is_end(joint)]
        if neck is None and len(joints) > 1:
            neck = joints[0]
        trunk = tree.distance(tree.path(chest)[0], joints[0]) if joints else 0.0
        if neck is not None:
            low, high = (share * trunk for share in _HEAD_RANGE)
            beyond = [joint for joint in joints[1:] or chain[1:] if low <= tree.distance(neck, joint) <= high]
            head = min(beyond, key=lambda joint: abs(tree.distance(neck, joint) - 0.16 * trunk), default=None)
        elif joints:
            head = joints[0]
    elif neck is None and chest in tree.path(head):
        path = tree.path(head)
        neck = next(iter(path[path.index(chest) + 1 : -1]), None)
    return {name: joint for name, joint in (("neck", neck), ("head", head)) if joint is not None}


def fill_trunk(roles: Roles) -> tuple[dict[str, Weights], list[str]]:
    """Express all joints of trunk and collars by those that a skeleton has.

    Args:
        roles: the joints that were found, both hips and both shoulders among them.

    Returns:
        Weights of the file's joints for each of our joints that can be had, and the names of those that were filled.
    """
    known: dict[str, Weights] = {name: {joint: 1.0} for name, joint in roles.items()}
    middle = _mix({"left_shoulder": 0.5, "right_shoulder": 0.5}, known)
    if "pelvis" not in known:
        hips = _mix({"left_hip": 0.5, "right_hip": 0.5}, known)
        first = next((name for name in (*SPINE, "neck") if name in known), None)
        share = 0.096 / (0.096 + 0.496 * _SHARES[first]) if first else 0.2
        known["pelvis"] = _sum((hips, 1 - share), (known[first] if first else middle, share))
    if "neck" not in known:
        if "head" in known and "spine3" in known:
            known["neck"] = _mix({"spine3": 0.28, "head": 0.72}, known)
        elif "head" in known:
            known["neck"] = _mix({"pelvis": 1 - 1 / _HEAD_SHARE, "head": 1 / _HEAD_SHARE}, known)
        else:
            known["neck"] = _sum((known["pelvis"], 1 - 1 / _SHOULDER_SHARE), (middle, 1 / _SHOULDER_SHARE))
    order = list(_SHARES)
    anchors = [name for name in order if name in known]
    for name in SPINE:
        if name not in known:
            below = max((each for each in anchors if order.index(each) < order.index(name)), key=order.index)
            above = min((each for each in anchors if order.index(each) > order.index(name)), key=order.index)
            share = (_SHARES[name] - _SHARES[below]) / (_SHARES[above] - _SHARES[below])
            known[name] = _mix({below: 1 - share, above: share}, known)
    if "head" not in known:
        known["head"] = _mix({"spine3": -_NECK_TO_HEAD, "neck": 1 + _NECK_TO_HEAD}, known)
    for side in ("left", "right"):
        if f"{side}_collar" not in known:
            parts = {f"{side}_shoulder": _COLLAR_OF["shoulder"], "neck": _COLLAR_OF["neck"]}
            known[f"{side}_collar"] = _mix({**parts, "spine3": _COLLAR_OF["spine3"]}, known)
    return known, [name for name in JOINT_NAMES if name in known and name not in roles]


def _mix(parts: Mapping[str, float], known: Mapping[str, Weights]) -> Weights:
    return _sum(*((known[name], weight) for name, weight in parts.items()))


def _sum(*parts: tuple[Weights, float]) -> Weights:
    total: Weights = {}
    for weights, factor in parts:
        for joint, weight in weights.items():
            total[joint] = total.get(joint, 0.0) + factor * weight
    return total
