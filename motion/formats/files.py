"""Read and write motions in any of the supported formats.

    .bvh          one motion
    .npy          one motion: positions (frames, 22, 3) or HumanML3D features (frames, 263)
    .npz          one motion as arrays, an SMPL pose file, or a packed set: told apart by the names of the arrays
    NAME          the packed set NAME.npz and NAME.jsonl
    .pkl, .pt     one motion or several, of plain arrays; nothing in them is run
    .glb          one motion with a skeleton, or several; written with a skin of the simulated body
    .amc          one motion on the skeleton of an .asf file; read only
    .fbx          one motion with a skeleton, or several; read only, by the extra `fbx`
    .usda         one motion with a skeleton; written only
    a folder      HumanML3D's folder layout, or a plain folder of any of these files

A command plans its output before the work and writes it afterwards:

    source = read_file(path)
    output = output_for(source, out)        # refuses what cannot be written
    check_output(output, [path], overwrite) # refuses to replace the input
    output.write(motions, reports)
"""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from motion.errors import InvalidInput, NotFound, PlumbError, ReadingWarning, SkippedMotionsWarning
from motion.formats.file_folder import is_file_folder, read_file_folder
from motion.formats.file_reading import read_by_suffix
from motion.formats.humanml3d_folder import is_humanml3d_folder, read_humanml3d
from motion.formats.motion_file import Form, Layout, MotionFile, set_of_one
from motion.formats.output import SINGLE_SUFFIXES, WRITTEN, Output, check_output, rig_of
from motion.formats.output_pattern import is_pattern, output_for
from motion.formats.read_options import DEFAULT_OPTIONS, ReadOptions
from motion.formats.rigs.rig import BvhOrigin
from motion.formats.unsaid import apply_options
from motion.motion import Motion
from motion.motion_set import MotionSet

__all__ = [
    "Form",
    "Layout",
    "MotionFile",
    "Output",
    "ReadOptions",
    "check_output",
    "is_pattern",
    "output_for",
    "read_each",
    "read_file",
    "read_files",
    "read_motions",
    "read_rig",
    "write_motion",
]

Progress = Callable[[int, int], None]
"""Called with the number of motions that are done and the number of all."""


def read_file(
    path: str | os.PathLike[str],
    split: str | None = None,
    progress: Progress | None = None,
    options: ReadOptions = DEFAULT_OPTIONS,
) -> MotionFile:
    """Read one motion or a set of motions in any supported format.

    Values are not checked here; `motion.validation` does that.

    Args:
        path: a file, the name of a packed set, or a HumanML3D folder.
        split: read only the motions of this split: the name of a list in a HumanML3D folder (`train`, `val`, `test`),
            or the value of the field `split` in the lines of a packed set. None reads all.
        progress: called after each clip of a HumanML3D folder with the numbers (done, all).
        options: what the user says about the file beyond what it says itself.

    Raises:
        NotFound: nothing exists at `path`; the text lists what the folder holds.
        InvalidInput: the file is damaged or of an unknown format, or the set has no such split.
    """
    file = Path(path)
    if file.is_dir() and is_humanml3d_folder(file):
        folder = read_humanml3d(file, split, progress=progress)
        source = MotionFile(
            file, "humanml3d", folder.motions, notes=tuple(folder.notes()), unreadable=len(folder.unreadable)
        )
        return apply_options(source, options)
    if is_file_folder(file):
        source = read_file_folder(file, partial(read_file, options=options), progress)
        return source if split is None else replace(source, motions=_select_split(source, split))
    source = read_by_suffix(file, options)
    if split is not None:
        source = replace(source, motions=_select_split(source, split))
    return apply_options(source, options)


def read_files(
    paths: Sequence[str | os.PathLike[str]],
    progress: Progress | None = None,
    options: ReadOptions = DEFAULT_OPTIONS,
) -> MotionFile:
    """Read one path, or several paths as one set in their order.

    Where a name occurs in several inputs, the motion gets the name of its file in front (`train/clip_3`).

    Args:
        paths: one or more paths, each as for `read_file`.
        progress: as for `read_file`.
        options: as for `read_file`; of all paths.

    Raises:
        NotFound: as `read_file`.
        InvalidInput: as `read_file`, or no path is given.
    """
    files, refused = read_each(paths, progress, options)
    if len(paths) == 1:
        return files[0]
    shared = Counter(name for file in files for name in file.motions.ids)
    motions: dict[str, Motion] = {}
    for number, file in enumerate(files):
        for motion in file.motions:
            name = motion.name or ""
            if shared[name] > 1:
                name = f"{file.path.resolve().parent.name if file.single else file.path.stem}/{name}"
            if name in motions:
                name = f"{number}/{name}"
            motions[name] = replace(motion, name=name)
    merged = MotionSet(
        tuple(motions.values()),
        tuple(texts for file in files for texts in file.motions.captions),
        tuple(fields for file in files for fields in file.motions.metadata),
    )
    notes = (*refused, *(note for file in files for note in file.named_notes()))
    unreadable = len(refused) + sum(file.unreadable for file in files)
    return MotionFile(files[0].path, "packed", merged, notes=notes, unreadable=unreadable, merged=True)


