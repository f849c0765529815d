"""Where motions will be written and in which form; everything that can be refused is refused before the work starts.

The suffix of the output path decides the form. A path without a suffix gets the form of the input. Several motions in
one `.npy` file have the form of MDM's results. A suffix that looks like a file type, but is none that can be written,
is refused: `fixed.fbx` is a mistake, not the name of a packed set.
A suffix looks like a file type if it consists of two to four letters (`.usd`, `.fbx`, `.json`) or is one of
`_OTHER_FILE_TYPES`. Anything else after a dot is part of the name: `take.01`, `walk.v2`, `set.train`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from motion.errors import InvalidInput
from motion.formats.arrays.array_file import Content, write_array, write_single
from motion.formats.bvh import write_bvh
from motion.formats.generators.mdm_results import write_results
from motion.formats.glb import write_glb
from motion.formats.motion_file import Form, Layout, MotionFile, Origin
from motion.formats.packed import PackedPaths, write_packed
from motion.formats.rigs.rig import BvhOrigin, write_bodies
from motion.formats.scenes.usda import write_usda
from motion.formats.smpl import write_smpl
from motion.formats.unsaid import ChangedOrigin
from motion.motion import DEFAULT_FPS
from motion.motion_set import MotionSet
from motion.report import Report
from motion.shell.atomic import check_target

SINGLE_SUFFIXES: dict[str, str] = {
    "bvh": ".bvh", "npy": ".npy", "npz": ".npz", "smpl": ".npz", "glb": ".glb", "usda": ".usda",
}  # fmt: skip
"""The suffix of each layout that holds one motion and can be written."""
_SUFFIX_WITHOUT_WRITER = {"fbx": ".bvh", "amc": ".bvh"}
"""The suffix that motions get which came in a layout that is only read."""

WRITTEN = ".bvh, .glb, .usda, .npy or .npz"
"""The suffixes of files that can be written, in words."""
_OTHER_FILE_TYPES = frozenset(
    {".mp3", ".mp4", ".m4v", ".c3d", ".h5", ".hdf5", ".7z", ".bz2", ".gz2", ".jsonl", ".blend", ".pickle", ".parquet"}
)
_LIKE_A_FILE_TYPE = re.compile(r"\.[a-z]{2,4}")


@dataclass(frozen=True)
class Output:
    """A path that motions will be written to, and the form that they will be written in.

    Attributes:
        path: the file, or the name of the packed set with or without `.npz`.
        layout: the layout to write.
        content: positions or HumanML3D features.
        keep_frame_count: write as many rows of features as the motion has frames, by repeating the last step.
            Features have one row less than positions, so a motion that was read from features needs this.
        origin: what the input holds besides the motion; written back if it is of this layout.
        rig: the rig of another `.bvh` file to write the motion on.
        bodies: the rigs of several motions that came from one `.bvh` file and go back into one.
        notes: a sentence about each thing that the file cannot carry of the motion; `write` adds to them.
    """

    path: Path
    layout: Layout
    content: Content = "positions"
    keep_frame_count: bool = False
    origin: Origin | None = None
    rig: BvhOrigin | None = None
    bodies: tuple[BvhOrigin, ...] = ()
    notes: list[str] = field(default_factory=list, compare=False)

    def named_notes(self) -> list[str]:
        """Return the notes, each with the path of the output in front."""
        return [f"{self.path}: {note}" for note in self.notes]

    @property
    def files(self) -> list[Path]:
        """All files that may be written; for a packed set this includes the file of reports."""
        if self.layout != "packed":
            return [self.path]
        paths = PackedPaths.of(self.path)
        return [paths.arrays, paths.lines, paths.reports]

    def write(self, motions: MotionSet, reports: Sequence[Report | dict[str, Any]] | None = None) -> list[Path]:
        """Write the motions, and the reports beside them if the output is a packed set.

        Args:
            motions: the motions; exactly one unless the output is a packed set, a `.glb` file, MDM's results, or a
                `.bvh` file of several bodies.
            reports: one report per motion, as objects or as JSON documents.

        Returns:
            The files that were written.

        Raises:
            InvalidInput: the path cannot be written.
        """
        if self.layout == "packed":
            paths = write_packed(self.path, motions, reports)
            return [paths.arrays, paths.lines] + ([paths.reports] if reports is not None else [])
        if self.layout == "glb":
            write_glb(self.path, *motions)
            return [self.path]
        if self.layout in ("results", "npy"):
            rates = sorted({motion.fps for motion in motions} - {DEFAULT_FPS})
            if rates:
                found = ", ".join(f"{rate:g}" for rate in rates)
                self.notes.append(f"resampled from {found} to {DEFAULT_FPS:g} fps, the rate of .npy files")
        if self.layout == "results":
            write_results(self.path, motions)
            return [self.path]
        if self.bodies:
            self.notes.extend(write_bodies(self.path, self.bodies, motions.motions))
            return [self.path]
        (motion,) = motions.motions
        if self.rig is not None:
            self.notes.extend(self.rig.write_other(self.path, motion))
        elif self.origin is not None and self.origin.layout == self.layout:
            self.notes.extend(self.origin.write(self.path, motion))
        elif self.layout == "bvh":
            write_bvh(self.path, motion)
        elif self.layout == "usda":
            write_usda(self.path, motion)
        elif self.layout == "smpl":
            write_smpl(self.path, motion)
        elif self.layout == "npy":
            write_array(self.path, motion, self.content, self.keep_frame_count)
        else:
            write_single(self.path, motion, self.content, self.keep_frame_count)
        return [self.path]


def output_path(source: MotionFile, out: str | os.PathLike[str], rig: BvhOrigin | None = None) -> Path:
    """Return the path that the user means: inside an existing folder, the output has the name of `source`.

    Args:
        source: the motions that were read.
        out: the path that the user gave.
        rig: the rig of another `.bvh` file to write on; None for that of `source`, if it has one.

    Raises:
        InvalidInput: the suffix is an unknown file type.
    """
    path = Path(out)
    if path.is_dir() and not PackedPaths.of(path).arrays.exists():
        path = path / (source.path.name if source.single else PackedPaths.of(source.path.name).arrays.stem)
        suffix = ".bvh" if rig is not None else _SUFFIX_WITHOUT_WRITER.get(source.layout)
        return path.with_suffix(suffix) if suffix else path
    _check_suffix(path)
    return path


def file_output(
    source: MotionFile, path: Path, form: Form | None = None, rig: BvhOrigin | None = None, check: bool = True
) -> Output:
    """Choose the form in which the motions of `source` will be written to one file or packed set.

    Args:
        source: the motions that were read. Without a suffix in `path`, their layout is kept; features stay features
            and SMPL poses stay SMPL poses unless `form` says otherwise.
        path: what `output_path` returned.
        form: what the arrays of the output hold; None to follow `source`.
        rig: the rig of another `.bvh` file to write on; None for that of `source`, if it has one.
        check: whether the folder of the path must exist already.

    Raises:
        InvalidInput: the path cannot be written, or the file type cannot hold the motions.
    """
    suffix = path.suffix.lower()
    if source.single and suffix not in SINGLE_SUFFIXES.values():
        path = path.with_name(path.name + (".bvh" if rig is not None else suffix_of(source)))
        suffix = path.suffix
    layout = _layout_for(source, suffix, form)
    bodies = _rigs_of(source) if layout == "bvh" and rig is None and len(source.motions) > 1 else ()
    if layout not in ("packed", "glb", "results") and len(source.motions) != 1 and not bodies:
        wanted = f"must be the name of a packed set, or *{suffix} for a file of each motion"
        raise InvalidInput.of(str(path), f"{suffix} holds one motion, not {len(source.motions)}; {wanted}")
    if layout == "packed" and form not in (None, "positions"):
        raise InvalidInput.of(str(path), f"a packed set holds positions, not {form}; must be --as positions")
    if layout in ("bvh", "glb", "usda", "npy", "results") and form == "smpl":
        raise InvalidInput.of(str(path), f"{suffix} cannot hold SMPL poses; must end in .npz")
    if layout == "results" and form == "features":
        raise InvalidInput.of(str(path), "MDM's results hold positions, not features; must be --as positions")
    if layout in ("bvh", "glb", "usda") and form == "features":
        raise InvalidInput.of(str(path), f"{suffix} cannot hold features; must end in .npy or .npz")
    if rig is not None and layout != "bvh":
        raise InvalidInput.of(str(path), "cannot be written on the rig of --rig; must end in .bvh")
    content = "features" if (source.content if form is None else form) == "features" else "positions"
    origin = source.origins[0] if len(source.origins) == 1 else None
    output = Output(path, layout, content, source.content == "features", rig_of(source) or origin, rig, bodies)
    for target in output.files if check else []:
        check_target(target)
    return output


def rig_of(source: MotionFile) -> BvhOrigin | None:
    """Return the rig of a file with one motion that came on one; None for all others."""
    return _rigs_of(source)[0] if len(source.origins) == 1 and _rigs_of(source) else None


def _rigs_of(source: MotionFile) -> tuple[BvhOrigin, ...]:
    """Return the rigs of all motions of one `.bvh` file; none if a motion has none, or they come from several files."""
    rigs = []
    for origin, motion in zip(source.origins, source.motions, strict=bool(source.origins)):
        while isinstance(origin, ChangedOrigin):
            origin = origin.origin  # a rig finds from the motion how the file's axes lie
        if isinstance(origin, BvhOrigin):
            rigs.append(origin.read_as(motion))
    one_file = len({id(rig.document.nodes) for rig in rigs}) == 1
    return tuple(rigs) if one_file and len(rigs) == len(source.motions) else ()


def check_output(output: Output, inputs: Iterable[str | os.PathLike[str]], overwrite: bool = False) -> None:
    """Refuse an output that would replace one of the inputs, unless the user asked for that.

    Call it after `output_for` and before the work. Files are compared by identity, so that another spelling of the
    path and a link to the input are recognized.

    Args:
        output: the planned output.
        inputs: the paths that the command reads: files, names of packed sets, HumanML3D folders.
        overwrite: whether the user gave `--overwrite`; then nothing is refused.

    Raises:
        InvalidInput: a file of the output is a file of an input.
    """
    if overwrite:
        return
    existing = [file for file in output.files if file.exists()]
    for source in map(Path, inputs):
        packed = PackedPaths.of(source)
        files = [file for file in (source, packed.arrays, packed.lines) if file.is_file()]
        for target in existing:
            inside = source.is_dir() and target.resolve().is_relative_to(source.resolve())
            if inside or any(target.samefile(file) for file in files):
                reason = f"would replace the input {source}; must be another path, or use --overwrite to replace it"
                raise InvalidInput.of(str(output.path), reason)


def suffix_of(source: MotionFile) -> str:
    """Return the suffix of a file of one motion that is written in the form of `source`."""
    return SINGLE_SUFFIXES.get(source.layout) or _SUFFIX_WITHOUT_WRITER.get(source.layout, ".npz")


def _check_suffix(path: Path) -> None:
    suffix = path.suffix.lower()
    if suffix in SINGLE_SUFFIXES.values():
        return
    if suffix in _OTHER_FILE_TYPES or _LIKE_A_FILE_TYPE.fullmatch(suffix):
        reason = f"ends in {path.suffix!r}; must end in {WRITTEN}, or be the name of a packed set"
        raise InvalidInput.of(str(path), reason)


def _layout_for(source: MotionFile, suffix: str, form: Form | None) -> Layout:
    if suffix == ".bvh":
        return "bvh"
    if suffix == ".glb":
        return "glb"
    if suffix == ".usda":
        return "usda"
    if suffix == ".npy":
        came_in_one = source.path.suffix.lower() == ".npy" and not source.single  # one motion of MDM's is a set too
        plain = len(source.motions) == 1 and not (came_in_one and form is None)
        return "npy" if plain or not len(source.motions) else "results"
    if not source.single:
        return "packed"
    return "smpl" if form == "smpl" or (form is None and source.layout == "smpl") else "npz"
