"""Write each motion of a set to files of its own, whose names a pattern gives.

    fixed/*.bvh              fixed/walk.bvh, fixed/run.bvh, ...
    fixed/*.{bvh,glb}        the same, and fixed/walk.glb, fixed/run.glb, ...

The star stands for the name of the motion. Folders are made as they are needed.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

from motion.errors import InvalidInput
from motion.formats.folder_output import FolderOutput, folder_output
from motion.formats.motion_file import Form, MotionFile
from motion.formats.output import SINGLE_SUFFIXES, WRITTEN, Output, file_output, output_path
from motion.formats.rigs.rig import BvhOrigin
from motion.motion_set import MotionSet
from motion.shell.atomic import check_target

_PATTERN = re.compile(r"(?P<before>[^*{}]*)\*(?P<after>[^*{}.]*)(?:\.(?P<one>\w+)|\.\{(?P<several>\w+(?:,\w+)*)\})")
_NOT_IN_NAMES = re.compile(r'[<>:"|?*{}\\\x00-\x1f]')


def output_for(
    source: MotionFile, out: str | os.PathLike[str], form: Form | None = None, rig: BvhOrigin | None = None
) -> Output:
    """Choose the path and the form in which the motions of `source` will be written.

    Args:
        source: the motions that were read. Without a suffix in `out`, their layout is kept; features stay features
            and SMPL poses stay SMPL poses unless `form` says otherwise.
        out: the path that the user gave. If it is an existing folder, the output gets the name of `source` in it. A
            star in its name stands for the name of each motion, which then gets files of its own.
        form: what the arrays of the output hold; None to follow `source`.
        rig: the rig of another `.bvh` file to write on (see `motion.formats.files.read_rig`); None for that of
            `source`, if it has one.

    Raises:
        InvalidInput: the path cannot be written, its suffix is an unknown file type, or the file type cannot hold the
            motions.
    """
    if is_pattern(out):
        return pattern_output(source, out, form, rig)
    path = output_path(source, out, rig)
    if source.members and path.suffix.lower() not in SINGLE_SUFFIXES.values():
        return folder_output(source, path, form, rig)
    return file_output(source, path, form, rig)


def is_pattern(out: str | os.PathLike[str]) -> bool:
    """Return whether a path that a user gave is a pattern for several files."""
    return "*" in os.fspath(out)


def pattern_output(
    source: MotionFile, out: str | os.PathLike[str], form: Form | None = None, rig: BvhOrigin | None = None
) -> FolderOutput:
    """Plan a file, or one of each form, for each motion.

    Args:
        source: the motions that were read.
        out: the pattern.
        form: what the arrays of the files hold; None to follow `source`.
        rig: the rig of another `.bvh` file to write the `.bvh` files on.

    Raises:
        InvalidInput: the pattern is none that can be followed, or a file cannot be written or cannot hold its motion.
    """
    path = Path(out)
    found = _PATTERN.fullmatch(path.name)
    suffixes = [f".{each.lower()}" for each in (found["one"] or found["several"]).split(",")] if found else []
    if not found or "*" in str(path.parent) or not set(suffixes) <= set(SINGLE_SUFFIXES.values()):
        wanted = f"must be like FOLDER/*.bvh or FOLDER/*.{{bvh,glb}}, with suffixes of {WRITTEN}"
        raise InvalidInput.of(str(path), f"is no pattern for the names of motions; {wanted}")
    _check_folder(path)
    members: list[tuple[tuple[str, ...], Output]] = []
    taken: set[str] = set()
    for name, single in _singles(source):
        stem = _unique(found["before"] + _file_name(name) + found["after"], taken)
        for suffix in suffixes:
            target = path.parent / f"{stem}{suffix}"
            own_rig = rig if suffix == ".bvh" or ".bvh" not in suffixes else None
            members.append(((name,), file_output(single, target, form, own_rig, check=False)))
    return FolderOutput(path.parent, "folder", members=tuple(members))


def _singles(source: MotionFile) -> list[tuple[str, MotionFile]]:
    """Return the name of each motion, and a file that holds it alone, with what else belongs to it."""
    singles = []
    for member in source.members or (source,):
        for index, motion in enumerate(member.motions):
            if member.single:
                single = member
            else:
                # The rig of one body among several in a file would carry the others along.
                motions = MotionSet((motion,), (member.motions.captions[index],))
                single = replace(member, layout="npz", motions=motions, origins=(), members=())
            singles.append((motion.name or "", single))
    return singles


def _file_name(name: str) -> str:
    """Return the name of a motion as one of a file, which may lie in folders below that of the pattern."""
    parts = [_NOT_IN_NAMES.sub("_", part).strip().lstrip(".") for part in name.split("/")]
    return "/".join(part for part in parts if part) or "motion"


def _unique(stem: str, taken: set[str]) -> str:
    """Return a name that no other motion has, also where upper and lower case are the same."""
    unique, number = stem, 1
    while unique.casefold() in taken:
        number += 1
        unique = f"{stem}_{number}"
    taken.add(unique.casefold())
    return unique


def _check_folder(path: Path) -> None:
    """Refuse a folder that can neither be written to nor be made."""
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    check_target(folder / "motions")
