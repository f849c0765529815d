"""The tree of a skeleton, with the places of its joints in some of the frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from motion.array_types import FloatArray

Roles = Mapping[str, int]
"""For names of the 22 joints the index of the joint in the file that stands for it."""


@dataclass(frozen=True, eq=False)
class SkeletonTree:
    """A skeleton as a file describes it, with its end sites as joints without a name.

    Attributes:
        names: names of the joints; empty for end sites.
        parents: index of each joint's parent, which stands before it; -1 for the root.
        positions: (frames, joints, 3) some poses in the unit of the file.
        rest: (joints, 3) the pose without any rotation.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    positions: FloatArray
    rest: FloatArray

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        """The children of each joint, end sites among them."""
        below: list[list[int]] = [[] for _ in self.parents]
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                below[parent].append(joint)
        return tuple(map(tuple, below))

    @cached_property
    def lengths(self) -> FloatArray:
        """(joints,) median distance to the parent; zero for the root."""
        parents = [max(parent, 0) for parent in self.parents]
        apart = np.linalg.norm(self.positions - self.positions[:, parents], axis=-1)
        return np.where(np.array(self.parents) < 0, 0.0, np.median(apart, axis=0))

    def is_end(self, joint: int) -> bool:
        """Return whether a joint is an end site."""
        return not self.names[joint]

    def distance(self, a: int, b: int) -> float:
        """Return the median distance of two joints."""
        return float(np.median(np.linalg.norm(self.positions[:, a] - self.positions[:, b], axis=-1)))

    def path(self, joint: int) -> list[int]:
        """Return the joints from the root to `joint`."""
        found = []
        while joint >= 0:
            found.append(joint)
            joint = self.parents[joint]
        return found[::-1]

    def below(self, joint: int) -> list[int]:
        """Return all descendants of `joint`, parents before children."""
        found: list[int] = []
        for child in self.children[joint]:
            found += [child, *self.below(child)]
        return found

    def is_below(self, joint: int, ancestor: int) -> bool:
        """Return whether `joint` is `ancestor` or one of its descendants."""
        return ancestor in self.path(joint)

    def common_ancestor(self, joints: Iterable[int]) -> int:
        """Return the lowest joint that has all `joints` below it or is one of them; -1 if there is none."""
        shared = -1
        for level in zip(*(self.path(joint) for joint in joints), strict=False):
            if len(set(level)) > 1:
                break
            shared = level[0]
        return shared

    def deepest_path(self, joint: int) -> list[int]:
        """Return the joints from `joint` along the longest chain below it."""
        return self._deepest[joint][1]

    def reach(self, joint: int) -> float:
        """Return the length of the longest chain below `joint`."""
        return self._deepest[joint][0]

    @cached_property
    def _deepest(self) -> dict[int, tuple[float, list[int]]]:
        found: dict[int, tuple[float, list[int]]] = {}
        for joint in reversed(range(len(self.parents))):
            best, chain = 0.0, [joint]
            for child in self.children[joint]:
                length, below = found[child]
                if self.lengths[child] + length > best:
                    best, chain = self.lengths[child] + length, [joint, *below]
            found[joint] = best, chain
        return found
