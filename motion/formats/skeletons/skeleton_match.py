"""Find the 22 joints in any skeleton of a person: by a known naming, by words in its names, or by its tree."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from motion.errors import InvalidInput, NotFound
from motion.formats.joint_naming import Blend, known_family, unknown_skeleton
from motion.formats.skeletons.joint_words import plain_name
from motion.formats.skeletons.skeleton_feet import FOOT_RANGE, balls_ahead, points_along_shin
from motion.formats.skeletons.skeleton_names import NamedJoints
from motion.formats.skeletons.skeleton_shape import limbs_by_shape
from motion.formats.skeletons.skeleton_tree import SkeletonTree
from motion.formats.skeletons.skeleton_trunk import fill_trunk, trunk_by_names, trunk_by_tree
from motion.skeleton import JOINT, JOINT_NAMES

IndexBlend = tuple[tuple[int, float], ...]
"""One of the 22 joints as a weighted sum of joints in a file: their indices and weights."""
_ESSENTIAL = tuple(
    f"{side}_{role}" for side in ("left", "right") for role in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
)
_TOES = ("left_foot", "right_foot")
_HAND_RANGE = (0.4, 1.6)  # length of a forearm as a share of the upper arm's


@dataclass(frozen=True)
class SkeletonMatch:
    """How a skeleton was understood.

    Attributes:
        family: the known naming of the skeleton; `words` where its names were read by their words, `shape` where the
            tree and the poses told it, `user` where the user named its joints.
        blends: the 22 joints in the order of `JOINT_NAMES`; empty for toes that must be placed ahead of the ankles.
        found: for each of the 22 joints that the file has, its name there.
        filled: the joints that the file lacks and that were interpolated, or placed.
        notes: one sentence each on what was guessed.
    """

    family: str
    blends: tuple[IndexBlend, ...]
    found: Mapping[str, str]
    filled: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def toes_to_place(self) -> tuple[int, ...]:
        """Indices of toes without any joint in the file."""
        return tuple(JOINT[name] for name in _TOES if not self.blends[JOINT[name]])


def read_names(path: Path) -> dict[str, str]:
    """Read a file in TOML that maps our joints to the names of a file, at the top level or in a table `names`.

    Args:
        path: the file.

    Raises:
        NotFound: the file does not exist.
        InvalidInput: the file is no TOML, or maps something that is none of the 22 joints.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise NotFound(f"{path} does not exist; it must map joints to the names in a file") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput.of(str(path), f"cannot be read as TOML ({error})") from error
    names = table.get("names", table)
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise InvalidInput.of(str(path), 'holds something else than names; must have lines like left_hip = "LeftUpLeg"')
    for joint in names:
        if joint not in JOINT:
            raise InvalidInput.of(str(path), f"names the joint {joint!r}; must be one of {', '.join(JOINT_NAMES)}")
    return names


def match_skeleton(tree: SkeletonTree, overrides: Mapping[str, str] | None = None) -> SkeletonMatch:
    """Find the 22 joints in a skeleton.

    Args:
        tree: the skeleton, with some of its poses.
        overrides: names in the file for some of the 22 joints, which the user gave.

    Raises:
        InvalidInput: the skeleton is not understood, or lacks a joint that the user named.
    """
    match = _match_names_or_shape(tree, overrides)
    given = {joint for joint in overrides or {} if joint in _TOES}
    balls = {joint: blend for joint, blend in balls_ahead(tree, match.blends).items() if joint not in given}
    if not balls:
        return match
    blends = tuple(balls.get(joint, blend) for joint, blend in zip(JOINT_NAMES, match.blends, strict=True))
    found = {joint: name for joint, name in match.found.items() if joint not in balls}
    under = _list([match.found[joint] for joint in balls])
    ahead = "between them and the tips of the toes" if all(balls.values()) else "ahead of the ankles"
    note = f"{under} lie below the ankles; the balls of the feet were placed {ahead}"
    return replace(match, blends=blends, found=found, filled=(*match.filled, *balls), notes=(*match.notes, note))


