"""The motions of one file or set, together with the form that they were stored in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from motion.formats.array_file import Content
from motion.motion import Motion
from motion.motion_set import MotionSet

Layout = Literal["bvh", "npy", "npz", "smpl", "packed", "humanml3d"]
"""File layouts: one motion per file for the first four, a set for the last two."""

Form = Literal["positions", "features", "smpl"]
"""What the arrays of a file hold: joint positions, HumanML3D features, or SMPL poses."""


@dataclass(frozen=True, eq=False)
class MotionFile:
    """The motions that were read from one path.

    Attributes:
        path: the path that was read.
        layout: the layout of the file or folder.
        motions: the motions; a single motion is a set of one, named after its file.
        content: whether the file stored positions or HumanML3D features.
        notes: one sentence per reason for which members of a set were skipped.
        unreadable: number of members that were skipped because they are missing or damaged.
    """

    path: Path
    layout: Layout
    motions: MotionSet
    content: Content = "positions"
    notes: tuple[str, ...] = ()
    unreadable: int = 0

    @property
    def single(self) -> bool:
        """Whether the path holds one motion; a set that has only one member is not single."""
        return self.layout not in ("packed", "humanml3d")


def set_of_one(motion: Motion) -> MotionSet:
    """Return a set whose only member is `motion`, with its caption."""
    return MotionSet((motion,), ((motion.caption,) if motion.caption else (),))
