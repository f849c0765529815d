"""Reading and writing motions in whatever form they come: one door to all formats.

    .bvh          one motion
    .npy          one motion: positions (frames, 22, 3) or HumanML3D features (frames, 263)
    .npz          one motion as arrays, an SMPL pose file, or a packed set: told apart by the arrays inside
    NAME          the packed set NAME.npz and NAME.jsonl
    a folder      HumanML3D's layout

What is written follows what was read: `source = read_file(path)`, `target = output_for(source, out)` before the work
(it refuses a place that cannot be written), `target.write(motions, reports)` after it.
"""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from motion.errors import InvalidInput, LeftOut
from motion.formats.array_file import ARRAY_KEYS, Content, motion_from_arrays, read_array, write_array, write_single
from motion.formats.bvh import read_bvh, write_bvh
from motion.formats.humanml3d_folder import is_humanml3d_folder, read_humanml3d
from motion.formats.npz import read_npz, require_file
from motion.formats.packed import PACKED_KEYS, PackedPaths, read_packed, write_packed
from motion.formats.smpl import SMPL_KEYS, motion_from_smpl, write_smpl
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.report import Report
from motion.shell.atomic import check_target

Layout = Literal["bvh", "npy", "npz", "smpl", "packed", "humanml3d"]
Form = Literal["positions", "features", "smpl"]
_SUFFIXES: dict[str, str] = {"bvh": ".bvh", "npy": ".npy", "npz": ".npz", "smpl": ".npz"}


@dataclass(frozen=True, eq=False)
class MotionFile:
    """What was read from a path.

    Attributes:
        path: where.
        layout: in which form it stood there.
        content: whether as positions or as HumanML3D features.
        motions: what it held; a single motion is a set of one, named after its file.
        notes: sentences about members of a set that were left out.
        unreadable: how many of those were missing or damaged.
    """

    path: Path
    layout: Layout
    motions: MotionSet
    content: Content = "positions"
    notes: tuple[str, ...] = ()
    unreadable: int = 0

    @property
    def single(self) -> bool:
        """Whether the path held one motion rather than a set, be it of one."""
        return self.layout not in ("packed", "humanml3d")


@dataclass(frozen=True)
class Output:
    """A place that motions will be written to, and the form in which they will stand there."""

    path: Path
    layout: Layout
    content: Content = "positions"
    keep_rows: bool = False

    @property
    def files(self) -> list[Path]:
        """The files that stand there afterwards, the reports of a packed set among them."""
        if self.layout != "packed":
            return [self.path]
        paths = PackedPaths.of(self.path)
        return [paths.arrays, paths.lines, paths.reports]

    def write(self, motions: MotionSet, reports: Sequence[Report | dict[str, Any]] | None = None) -> list[Path]:
        """Write the motions, and for a packed set the reports beside them; returns the files written.

        Raises:
            InvalidInput: the place cannot be written.
        """
        if self.layout == "packed":
            paths = write_packed(self.path, motions, reports)
            return [paths.arrays, paths.lines] + ([paths.reports] if reports is not None else [])
        (motion,) = motions.motions
        if self.layout == "bvh":
            write_bvh(self.path, motion)
        elif self.layout == "smpl":
            write_smpl(self.path, motion)
        elif self.layout == "npy":
            write_array(self.path, motion, self.content, self.keep_rows)
        else:
            write_single(self.path, motion, self.content, self.keep_rows)
        return [self.path]


def read_file(path: str | os.PathLike[str], split: str | None = None) -> MotionFile:
    """Read one motion or a set, whatever its form; values are not judged (that is `motion.validation`'s).

    Args:
        path: the file, set or folder.
        split: the motions of one split alone: of a HumanML3D folder one of its lists (`train`, `val`, `test`), of a
            packed set those whose line says so in its field `split`. All if None.

    Raises:
        NotFound: there is nothing at `path`; the text lists what the folder holds.
        InvalidInput: it is damaged, or of no form that is known.
    """
    file = Path(path)
    if file.is_dir() and is_humanml3d_folder(file):
        folder = read_humanml3d(file, split)
        return MotionFile(
            file, "humanml3d", folder.motions, notes=tuple(folder.notes()), unreadable=len(folder.unreadable)
        )
    source = _read_plain(file)
    return source if split is None else replace(source, motions=_of_split(source, split))


def _read_plain(file: Path) -> MotionFile:
    suffix = file.suffix.lower()
    if suffix == ".bvh":
        return MotionFile(file, "bvh", _set_of(read_bvh(file)))
    if suffix == ".npy":
        motion, content = read_array(file)
        return MotionFile(file, "npy", _set_of(motion), content)
    if suffix == ".npz" or PackedPaths.of(file).arrays.is_file():
        return _read_npz(PackedPaths.of(file).arrays)
    require_file(file)
    raise InvalidInput.of(str(file), "is of no known form; must be .bvh, .npy, .npz or the name of a packed set")