def _match_names_or_shape(tree: SkeletonTree, overrides: Mapping[str, str] | None) -> SkeletonMatch:
    named = [name for name in tree.names if name]
    if not overrides and (family := known_family(named)):
        return _of_family(tree, *family)
    given = {joint: _named_joint(tree, joint, name) for joint, name in (overrides or {}).items()}
    names = NamedJoints(tree.names, tree)
    limbs = {**names.limbs(), **given}
    how = "user" if given else "words"
    notes: list[str] = []
    guesses = _joints_beyond(tree, limbs)
    limbs.update(guesses)
    if not set(_ESSENTIAL) <= set(limbs) or not _in_order(tree, limbs):
        guessed = limbs_by_shape(tree, names)
        if guessed is None:
            lacking = [joint for joint in _ESSENTIAL if joint not in limbs]
            raise unknown_skeleton(named, lacking if len(lacking) < len(_ESSENTIAL) else ())
        limbs = {**guessed, **given}
        limbs.update(_joints_beyond(tree, limbs))
        how = "shape"
    limbs = {joint: index for joint, index in limbs.items() if joint in (*_ESSENTIAL, *_TOES) or "collar" in joint}
    for joint, index in given.items():
        if same := [other for other in limbs if limbs[other] == index and other != joint]:
            raise InvalidInput.of(f"names {joint}", f"is {tree.names[index]!r}, as is {same[0]}; name both")
    roles = {**limbs, **trunk_by_tree(tree, names, limbs), **given}
    weights, filled = fill_trunk(roles)
    found = {
        joint: tree.names[index] or f"the end of {tree.names[tree.parents[index]]}" for joint, index in roles.items()
    }
    filled += [joint for joint in _TOES if joint not in roles]
    if how == "shape":
        pairs = ", ".join(f"{joint} = {found[joint]}" for joint in JOINT_NAMES if joint in found and joint not in given)
        notes.append(f"the names of its joints are not known, so they were guessed from tree and poses: {pairs}")
    if how != "shape":
        beyond = [f"{joint} = {found[joint]}" for joint, index in guesses.items() if not tree.is_end(index)]
        if beyond:
            notes.append(f"guessed from where they are, because their names are not known: {', '.join(beyond)}")
    ends = [joint for joint, index in roles.items() if tree.is_end(index)]
    if ends:
        notes.append(f"the skeleton has no {_list(ends)}; {_they_were(ends)} taken from the end sites there")
    if filled:
        toes = [joint for joint in filled if joint in _TOES]
        inner = [joint for joint in filled if joint not in _TOES]
        if inner:
            notes.append(f"the skeleton has no {_list(inner)}; {_they_were(inner)} interpolated from the joints around")
        if toes:
            notes.append(f"the skeleton has no {_list(toes)}; {_they_were(toes)} placed ahead of the ankle")
    blends = tuple(tuple(weights.get(joint, {}).items()) for joint in JOINT_NAMES)
    return SkeletonMatch(how, blends, found, tuple(filled), tuple(notes))


def match_names(names: Sequence[str]) -> list[IndexBlend] | None:
    """Find the 22 joints by names alone, as `match_skeleton` does; None if they do not tell all that is needed."""
    words = NamedJoints(names, None)
    roles = {**words.limbs(), **trunk_by_names(words)}
    if not {*_ESSENTIAL, *_TOES} <= set(roles) or len(set(roles.values())) < len(roles):
        return None
    weights, _ = fill_trunk(roles)
    return [tuple(weights[joint].items()) for joint in JOINT_NAMES]


def _of_family(tree: SkeletonTree, family: str, blends: Sequence[Sequence[tuple[str, float]]]) -> SkeletonMatch:
    indexed = tuple(tuple((tree.names.index(name), weight) for name, weight in blend) for blend in blends)
    found = {joint: blend[0][0] for joint, blend in zip(JOINT_NAMES, blends, strict=True) if len(blend) == 1}
    return SkeletonMatch(family, indexed, found, tuple(joint for joint in JOINT_NAMES if joint not in found))


def _named_joint(tree: SkeletonTree, joint: str, name: str) -> int:
    for spelling in (str, plain_name, lambda text: plain_name(text).casefold()):
        for index, candidate in enumerate(tree.names):
            if candidate and spelling(candidate) == spelling(name):
                return index
    known = ", ".join(filter(None, tree.names))
    raise InvalidInput.of(f"names {joint}", f"is {name!r}, which the file does not have; must be one of {known:.600}")


def _name(tree: SkeletonTree, index: int) -> str:
    return tree.names[index] or f"the end of {tree.names[tree.parents[index]]}"


def _joints_beyond(tree: SkeletonTree, limbs: Mapping[str, int]) -> dict[str, int]:
    """Find balls of the feet and wrists that have no name of their own in the joints and end sites beyond."""
    found = {}
    for side in ("left", "right"):
        for joint, last, before, bounds in (
            ("foot", "ankle", "knee", FOOT_RANGE),
            ("wrist", "elbow", "shoulder", _HAND_RANGE),
        ):
            start, parent = limbs.get(f"{side}_{last}"), limbs.get(f"{side}_{before}")
            if f"{side}_{joint}" in limbs or start is None or parent is None:
                continue
            low, high = (share * tree.distance(parent, start) for share in bounds)
            beyond = [child for child in tree.deepest_path(start)[1:] if low <= tree.distance(start, child) <= high]
            if beyond and not (joint == "foot" and points_along_shin(tree, parent, start, beyond[0])):
                found[f"{side}_{joint}"] = beyond[0]
    return found


def _in_order(tree: SkeletonTree, limbs: Mapping[str, int]) -> bool:
    """Return whether each limb leads from joint to joint down the tree, with a length between them."""
    for side in ("left", "right"):
        for chain in (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist")):
            joints = [limbs[f"{side}_{role}"] for role in chain]
            for above, below in pairwise(joints):
                if above == below or not tree.is_below(below, above):
                    return False
    return True


def _list(joints: Sequence[str]) -> str:
    return joints[0] if len(joints) == 1 else f"{', '.join(joints[:-1])} and {joints[-1]}"


def _they_were(joints: Sequence[str]) -> str:
    return "it was" if len(joints) == 1 else "they were"


def match_joints(names: Iterable[str]) -> list[Blend]:
    """Find the 22 joints in a skeleton of which only the names are known.

    Args:
        names: names of all joints of the skeleton.

    Returns:
        The blend of each of the 22 joints, in the order of `JOINT_NAMES`.

    Raises:
        InvalidInput: no naming covers the skeleton, nor do the words in its names tell the joints; the text lists the
            joints that the best naming lacks.
    """
    names = list(names)
    if family := known_family(names):
        return family[1]
    if blends := match_names(names):
        return [tuple((names[index], weight) for index, weight in blend) for blend in blends]
    raise unknown_skeleton(names)
