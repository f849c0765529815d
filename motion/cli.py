"""`plumb-motion`: convert, measure and look at motions, and make new ones."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg, subcommand

from motion.errors import InvalidInput
from motion.formats.array_file import at_rate
from motion.formats.files import MotionFile, output_for, read_file, read_files
from motion.motion_set import MotionSet
from motion.shell.command import DONE, DONE_WITH_FAILURES, progress_bar, run_commands
from motion.shell.metrics_table import MetricsTable
from motion.validation import check_fps, check_motion, each_checked
from motion.viewing.viewer import check_view_target, paired_scenes, write_view


@dataclass(frozen=True)
class Convert:
    """Read motions in one form and write them in another."""

    source: Annotated[Positional[Path], arg(metavar="IN")]
    """.bvh, .npy, .npz (one motion, SMPL poses), packed set, or HumanML3D folder."""
    out: Annotated[Positional[Path], arg(metavar="OUT")]
    """Where to; its suffix says the form, and without one it stays what it was."""
    form: Annotated[Literal["positions", "features", "smpl"] | None, arg(name="as")] = None
    """What arrays hold: positions (frames, 22, 3), HumanML3D features (frames, 263), or SMPL poses."""
    fps: float | None = None
    """Resample to this rate."""
    split: str | None = None
    """The motions of one split alone (train, val, test), of a HumanML3D folder or of a packed set that tells them."""

    def run(self) -> int:
        source = read_file(self.source, self.split)
        target = output_for(source, self.out, self.form)
        motions = source.motions
        _check_all(motions)
        if self.fps is not None:
            check_fps(self.fps, "--fps")
            motions = motions.with_motions([at_rate(motion, self.fps) for motion in motions])
        written = target.write(motions)
        _say(f"{len(motions)} motion{'s' if len(motions) != 1 else ''} written to {', '.join(map(str, written))}")
        return _status(source)


@dataclass(frozen=True)
class Metrics:
    """Physical errors of motions: a row each, and their mean."""

    sources: Annotated[Positional[tuple[Path, ...]], arg(metavar="IN...")]
    """Motions and packed sets."""
    json: bool = False
    """Print one JSON document instead of a table."""

    def run(self) -> int:
        source = read_files(self.sources)
        table = MetricsTable.of(source.motions)
        if not table.rows:
            reasons = [f"{name}: {reason}" for name, reason in table.refused.items()]
            raise InvalidInput.of("IN", reasons[0] if reasons else "holds no motions")
        print(json.dumps(table.to_json(), indent=1) if self.json else table.to_text())
        for name, reason in table.refused.items():
            _say(f"{name} refused: {reason}")
        return DONE_WITH_FAILURES if table.refused else _status(source)


@dataclass(frozen=True)
class View:
    """Show motions as moving stick figures, several inputs side by side."""

    sources: Annotated[Positional[tuple[Path, ...]], arg(metavar="IN...")]
    """Motions or packed sets; sets are matched by id."""
    out: Path
    """page.html, clip.mp4 or clip.gif."""
    limit: int = 50
    """Show at most so many motions of a set."""

    def run(self) -> int:
        check_view_target(self.out)
        files = [read_file(path) for path in self.sources]
        if not files:
            raise InvalidInput.of("IN", "names no file; must be at least one")
        if self.limit < 1:
            raise InvalidInput.of("--limit", f"is {self.limit}; must be at least 1")
        scenes, left_out = paired_scenes(files, self.limit)
        write_view(self.out, scenes, " | ".join(str(path) for path in self.sources))
        if left_out:
            _say(f"{left_out} further motions are not shown (--limit {self.limit})")
        _say(f"{len(scenes)} scene{'s' if len(scenes) != 1 else ''} written to {self.out}")
        return max(_status(file) for file in files)


@dataclass(frozen=True)
class Synthesize:
    """Make a packed set of captioned motions from a seed, with nobody's data."""

    out: Path
    """The packed set to write."""
    count: int = 100
    """How many motions."""
    seed: int = 0

    def run(self) -> int:
        from motion.synthesis import synthesize

        empty = MotionFile(self.out, "packed", MotionSet((), ()))
        target = output_for(empty, self.out)
        with progress_bar("motions") as progress:
            motions = synthesize(self.count, self.seed, progress=progress)
        written = target.write(motions)
        _say(f"{len(motions)} motions written to {', '.join(map(str, written))}")
        return DONE


Command = (
    Annotated[Convert, subcommand("convert")]
    | Annotated[Metrics, subcommand("metrics")]
    | Annotated[View, subcommand("view")]
    | Annotated[Synthesize, subcommand("synthesize")]
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `plumb-motion` with `arguments` (by default those of the process), and exit."""
    run_commands(Command, "plumb-motion", __doc__, arguments)


def _check_all(motions: MotionSet) -> None:
    if not len(motions):
        raise InvalidInput.of("IN", "holds no motions")
    for _ in each_checked(motions, partial(check_motion, min_frames=2, max_frames=sys.maxsize)):
        pass


def _status(source: MotionFile) -> int:
    for note in source.notes:
        _say(note)
    return DONE_WITH_FAILURES if source.unreadable else DONE


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)
