"""Write a set that was read from a plain folder as a folder of the same files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from motion.formats.motion_file import Form, MotionFile
from motion.formats.output import SINGLE_SUFFIXES, Output, file_output, output_path, suffix_of
from motion.formats.rigs.rig import BvhOrigin
from motion.motion_set import MotionSet
from motion.report import Report


@dataclass(frozen=True)
class FolderOutput(Output):
    """A folder that motions will be written to, each in the form of its own file.

    Attributes:
        members: for each file that was read, the names of its motions and its output.
    """

    members: tuple[tuple[tuple[str, ...], Output], ...] = ()

    def named_notes(self) -> list[str]:
        """Return the notes of all files, each with its path in front."""
        return [note for _, output in self.members for note in output.named_notes()]

    @property
    def files(self) -> list[Path]:
        """All files that may be written."""
        return [file for _, output in self.members for file in output.files]

    def write(self, motions: MotionSet, reports: Sequence[Report | dict[str, Any]] | None = None) -> list[Path]:
        """Write the motions into the folder, which is made if it does not exist.

        Args:
            motions: the motions; those of the folder that are not among them are not written.
            reports: one report per motion; written beside the packed sets among the files.

        Returns:
            The files that were written.

        Raises:
            InvalidInput: a file cannot be written.
        """
        places = {name: index for index, name in enumerate(motions.ids)}
        written: list[Path] = []
        for names, output in self.members:
            indices = [places[name] for name in names if name in places]
            if indices:
                output.path.parent.mkdir(parents=True, exist_ok=True)
                mine = None if reports is None else [reports[index] for index in indices]
                written += output.write(motions.select(indices), mine)
        return written


def folder_output(source: MotionFile, path: Path, form: Form | None, rig: BvhOrigin | None = None) -> FolderOutput:
    """Plan the output of a folder of files as a folder.

    Args:
        source: the folder that was read.
        path: the folder to write; it need not exist.
        form: what the arrays of the files hold; None to follow each file.
        rig: the rig of a `.bvh` file to write all motions on; None to follow each file.

    Raises:
        InvalidInput: a file cannot hold this form.
    """
    members = []
    for member in source.members:
        name = member.path.relative_to(source.path)
        if member.single and name.suffix.lower() not in SINGLE_SUFFIXES.values():
            name = name.with_suffix(suffix_of(member))
        elif not member.single:
            name = name.with_suffix("")
        name = name.with_suffix(".bvh") if rig is not None else name
        planned = file_output(member, output_path(member, path / name, rig), form, rig, check=False)
        members.append((tuple(member.motions.ids), planned))
    return FolderOutput(path, "folder", members=tuple(members))
