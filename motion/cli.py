"""Convert, measure, inspect and show motions, and synthesize new ones."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg, subcommand

from motion.errors import InvalidInput
from motion.shell.command import DONE, DONE_WITH_FAILURES, progress_bar, run_commands
from motion.shell.reading_flags import ReadingFlags

if TYPE_CHECKING:
    from motion.formats.files import MotionFile
    from motion.formats.read_options import ReadOptions

# The commands import what they need when they run, so that help and errors in the command line appear at once.


@dataclass(frozen=True)
class Convert(ReadingFlags):
    """Convert motions to another file format, representation or frame rate."""

    source: Annotated[Positional[Path], arg(metavar="IN")]
    """Motions to read: .bvh, .fbx, .glb, .amc, .npy, .npz (one motion or SMPL poses), a packed set, or a folder."""
    out: Annotated[Positional[Path], arg(metavar="OUT")]
    """Output path. The suffix selects the format (.bvh, .glb, .usda, .npy, .npz), without one it is that of IN;
    "DIR/*.{bvh,glb}" writes files for each motion."""
    form: Annotated[Literal["positions", "features", "smpl"] | None, arg(name="as")] = None
    """Representation in the output: positions (frames, 22, 3), HumanML3D features (frames, 263), or SMPL poses."""
    fps: float | None = None
    """Resample to this frame rate."""
    rig: Annotated[Path | None, arg(metavar="FILE.bvh")] = None
    """Write the .bvh on the skeleton of this file instead of that of IN."""
    split: str | None = None
    """Read only this split (train, val, test) of a HumanML3D folder or of a packed set whose lines name splits."""
    overwrite: bool = False
    """Allow OUT to replace IN."""

    def run(self) -> int:
        """Execute the command and return its exit status."""
        from motion.formats.files import check_output, output_for, read_rig
        from motion.resample import resample_motion
        from motion.validation import check_fps

        options = self.read_options()
        source = _valid(_read(self.source, self.split, options), options)
        output = output_for(source, self.out, self.form, read_rig(self.rig) if self.rig else None)
        check_output(output, [self.source, *([self.rig] if self.rig else [])], self.overwrite)
        motions = source.motions
        if self.fps is not None:
            check_fps(self.fps, "--fps")
            motions = motions.with_motions([resample_motion(motion, self.fps) for motion in motions])
        written = output.write(motions)
        _log(f"{_count(len(motions), 'motion')} written to {', '.join(map(str, written))}")
        for note in output.named_notes():
            _log(f"plumb-motion: {note}")
        return _status(source)


@dataclass(frozen=True)
class Metrics(ReadingFlags):
    """Print the physical errors of each motion and their mean."""

    sources: Annotated[Positional[tuple[Path, ...]], arg(metavar="IN...")]
    """Motions, packed sets or HumanML3D folders."""
    json: bool = False
    """Print one JSON document instead of a table."""

    def run(self) -> int:
        """Execute the command and return its exit status."""
        from motion.formats.files import read_files
        from motion.shell.metrics_table import MetricsTable

        with progress_bar("clips") as progress:
            source = read_files(self.sources, progress, self.read_options())
        table = MetricsTable.from_motions(source.motions)
        if not table.rows:
            reasons = [f"{name}: {reason}" for name, reason in table.refused.items()]
            raise InvalidInput.of("IN", reasons[0] if reasons else "holds no motions")
        notes = source.named_notes()
        print(json.dumps(table.to_json() | {"notes": notes}, indent=1) if self.json else table.to_text())
        for name, reason in table.refused.items():
            _log(f"{name} refused: {reason}")
        status = _status(source)
        return DONE_WITH_FAILURES if table.refused else status


@dataclass(frozen=True)
class Inspect(ReadingFlags):
    """Print what a file was recognized as: form, skeleton, rate, unit, axis; what was guessed, and what is missing."""

    source: Annotated[Positional[Path], arg(metavar="FILE")]
    """Motion, packed set or folder."""
    json: bool = False
    """Print one JSON document instead of text."""

    def run(self) -> int:
        """Execute the command and return its exit status."""
        from motion.formats.inspection import inspect_file

        file = _read(self.source, None, self.read_options())
        found = inspect_file(file)
        print(json.dumps(found.to_json(), indent=1) if self.json else found.to_text())
        return DONE_WITH_FAILURES if found.refused or file.unreadable else DONE


@dataclass(frozen=True)
class View(ReadingFlags):
    """Show motions on a page of moving bodies, or in a film, several inputs side by side."""

    sources: Annotated[Positional[tuple[Path, ...]], arg(metavar="IN...")]
    """Motions, packed sets or HumanML3D folders. The motions of several sets are matched by their ids."""
    out: Path
    """Page (.html) or movie (.mp4, .gif) to write."""
    limit: int = 50
    """Show at most this many motions of a set."""

    def run(self) -> int:
        """Execute the command and return its exit status."""
        from motion.formats.files import read_each
        from motion.viewing.viewer import check_view_target, paired_scenes, write_view

        check_view_target(self.out)
        with progress_bar("clips") as progress:
            files, refused = read_each(self.sources, progress, self.read_options())
        if self.limit < 1:
            raise InvalidInput.of("--limit", f"is {self.limit}; must be at least 1")
        scenes, left_out = paired_scenes(files, self.limit)
        with progress_bar("frames", self.out.name) as progress:
            write_view(self.out, scenes, " | ".join(str(path) for path in self.sources), progress)
        if left_out:
            _log(f"{_count(left_out, 'more motion')} not shown (--limit {self.limit})")
        _log(f"{_count(len(scenes), 'scene')} written to {self.out}")
        for sentence in refused:
            _log(sentence)
        return max([_status(file) for file in files] + [DONE_WITH_FAILURES] * bool(refused))


@dataclass(frozen=True)
class Synthesize:
    """Synthesize a packed set of captioned motions procedurally, without any data."""

    out: Path
    """Packed set to write."""
    count: int = 100
    """Number of motions."""
    seed: int = 0
    """Random seed; the same seed gives the same motions."""

    def run(self) -> int:
        """Execute the command and return its exit status."""
        from motion.formats.files import MotionFile, output_for
        from motion.motion_set import MotionSet
        from motion.synthesis import synthesize

        empty = MotionFile(self.out, "packed", MotionSet((), ()))
        output = output_for(empty, self.out)
        with progress_bar("motions") as progress:
            motions = synthesize(self.count, self.seed, progress=progress)
        written = output.write(motions)
        _log(f"{_count(len(motions), 'motion')} written to {', '.join(map(str, written))}")
        return DONE


Command = (
    Annotated[Convert, subcommand("convert")]
    | Annotated[Metrics, subcommand("metrics")]
    | Annotated[Inspect, subcommand("inspect")]
    | Annotated[View, subcommand("view")]
    | Annotated[Synthesize, subcommand("synthesize")]
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `plumb-motion` and exit with its status.

    Args:
        arguments: the command line without the program's name; None for that of this process.
    """
    run_commands(Command, "plumb-motion", __doc__, arguments)


def _read(path: Path, split: str | None, options: ReadOptions) -> MotionFile:
    from motion.formats.files import read_file

    with progress_bar("clips", path.name) as progress:
        return read_file(path, split, progress, options)


def _valid(source: MotionFile, options: ReadOptions) -> MotionFile:
    """Leave out the members that are no motion; where the user gave the unit, bodies may be of any size."""
    from motion.formats.members import check_any_size, keep_valid
    from motion.validation import check_motion

    check = partial(check_motion, min_frames=2, max_frames=sys.maxsize)
    return keep_valid(source, check if options.unit is None else partial(check_any_size, check=check))


def _status(source: MotionFile) -> int:
    for note in source.named_notes():
        _log(f"plumb-motion: {note}")
    return DONE_WITH_FAILURES if source.unreadable else DONE


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _log(sentence: str) -> None:
    print(sentence, file=sys.stderr)