def read_files(paths: Sequence[str | os.PathLike[str]]) -> MotionFile:
    """Read one path, or several as one set in their order.

    A motion whose name another already has gets the name of its file before it (`train/clip_3`).

    Raises:
        NotFound, InvalidInput: as `read_file`; also when no path is given.
    """
    files = [read_file(path) for path in paths]
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


def read_motions(path: str | os.PathLike[str], split: str | None = None) -> MotionSet:
    """The motions at `path`; see `read_file`. Warns of `LeftOut` about those of a set that are not among them."""
    source = read_file(path, split)
    for note in source.notes:
        warnings.warn(f"{source.path}: {note}", LeftOut, stacklevel=2)
    return source.motions


def write_motion(path: str | os.PathLike[str], motion: Motion, form: Form = "positions") -> None:
    """Write one motion as the suffix of `path` says (`.bvh`, `.npy`, `.npz`).

    Raises:
        InvalidInput: the suffix is none of these, or the place cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() not in _SUFFIXES.values():
        raise InvalidInput.of(str(target), f"ends in {target.suffix!r}; must be .bvh, .npy or .npz")
    layout: Layout = "bvh" if target.suffix.lower() == ".bvh" else "npz"
    source = MotionFile(target, layout, _set_of(motion))
    output_for(source, target, form).write(source.motions)


def output_for(source: MotionFile, out: str | os.PathLike[str], form: Form | None = None) -> Output:
    """Where and in which form the motions of `source` go when the user names `out`.

    The suffix of `out` decides; without one it is as `source` was. A folder that is there gets a file named as
    `source` was. Features stay features, and SMPL poses SMPL poses, unless `form` says otherwise.

    Raises:
        InvalidInput: the place cannot be written, or cannot hold what `source` holds.
    """
    path = Path(out)
    if path.is_dir() and not PackedPaths.of(path).arrays.exists():
        path = path / (source.path.name if source.single else PackedPaths.of(source.path.name).arrays.stem)
    suffix = path.suffix.lower()
    if source.single and suffix not in _SUFFIXES.values():
        path = path.with_name(path.name + _SUFFIXES[source.layout])
        suffix = path.suffix
    layout = _layout_for(source, suffix, form)
    if layout != "packed" and len(source.motions) != 1:
        count = len(source.motions)
        raise InvalidInput.of(str(path), f"{suffix} holds one motion, not {count}; must be the name of a packed set")
    content = source.content if form is None else form
    if layout == "packed" and form not in (None, "positions"):
        raise InvalidInput.of(str(path), f"a packed set holds positions, not {form}; must be --as positions")
    if layout in ("bvh", "npy") and form == "smpl":
        raise InvalidInput.of(str(path), f"{suffix} cannot hold SMPL poses; must end in .npz")
    if layout == "bvh" and form == "features":
        raise InvalidInput.of(str(path), ".bvh cannot hold features; must end in .npy or .npz")
    output = Output(path, layout, "features" if content == "features" else "positions", source.content == "features")
    for target in output.files:
        check_target(target)
    return output


def _layout_for(source: MotionFile, suffix: str, form: Form | None) -> Layout:
    if suffix == ".bvh":
        return "bvh"
    if suffix == ".npy":
        return "npy"
    if not source.single:
        return "packed"
    return "smpl" if form == "smpl" or (form is None and source.layout == "smpl") else "npz"


def _read_npz(file: Path) -> MotionFile:
    arrays = read_npz(file)
    if set(arrays) >= PACKED_KEYS:
        return MotionFile(file, "packed", read_packed(file))
    if set(arrays) >= SMPL_KEYS:
        motion = motion_from_smpl(str(file), arrays)
        return MotionFile(file, "smpl", _set_of(replace(motion, name=file.stem)))
    if set(arrays) & {"offsets", "ids"}:
        lacking = ", ".join(sorted(PACKED_KEYS - set(arrays)))
        raise InvalidInput.of(str(file), f"lacks {lacking}; a packed set has positions, offsets and ids")
    if set(arrays) & ARRAY_KEYS:
        motion, content = motion_from_arrays(str(file), arrays, file.stem)
        return MotionFile(file, "npz", _set_of(motion), content)
    wanted = "positions or features (one motion), positions, offsets and ids (a packed set), or poses and trans (SMPL)"
    names = ", ".join(list(arrays)[:6]) + (", ..." if len(arrays) > 6 else "")
    raise InvalidInput.of(str(file), f"holds {names or 'nothing that can be read'}; must hold {wanted}")


def _of_split(source: MotionFile, split: str) -> MotionSet:
    splits = [fields.get("split") for fields in source.motions.metadata]
    if split not in splits:
        known = sorted({str(each) for each in splits if each})
        there = f"must be one of {', '.join(known)}" if known else "it has no splits"
        raise InvalidInput.of("split", f"is {split!r}, of which {source.path} has no motion; {there}")
    return source.motions.select([index for index, each in enumerate(splits) if each == split])


def _set_of(motion: Motion) -> MotionSet:
    return MotionSet((motion,), ((motion.caption,) if motion.caption else (),))
