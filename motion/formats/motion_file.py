"""The motions of one file or set, together with the form that they were stored in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from motion.formats.arrays.array_file import Content
from motion.motion import Motion
from motion.motion_set import MotionSet

Layout = Literal["bvh", "npy", "npz", "smpl", "glb", "fbx", "amc", "usda", "results", "packed", "humanml3d", "folder"]
"""File layouts: one motion per file for the first eight; a set for the last four.

`fbx` and `amc` are only read. `usda` is only written, and so is `results` for MDM's, which is read as a set.
"""

Form = Literal["positions", "features", "smpl"]
"""What the arrays of a file hold: joint positions, HumanML3D features, or SMPL poses."""


class Origin(Protocol):
    """What a file holds besides the joints of a motion, so that the motion can go back to where it came from."""

    @property
    def layout(self) -> Layout:
        """The layout that this origin writes."""
        ...

    def cut(self, first: int, end: int) -> Origin:
        """Return the origin of the frames from `first` up to, not including, `end`."""
        ...

    def write(self, path: Path, motion: Motion) -> tuple[str, ...]:
        """Write `motion`, which may have another rate, in the form of the file that it came from.

        Returns:
            A sentence about each thing that the file cannot carry.
        """
        ...


@dataclass(frozen=True, eq=False)
class MotionFile:
    """The motions that were read from one path.

    Attributes:
        path: the path that was read.
        layout: the layout of the file or folder.
        motions: the motions; a single motion is a set of one, named after its file.
        content: whether the file stored positions or HumanML3D features.
        notes: one sentence for each thing that was guessed or put right, or for which members were skipped.
        unreadable: number of members that were skipped because they are missing, damaged or invalid.
        origins: what the file holds besides each motion, in their order; empty, or None for a motion, where nothing is.
        merged: whether several files were read as one set; their notes name the files already.
        facts: the rate, unit, axis and sides of the file (`rate`, `unit`, `up`, `sides`), and how each is known; for a
            skeleton whose rig is not kept, `skeleton`.
        members: the files of a plain folder; empty for all else.
        joints: for each of our joints its name in the file, None where it has none; empty where there are no names.
    """

    path: Path
    layout: Layout
    motions: MotionSet
    content: Content = "positions"
    notes: tuple[str, ...] = ()
    unreadable: int = 0
    origins: tuple[Origin | None, ...] = ()
    merged: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)
    members: tuple[MotionFile, ...] = ()
    joints: Mapping[str, str | None] = field(default_factory=dict)

    def named_notes(self) -> list[str]:
        """Return the notes, each with the path of its file in front."""
        return list(self.notes) if self.merged else [f"{self.path}: {note}" for note in self.notes]

    @property
    def single(self) -> bool:
        """Whether the path holds one motion; a set that has only one member is not single."""
        return self.layout not in ("results", "packed", "humanml3d", "folder")


def set_of_one(motion: Motion) -> MotionSet:
    """Return a set whose only member is `motion`, with its caption."""
    return MotionSet((motion,), ((motion.caption,) if motion.caption else (),))
