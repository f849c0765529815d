"""Motions from files, through a corrector, into files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from motion.errors import InvalidInput, Violation
from motion.formats.files import MotionFile, Output, output_for, read_file
from motion.motion import Motion
from motion.protocols import CorrectionOptions, Corrector
from motion.report import Report
from motion.shell.atomic import check_target

_NAMED_AT_MOST = 8


@dataclass(frozen=True, eq=False)
class FileCorrection:
    """One input, and the place where its correction goes."""

    source: MotionFile
    output: Output

    def write(self, motions: Sequence[Motion], reports: Sequence[Report]) -> list[Path]:
        """Write the corrected motions, in the input's order; the files written."""
        return self.output.write(self.source.motions.with_motions(motions), reports)


@dataclass(frozen=True, eq=False)
class CorrectedFiles:
    """What came of it: the reports, in the order of the inputs and of the motions in each.

    `sources` are the inputs that they are from, `frames` the lengths of the motions, `written` the files; `notes` say
    which members of an input were left out, of which `unreadable` were missing or damaged.
    """

    sources: tuple[Path, ...]
    ids: tuple[str, ...]
    frames: tuple[int, ...]
    reports: tuple[Report, ...]
    written: tuple[Path, ...]
    notes: tuple[str, ...]
    unreadable: int

    def documents(self) -> list[dict[str, Any]]:
        """The reports for JSON, each with the id of its motion and the input that it is from."""
        return [
            {"id": name, "source": str(source), **report.to_json()}
            for name, source, report in zip(self.ids, self.sources, self.reports, strict=True)
        ]


def correct_files(
    inputs: Sequence[Path],
    out: Path,
    open_corrector: Callable[[], Corrector],
    seed: int = 0,
    options: CorrectionOptions | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CorrectedFiles:
    """Correct what stands in `inputs` and write it to `out`: a folder for several inputs, else a place like the input.

    All inputs are read, and all outputs checked, before the corrector is opened. One motion that is refused refuses
    all: nothing is written then.

    Raises:
        NotFound: an input does not exist, or no policy has the name in `options`.
        InvalidInput: an input cannot be read, holds nothing or something that is no motion (named by its id), or `out`
            cannot be written.
        ServiceUnavailable: the corrector is a service and cannot be reached.
    """
    with _planned(inputs, out) as plan:
        motions = [motion for each in plan for motion in each.source.motions]
        corrector = open_corrector()
        try:
            corrections = corrector.correct(motions, seed, options, progress)
        except InvalidInput as error:
            raise _by_id(error, [motion.name or "" for motion in motions]) from error
        written: list[Path] = []
        rest = iter(corrections)
        for each in plan:
            mine = [correction for _, correction in zip(each.source.motions, rest, strict=False)]
            written += each.write([c.motion for c in mine], [c.report for c in mine])
    return CorrectedFiles(
        sources=tuple(each.source.path for each in plan for _ in each.source.motions),
        ids=tuple(motion.name or "" for motion in motions),
        frames=tuple(len(motion) for motion in motions),
        reports=tuple(correction.report for correction in corrections),
        written=tuple(written),
        notes=tuple(note for each in plan for note in each.source.notes),
        unreadable=sum(each.source.unreadable for each in plan),
    )


@contextmanager
def _planned(inputs: Sequence[Path], out: Path) -> Iterator[list[FileCorrection]]:
    """What goes where. A folder that is made for it does not outlive a failure."""
    if not inputs:
        raise InvalidInput.of("IN", "names no file; must be at least one")
    sources = [read_file(path) for path in inputs]
    for source in sources:
        if not len(source.motions):
            raise InvalidInput.of(str(source.path), "holds no motions; must hold at least one")
    made = len(sources) > 1 and not out.is_dir()
    if made:
        check_target(out)
        out.mkdir()
    try:
        plan = [FileCorrection(source, output_for(source, out)) for source in sources]
        _check_apart(plan)
        yield plan
    except BaseException:
        if made and not any(out.iterdir()):
            out.rmdir()
        raise


def _check_apart(plan: Sequence[FileCorrection]) -> None:
    taken: dict[Path, Path] = {}
    for each in plan:
        for file in each.output.files:
            other = taken.setdefault(file, each.source.path)
            if other is not each.source.path:
                raise InvalidInput.of(str(each.source.path), f"would be written where {other} is, to {file}")


def _by_id(error: InvalidInput, ids: Sequence[str]) -> InvalidInput:
    """`error` with the motions called by their ids, the first few of them."""
    named = []
    for violation in error.violations:
        match = re.match(r"motions\[(\d+)\]\.?", violation.field)
        field = f"{ids[int(match[1])]} {violation.field[match.end() :]}".rstrip() if match else violation.field
        named.append(Violation(field, violation.description))
    more = len(named) - _NAMED_AT_MOST
    return InvalidInput(named[:_NAMED_AT_MOST] + ([Violation(f"and {more} more", "refused too")] if more > 0 else []))
