"""Read the 22 joints out of the poses of any skeleton: a tree of joints with offsets, rotations and end sites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.formats.skeletons.skeleton_match import SkeletonMatch, match_skeleton
from motion.formats.skeletons.skeleton_tree import SkeletonTree
from motion.skeleton import NUM_JOINTS
from motion.toe_placement import place_toes

_MATCHED_FRAMES = 64  # this many poses, spread over the motion, show how a skeleton bends


@dataclass(frozen=True, eq=False)
class PosedSkeleton:
    """One body of a file, in the unit of the file.

    Attributes:
        names: names of the joints.
        parents: index of each joint's parent, which stands before it; -1 for the root.
        offsets: (joints, 3) vector from the parent while nothing is rotated.
        end_sites: parent and offset (3,) of each end site.
        positions: (frames, joints, 3).
        rotations: (frames, joints, 4) rotations in the world.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: FloatArray
    end_sites: tuple[tuple[int, FloatArray], ...]
    positions: FloatArray
    rotations: FloatArray

    def read(self, overrides: Mapping[str, str] | None = None) -> tuple[SkeletonMatch, FloatArray]:
        """Find our joints.

        Args:
            overrides: names in the file for some of the 22 joints, which the user gave.

        Returns:
            How the skeleton was understood, whose indices count the joints and then the end sites, and the joints
            (frames, 22, 3).

        Raises:
            InvalidInput: the skeleton is not understood, or lacks a joint that the user named.
        """
        match = match_skeleton(self._tree(), overrides)
        joints = np.zeros((len(self.positions), NUM_JOINTS, 3))
        for joint, blend in enumerate(match.blends):
            for index, weight in blend:
                joints[:, joint] += weight * self._place(index)
        if toes := match.toes_to_place:
            turned = {
                toe: self.rotations[:, ankle[0][0]]
                for toe in toes
                if (ankle := match.blends[toe - 3])[0][0] < len(self.names)
            }
            place_toes(joints, toes, turned)
        return match, joints

    def _tree(self) -> SkeletonTree:
        count = len(self.names)
        parents = [*self.parents, *(parent for parent, _ in self.end_sites)]
        rest = np.zeros((len(parents), 3))
        for index in range(count):
            above = rest[parents[index]] if parents[index] >= 0 else 0
            rest[index] = self.offsets[index] + above
        for number, (parent, offset) in enumerate(self.end_sites):
            rest[count + number] = rest[parent] + offset
        sampled = slice(None, None, len(self.positions) // _MATCHED_FRAMES + 1)
        places = np.stack([self._place(index, sampled) for index in range(len(parents))], axis=1)
        return SkeletonTree((*self.names, *[""] * len(self.end_sites)), tuple(parents), places, rest)

    def _place(self, index: int, frames: slice = slice(None)) -> FloatArray:
        """Return the positions of a joint or, behind the joints, of an end site."""
        if index < len(self.names):
            return self.positions[frames, index]
        parent, offset = self.end_sites[index - len(self.names)]
        return self.positions[frames, parent] + rotation.rotate(self.rotations[frames, parent], offset)
