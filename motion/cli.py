"""Convert, measure and show motions, and synthesize new ones."""

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

if TYPE_CHECKING:
    from motion.formats.files import MotionFile
    from motion.motion_set import MotionSet

# The commands import what they need when they run, so that help and errors in the command line appear at once.


@dataclass(frozen=True)
class Convert:
    """Convert motions to another file format, representation or frame rate."""

    source: Annotated[Positional[Path], arg(metavar="IN")]
    """Motions to read: .bvh, .npy, .npz (one motion or SMPL poses), a packed set, or a HumanML3D folder."""
    out: Annotated[Positional[Path], arg(metavar="OUT")]
    """Output path. The suffix selects the format (.bvh, .npy, .npz); without a suffix the format of IN is kept."""
    form: Annotated[Literal["positions", "features", "smpl"] | None, arg(name="as")] = None
    """Representation in the output: positions (frames, 22, 3), HumanML3D features (frames, 263), or SMPL poses."""
    fps: float | None = None
    """Resample to this frame rate."""
    split: str | None = None
    """Read only this split (train, val, test) of a HumanML3D folder or of a packed set whose lines name splits."""
    overwrite: bool = False
    """Allow OUT to replace IN."""

    def run(self) -> int:
        """Execute the command and return its exit status."""
        from motion.formats.files import check_output, output_for
        from motion.resample import resample_motion
        from motion.validation import check_fps

        source = _read(self.source, self.split)
        output = output_for(source, self.out, self.form)
        check_output(output, [self.source], self.overwrite)
        motions = source.motions
        _check_all(motions)
        if self.fps is not None:
            check_fps(self.fps, "--fps")
            motions = motions.with_motions([resample_motion(motion, self.fps) for motion in motions])
        written = output.write(motions)
        _log(f"{_count(len(motions), 'motion')} written to {', '.join(map(str, written))}")
        return _status(source)


@dataclass(frozen=True)
class Metrics:
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
            source = read_files(self.sources, progress)
        table = MetricsTable.from_motions(source.motions)
        if not table.rows:
            reasons = [f"{name}: {reason}" for name, reason in table.refused.items()]
            raise InvalidInput.of("IN", reasons[0] if reasons else "holds no motions")
        print(json.dumps(table.to_json(), indent=1) if self.json else table.to_text())
        for name, reason in table.refused.items():
            _log(f"{name} refused: {reason}")
        return DONE_WITH_FAILURES if table.refused else _status(source)


@dataclass(frozen=True)
class View:
    """Show motions as animated stick figures, several inputs side by side."""

    sources: Annotated[Positional[tuple[Path, ...]], arg(metavar="IN...")]
    """Motions, packed sets or HumanML3D folders. The motions of several sets are matched by their ids."""
    out: Path
    """Page (.html) or movie (.mp4, .gif) to write."""
    limit: int = 50
    """Show at most this many motions of a set."""

    def run(self) -> int:
        """Execute the command and return its exit status."""
        from motion.viewing.viewer import check_view_target, paired_scenes, write_view

        check_view_target(self.out)
        files = [_read(path) for path in self.sources]
        if not files:
            raise InvalidInput.of("IN", "names no file; must be at least one")
        if self.limit < 1:
            raise InvalidInput.of("--limit", f"is {self.limit}; must be at least 1")
        scenes, left_out = paired_scenes(files, self.limit)
        with progress_bar("frames", self.out.name) as progress:
            write_view(self.out, scenes, " | ".join(str(path) for path in self.sources), progress)
        if left_out:
            _log(f"{_count(left_out, 'more motion')} not shown (--limit {self.limit})")
        _log(f"{_count(len(scenes), 'scene')} written to {self.out}")
        return max(_status(file) for file in files)


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
    | Annotated[View, subcommand("view")]
    | Annotated[Synthesize, subcommand("synthesize")]
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `plumb-motion` and exit with its status.

    Args:
        arguments: the command line without the program's name; None for that of this process.
    """
    run_commands(Command, "plumb-motion", __doc__, arguments)


def _read(path: Path, split: str | None = None) -> MotionFile:
    from motion.formats.files import read_file

    with progress_bar("clips", path.name) as progress:
        return read_file(path, split, progress)


def _check_all(motions: MotionSet) -> None:
    from motion.validation import check_each, check_motion

    if not len(motions):
        raise InvalidInput.of("IN", "holds no motions")
    for _ in check_each(motions, partial(check_motion, min_frames=2, max_frames=sys.maxsize)):
        pass


def _status(source: MotionFile) -> int:
    for note in source.notes:
        _log(note)
    return DONE_WITH_FAILURES if source.unreadable else DONE


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _log(sentence: str) -> None:
    print(sentence, file=sys.stderr)
