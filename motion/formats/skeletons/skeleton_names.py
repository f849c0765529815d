"""Find the joints of arms, legs and trunk by the words in their names.

The same word means different joints: a "foot" is the ankle, unless there is an ankle as well; a "shoulder" is the
collar, unless there is a collar as well. Which one is decided by the other words that a skeleton has.
"""

from __future__ import annotations

from collections.abc import Sequence

from motion.formats.skeletons.joint_words import SIDES, JointWords, split_names
from motion.formats.skeletons.skeleton_tree import SkeletonTree

_FREE_OF_HELPERS = 10  # names with this cost or more are helpers


class NamedJoints:
    """The joints of a skeleton by the words in their names.

    Args:
        names: names of all joints; empty names belong to end sites.
        tree: the skeleton's tree, where it is known.
    """

    def __init__(self, names: Sequence[str], tree: SkeletonTree | None):
        """Split all names into words."""
        self._tree = tree
        self._joints = [index for index, name in enumerate(names) if name]
        self.words: dict[int, JointWords] = dict(
            zip(self._joints, split_names([names[index] for index in self._joints]), strict=True)
        )

    def limbs(self) -> dict[str, int]:
        """Return the joints of arms and legs that the names tell, by our names."""
        found: dict[str, int] = {}
        for side in SIDES:
            for role, joint in {**self._leg(side), **self._arm(side)}.items():
                found[f"{side}_{role}"] = joint
        return found

    def first(self, part: str, side: str | None = None, below: int | None = None) -> int | None:
        """Return the joint whose name is the plainest for a part of the body; None if there is none.

        Args:
            part: a part of the vocabulary of `joint_words`.
            side: `left`, `right` or None.
            below: prefer joints below this one.
        """
        matching = [
            joint
            for joint in self._joints
            if (words := self.words[joint]).part == part and words.side == side and words.cost < _FREE_OF_HELPERS
        ]
        tree = self._tree

        def rank(joint: int) -> tuple[bool, int, int, int]:
            words = self.words[joint]
            apart = tree is not None and below is not None and not tree.is_below(joint, below)
            return apart, words.cost, words.number or 0, joint

        return min(matching, key=rank) if matching else None

    def side(self, joints: Sequence[int]) -> str | None:
        """Return the side that the names of `joints` tell, if they agree."""
        sides = {self.words[joint].side for joint in joints if joint in self.words} - {None}
        return sides.pop() if len(sides) == 1 else None

    def trunk(self) -> list[int]:
        """Return the joints whose names say that they are of spine or chest, in the order of the file."""
        return [
            joint
            for joint in self._joints
            if (words := self.words[joint]).part in ("spine", "chest") and words.cost < _FREE_OF_HELPERS
        ]

    def _leg(self, side: str) -> dict[str, int]:
        leg, shin = self.first("leg", side), self.first("shin", side)
        hip = _either(self.first("thigh", side), self.first("hip", side), self.first("hipjoint", side))
        if hip is None and shin is not None:
            hip = leg
        knee = _either(self.first("shin", side, hip), leg if leg != hip else None)
        foot = self.first("foot", side, knee)
        ankle = _either(self.first("ankle", side, knee), foot)
        toe = _either(
            self.first("toe", side, ankle), foot if foot != ankle else None, self.first("midfoot", side, ankle)
        )
        return _known(hip=hip, knee=knee, ankle=ankle, foot=toe)

    def _arm(self, side: str) -> dict[str, int]:
        named = self.first("shoulder", side)
        upper, arm = self.first("upperarm", side), self.first("arm", side)
        elbow = self.first("forearm", side, _either(upper, arm))
        if elbow is None and upper is not None:
            elbow, arm = arm, None
        collar = self.first("collar", side)
        shoulder = _either(upper, arm)
        if shoulder is None:
            shoulder, named = named, None
        collar = _either(collar, named)
        wrist = _either(self.first("wrist", side, elbow), self.first("hand", side, elbow))
        return _known(collar=collar, shoulder=shoulder, elbow=elbow, wrist=wrist)


def _either(*joints: int | None) -> int | None:
    return next((joint for joint in joints if joint is not None), None)


def _known(**joints: int | None) -> dict[str, int]:
    return {name: joint for name, joint in joints.items() if joint is not None}