def read_each(
    paths: Sequence[str | os.PathLike[str]],
    progress: Progress | None = None,
    options: ReadOptions = DEFAULT_OPTIONS,
) -> tuple[list[MotionFile], list[str]]:
    """Read several paths, and leave out those that cannot be read.

    Args:
        paths: one or more paths, each as for `read_file`.
        progress: as for `read_file`.
        options: as for `read_file`; of all paths.

    Returns:
        The files that were read, and a sentence for each path that could not be.

    Raises:
        NotFound: as `read_file`, if no path can be read.
        InvalidInput: as `read_file`, if no path can be read, or no path is given.
    """
    files: list[MotionFile] = []
    errors: list[PlumbError] = []
    for path in paths:
        try:
            files.append(read_file(path, progress=progress, options=options))
        except (InvalidInput, NotFound) as error:
            errors.append(error)
    if not files:
        raise errors[0] if errors else InvalidInput.of("IN", "names no file; must be at least one")
    return files, [f"left out: {error}" for error in errors]


def read_motions(
    path: str | os.PathLike[str],
    split: str | None = None,
    progress: Progress | None = None,
    options: ReadOptions = DEFAULT_OPTIONS,
) -> MotionSet:
    """Read the motions at `path` and warn of those that were skipped and of what was guessed.

    Args:
        path: as for `read_file`.
        split: as for `read_file`.
        progress: as for `read_file`.
        options: as for `read_file`.

    Raises:
        NotFound: as `read_file`.
        InvalidInput: as `read_file`.

    Warns:
        SkippedMotionsWarning: members of the set could not be used; one warning per reason.
        ReadingWarning: something that the file does not state was guessed or put right.
    """
    source = read_file(path, split, progress, options)
    category = SkippedMotionsWarning if source.layout == "humanml3d" else ReadingWarning
    for note in source.named_notes():
        warnings.warn(note, category, stacklevel=2)
    return source.motions


def read_rig(path: str | os.PathLike[str], options: ReadOptions = DEFAULT_OPTIONS) -> BvhOrigin:
    """Read the rig of a `.bvh` file, to write other motions on it with `output_for`.

    Args:
        path: the file.
        options: as for `read_file`.

    Raises:
        NotFound: as `read_file`.
        InvalidInput: as `read_file`, or the file is not a `.bvh` file with one body.
    """
    source = read_file(path, options=options)
    rig = rig_of(source)
    if rig is None:
        raise InvalidInput.of(str(path), "is not a rig; must be a .bvh file with one body")
    return rig


def write_motion(path: str | os.PathLike[str], motion: Motion, form: Form = "positions") -> None:
    """Write one motion in the format that the suffix of `path` names.

    Args:
        path: a path that ends in `.bvh`, `.glb`, `.usda`, `.npy` or `.npz`.
        motion: the motion.
        form: what the arrays of the file hold.

    Raises:
        InvalidInput: the suffix is none of these, the format cannot hold `form`, or the path cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() not in SINGLE_SUFFIXES.values():
        raise InvalidInput.of(str(target), f"ends in {target.suffix!r}; must be {WRITTEN}")
    layout: Layout = "bvh" if target.suffix.lower() == ".bvh" else "npz"
    source = MotionFile(target, layout, set_of_one(motion))
    output_for(source, target, form).write(source.motions)


def _select_split(source: MotionFile, split: str) -> MotionSet:
    splits = [fields.get("split") for fields in source.motions.metadata]
    if split not in splits:
        known = ", ".join(sorted({str(each) for each in splits if each}))
        reason = f"must be one of {known}, the splits of {source.path}" if known else f"{source.path} has no splits"
        raise InvalidInput.of("split", f"is {split!r}; {reason}")
    return source.motions.select([index for index, each in enumerate(splits) if each == split])
