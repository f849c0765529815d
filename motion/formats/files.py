"""Read and write motions in any of the supported formats.

    .bvh          one motion
    .npy          one motion: positions (frames, 22, 3) or HumanML3D features (frames, 263)
    .npz          one motion as arrays, an SMPL pose file, or a packed set: told apart by the names of the arrays
    NAME          the packed set NAME.npz and NAME.jsonl
    a folder      HumanML3D's folder layout

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
from pathlib import Path

from motion.errors import InvalidInput, SkippedMotionsWarning
from motion.formats.array_file import ARRAY_KEYS, motion_from_arrays, read_array
from motion.formats.bvh import read_bvh
from motion.formats.humanml3d_folder import is_humanml3d_folder, read_humanml3d
from motion.formats.motion_file import Form, Layout, MotionFile, set_of_one
from motion.formats.npz import read_npz, require_file
from motion.formats.output import SINGLE_SUFFIXES, Output, check_output, output_for
from motion.formats.packed import PACKED_KEYS, PackedPaths, read_packed
from motion.formats.smpl import SMPL_KEYS, motion_from_smpl
from motion.motion import Motion
from motion.motion_set import MotionSet

__all__ = [
    "Form",
    "Layout",
    "MotionFile",
    "Output",
    "check_output",
    "output_for",
    "read_file",
    "read_files",
    "read_motions",
    "write_motion",
]

Progress = Callable[[int, int], None]
"""Called with the number of motions that are done and the number of all."""


def read_file(path: str | os.PathLike[str], split: str | None = None, progress: Progress | None = None) -> MotionFile:
    """Read one motion or a set of motions in any supported format.

    Values are not checked here; `motion.validation` does that.

    Args:
        path: a file, the name of a packed set, or a HumanML3D folder.
        split: read only the motions of this split: the name of a list in a HumanML3D folder (`train`, `val`, `test`),
            or the value of the field `split` in the lines of a packed set. None reads all.
        progress: called after each clip of a HumanML3D folder with the numbers (done, all).

    Raises:
        NotFound: nothing exists at `path`; the text lists what the folder holds.
        InvalidInput: the file is damaged or of an unknown format, or the set has no such split.
    """
    file = Path(path)
    if file.is_dir() and is_humanml3d_folder(file):
        folder = read_humanml3d(file, split, progress=progress)
        return MotionFile(
            file, "humanml3d", folder.motions, notes=tuple(folder.notes()), unreadable=len(folder.unreadable)
        )
    source = _read_by_suffix(file)
    return source if split is None else replace(source, motions=_select_split(source, split))


def read_files(paths: Sequence[str | os.PathLike[str]], progress: Progress | None = None) -> MotionFile:
    """Read one path, or several paths as one set in their order.

    Where a name occurs in several inputs, the motion gets the name of its file in front (`train/clip_3`).

    Args:
        paths: one or more paths, each as for `read_file`.
        progress: as for `read_file`.

    Raises:
        NotFound: as `read_file`.
        InvalidInput: as `read_file`, or no path is given.
    """
    files = [read_file(path, progress=progress) for path in paths]
    if not files:
        raise InvalidInput.of("IN", "names no file; must be at least one")
    if len(files) == 1:
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
    notes = tuple(note for file in files for note in file.notes)
    return MotionFile(files[0].path, "packed", merged, notes=notes, unreadable=sum(file.unreadable for file in files))


def read_motions(path: str | os.PathLike[str], split: str | None = None, progress: Progress | None = None) -> MotionSet:
    """Read the motions at `path` and warn of those that were skipped.

    Args:
        path: as for `read_file`.
        split: as for `read_file`.
        progress: as for `read_file`.

    Raises:
        NotFound: as `read_file`.
        InvalidInput: as `read_file`.

    Warns:
        SkippedMotionsWarning: members of the set could not be used; one warning per reason.
    """
    source = read_file(path, split, progress)
    for note in source.notes:
        warnings.warn(f"{source.path}: {note}", SkippedMotionsWarning, stacklevel=2)
    return source.motions


def write_motion(path: str | os.PathLike[str], motion: Motion, form: Form = "positions") -> None:
    """Write one motion in the format that the suffix of `path` names.

    Args:
        path: a path that ends in `.bvh`, `.npy` or `.npz`.
        motion: the motion.
        form: what the arrays of the file hold.

    Raises:
        InvalidInput: the suffix is none of these, the format cannot hold `form`, or the path cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() not in SINGLE_SUFFIXES.values():
        raise InvalidInput.of(str(target), f"ends in {target.suffix!r}; must be .bvh, .npy or .npz")
    layout: Layout = "bvh" if target.suffix.lower() == ".bvh" else "npz"
    source = MotionFile(target, layout, set_of_one(motion))
    output_for(source, target, form).write(source.motions)


def _read_by_suffix(file: Path) -> MotionFile:
    suffix = file.suffix.lower()
    if suffix == ".bvh":
        return MotionFile(file, "bvh", set_of_one(read_bvh(file)))
    if suffix == ".npy":
        motion, content = read_array(file)
        return MotionFile(file, "npy", set_of_one(motion), content)
    if suffix == ".npz" or PackedPaths.of(file).arrays.is_file():
        return _read_npz(PackedPaths.of(file).arrays)
    require_file(file)
    raise InvalidInput.of(str(file), "is of no known form; must be .bvh, .npy, .npz or the name of a packed set")


def _read_npz(file: Path) -> MotionFile:
    arrays = read_npz(file)
    if set(arrays) >= PACKED_KEYS:
        return MotionFile(file, "packed", read_packed(file))
    if set(arrays) >= SMPL_KEYS:
        motion = motion_from_smpl(str(file), arrays)
        return MotionFile(file, "smpl", set_of_one(replace(motion, name=file.stem)))
    if set(arrays) & {"offsets", "ids"}:
        lacking = ", ".join(sorted(PACKED_KEYS - set(arrays)))
        raise InvalidInput.of(str(file), f"lacks {lacking}; a packed set has positions, offsets and ids")
    if set(arrays) & ARRAY_KEYS:
        motion, content = motion_from_arrays(str(file), arrays, file.stem)
        return MotionFile(file, "npz", set_of_one(motion), content)
    wanted = "positions or features (one motion), positions, offsets and ids (a packed set), or poses and trans (SMPL)"
    names = ", ".join(list(arrays)[:6]) + (", ..." if len(arrays) > 6 else "")
    raise InvalidInput.of(str(file), f"holds {names or 'no arrays that can be read'}; must hold {wanted}")


def _select_split(source: MotionFile, split: str) -> MotionSet:
    splits = [fields.get("split") for fields in source.motions.metadata]
    if split not in splits:
        known = ", ".join(sorted({str(each) for each in splits if each}))
        reason = f"must be one of {known}, the splits of {source.path}" if known else f"{source.path} has no splits"
        raise InvalidInput.of("split", f"is {split!r}; {reason}")
    return source.motions.select([index for index, each in enumerate(splits) if each == split])
