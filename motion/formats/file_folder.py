"""Read a plain folder of motion files as a set, with captions from text files.

    clips/walk.bvh  clips/sub/run.npy        motions named `walk` and `sub/run`
    clips/walk.txt or clips/texts/walk.txt   captions of `walk`, one per line, plain or as in HumanML3D

A file that cannot be read is left out and named. A `.glb` file beside another of its name is the same motion in a form
to look at, and is not read. The set is written as a folder of the same files, or as a packed set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from motion.errors import InvalidInput, NotFound, PlumbError
from motion.formats.arrays.object_file import PICKLE_SUFFIXES
from motion.formats.humanml3d_folder import read_captions
from motion.formats.motion_file import MotionFile
from motion.motion_set import MotionSet

_SUFFIXES = frozenset({".amc", ".bvh", ".fbx", ".glb", ".npy", ".npz"}) | PICKLE_SUFFIXES
_STATISTICS = frozenset({"Mean.npy", "Std.npy", "mean.npy", "std.npy"})
_NAMED_AT_MOST = 8


def is_file_folder(path: Path) -> bool:
    """Return whether `path` is a folder with files of motions, in it or in folders within it."""
    return path.is_dir() and bool(_motion_files(path))


def read_file_folder(
    folder: Path, read: Callable[[Path], MotionFile], progress: Callable[[int, int], None] | None = None
) -> MotionFile:
    """Read all motions in a folder.

    Args:
        folder: the folder.
        read: reads one file.
        progress: called with the numbers of files (done, all).

    Raises:
        InvalidInput: none of the files could be read.
    """
    files = _motion_files(folder)
    members: list[MotionFile] = []
    captions: list[tuple[str, ...]] = []
    notes: list[str] = []
    faults: list[str] = []
    taken: set[str] = set()
    for number, file in enumerate(files):
        if progress:
            progress(number, len(files))
        name = file.relative_to(folder)
        try:
            member = _named(read(file), name, taken)
        except PlumbError as error:
            faults.append(str(error))
            continue
        members.append(member)
        notes += member.named_notes()
        texts, note = _captions(folder, name)
        notes += note
        captions += [own or texts for own in member.motions.captions]
    if not members:
        raise InvalidInput.of(str(folder), f"none of {len(files)} files could be read (the first: {faults[0]})")
    more = len(faults) - _NAMED_AT_MOST
    notes += [f"left out {fault}" for fault in faults[:_NAMED_AT_MOST]]
    notes += [f"left out {more} more files"] if more > 0 else []
    motions = tuple(
        replace(motion, caption=motion.caption or (texts[0] if texts else None))
        for motion, texts in zip((each for member in members for each in member.motions), captions, strict=True)
    )
    metadata = tuple(fields for member in members for fields in member.motions.metadata)
    unreadable = len(faults) + sum(member.unreadable for member in members)
    motion_set = MotionSet(motions, tuple(captions), metadata)
    return MotionFile(
        folder, "folder", motion_set, notes=tuple(notes), unreadable=unreadable, merged=True, members=tuple(members)
    )


def _motion_files(folder: Path) -> list[Path]:
    """Return the files of motions in a folder, in their order; one that belongs to another is left to that."""
    found = [file for file in folder.rglob("*") if file.suffix.lower() in _SUFFIXES and file.name not in _STATISTICS]
    hidden = [file for file in found if any(part.startswith(".") for part in file.relative_to(folder).parts)]
    files = sorted(file for file in found if file not in hidden and file.is_file())
    others = {file.with_suffix("") for file in files if file.suffix.lower() != ".glb"}
    return [file for file in files if file.suffix.lower() != ".glb" or file.with_suffix("") not in others]


def _named(member: MotionFile, name: Path, taken: set[str]) -> MotionFile:
    """Return the member with its motions named by its place in the folder, each by a name that is not taken."""
    stem = name.with_suffix("").as_posix()
    motions = []
    for motion in member.motions:
        base = stem if member.single else f"{name.parent.as_posix()}/{motion.name}".removeprefix("./")
        unique = base if base not in taken else f"{base}{name.suffix}"
        while unique in taken:
            unique += "_"
        taken.add(unique)
        motions.append(replace(motion, name=unique))
    return replace(member, motions=member.motions.with_motions(motions))


def _captions(folder: Path, name: Path) -> tuple[tuple[str, ...], list[str]]:
    """Return the captions of a file, and a note if its text file cannot be read."""
    text = name.with_suffix(".txt")
    for file in (folder / text, folder / "texts" / text, folder / "texts" / text.name, folder.parent / "texts" / text):
        try:
            lines = read_captions(file)
        except NotFound:
            continue
        except InvalidInput as error:
            return (), [f"no caption of {name}: {error}"]
        return tuple(line.text for line in lines if line.whole) or tuple(line.text for line in lines), []
    return (), []
