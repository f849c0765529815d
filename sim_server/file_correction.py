"""Correct motions from files into files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from motion.errors import InvalidInput, PlumbError, Violation
from motion.formats.files import MotionFile, Output, check_output, is_pattern, output_for, read_each, read_rig
from motion.formats.members import keep_valid
from motion.formats.read_options import DEFAULT_OPTIONS, ReadOptions
from motion.motion import Motion
from motion.protocols import CorrectionOptions, Corrector, ProgressCallback
from motion.report import Correction, Report
from motion.shell.atomic import check_target

_NAMED_AT_MOST = 8


@dataclass(frozen=True, eq=False)
class FileCorrection:
    """An input, and the output for its correction."""

    source: MotionFile
    output: Output

    def write(self, motions: Sequence[Motion], reports: Sequence[Report]) -> list[Path]:
        """Write the corrected motions, in the order of the input, and return the files that were written."""
        return self.output.write(self.source.motions.with_motions(motions), reports)


@dataclass(frozen=True, eq=False)
class CorrectedFiles:
    """The result of `correct_files`; motions are in the order of the inputs, and of the motions in each input.

    Attributes:
        sources: the input of each motion.
        ids: the name of each motion.
        frames: the number of frames of each motion.
        reports: the report of each motion.
        written: the files that were written.
        notes: sentences about what was guessed or put right, and about inputs and members that were left out.
        unreadable: the number of inputs and members that were left out because they are missing, damaged or invalid.
    """

    sources: tuple[Path, ...]
    ids: tuple[str, ...]
    frames: tuple[int, ...]
    reports: tuple[Report, ...]
    written: tuple[Path, ...]
    notes: tuple[str, ...]
    unreadable: int

    def documents(self) -> list[dict[str, Any]]:
        """Return the reports as JSON documents, each with the id of its motion and its input."""
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
    progress: ProgressCallback | None = None,
    overwrite: bool = False,
    rig: Path | None = None,
    reading: ReadOptions = DEFAULT_OPTIONS,
) -> CorrectedFiles:
    """Correct the motions in files and write the results.

    All inputs are read, and all outputs checked, before the corrector is opened. Inputs and members that cannot be used
    are left out, unless none remains. Where the corrector fails on the way, the inputs of which every motion was
    finished are written all the same, and a note of the error names them (`BaseException.__notes__`).

    Args:
        inputs: motions, packed sets or HumanML3D folders.
        out: the output path of one input, or a folder for several.
        open_corrector: opens the corrector.
        seed: seed of the correction.
        options: how to correct.
        progress: called with the numbers of motions (done, all).
        overwrite: whether an output may replace an input.
        rig: a `.bvh` file on whose skeleton the results are written; None for that of each input.
        reading: what the user says about the inputs beyond what they say themselves.

    Raises:
        NotFound: no input exists, or no policy has the name in `options`.
        InvalidInput: no input can be read, or none holds a valid motion (named by its id), or `out` cannot be written
            or would replace an input.
        ServiceUnavailable: the corrector is a service that cannot be reached.
    """
    with _planned(inputs, out, overwrite, reading, rig) as (plan, left_out):
        motions = [motion for each in plan for motion in each.source.motions]
        corrector = open_corrector()
        try:
            corrections = corrector.correct(motions, seed, options, progress)
        except PlumbError as error:
            failure = _with_ids(error, [motion.name or "" for motion in motions])
            if error.finished:
                failure.add_note(
                    _finished_note(len(error.finished), len(motions), _write_complete(plan, error.finished))
                )
            raise failure from error.__cause__
        written = _write_complete(plan, dict(enumerate(corrections)))
    return CorrectedFiles(
        sources=tuple(each.source.path for each in plan for _ in each.source.motions),
        ids=tuple(motion.name or "" for motion in motions),
        frames=tuple(len(motion) for motion in motions),
        reports=tuple(correction.report for correction in corrections),
        written=tuple(written),
        notes=(
            *left_out,
            *(note for each in plan for note in (*each.source.named_notes(), *each.output.named_notes())),
        ),
        unreadable=len(left_out) + sum(each.source.unreadable for each in plan),
    )


def _read_valid(inputs: Sequence[Path], reading: ReadOptions) -> tuple[list[MotionFile], list[str]]:
    """Read the inputs, and return those that hold motions which can be corrected, and sentences about the others."""
    from sim_server.control_rate import check_correctable

    files, left_out = read_each(inputs, options=reading)
    valid: list[MotionFile] = []
    errors: list[PlumbError] = []
    for file in files:
        try:
            valid.append(keep_valid(file, check_correctable))
        except InvalidInput as error:
            errors.append(error)
    if not valid:
        raise errors[0]
    return valid, [*left_out, *(f"left out: {error}" for error in errors)]


@contextmanager
def _planned(
    inputs: Sequence[Path], out: Path, overwrite: bool, reading: ReadOptions, rig: Path | None
) -> Iterator[tuple[list[FileCorrection], list[str]]]:
    """Plan the output of every input that can be used, and yield sentences about the others as well.

    A folder that is made for the outputs is removed after a failure.
    """
    sources, left_out = _read_valid(inputs, reading)
    skeleton = read_rig(rig) if rig is not None else None
    made = len(inputs) > 1 and not is_pattern(out) and not out.is_dir()
    if made:
        check_target(out)
        out.mkdir()
    try:
        plan = [FileCorrection(source, output_for(source, out, rig=skeleton)) for source in sources]
        _check_distinct(plan)
        for each in plan:
            check_output(each.output, [*inputs, *([rig] if rig is not None else [])], overwrite)
        yield plan, left_out
    except BaseException:
        if made and not any(out.iterdir()):
            out.rmdir()
        raise


def _write_complete(plan: Sequence[FileCorrection], corrections: Mapping[int, Correction]) -> list[Path]:
    """Write the outputs of which every motion was corrected, and return the files that were written.

    Args:
        plan: the inputs and their outputs.
        corrections: corrections by the index of their motion among those of all inputs.
    """
    written: list[Path] = []
    start = 0
    for each in plan:
        indices = range(start, start := start + len(each.source.motions))
        if all(index in corrections for index in indices):
            mine = [corrections[index] for index in indices]
            written += each.write([c.motion for c in mine], [c.report for c in mine])
    return written


def _check_distinct(plan: Sequence[FileCorrection]) -> None:
    """Refuse two inputs whose outputs would be the same file."""
    taken: dict[Path, Path] = {}
    for each in plan:
        for file in each.output.files:
            other = taken.setdefault(file, each.source.path)
            if other is not each.source.path:
                raise InvalidInput.of(str(each.source.path), f"would be written to {file}, like {other}")


def _finished_note(finished: int, count: int, written: Sequence[Path]) -> str:
    if written:
        what = f"those of whole inputs are written to {', '.join(map(str, written))}"
    else:
        what = "but no input is whole; a run that writes shards (--shard-size) goes on where it ended"
    return f"{finished} of {count} motions were finished before that, {what}"


def _with_ids(error: PlumbError, ids: Sequence[str]) -> PlumbError:
    """Return the error with the ids of motions instead of their indices, for the first few of them."""
    if not isinstance(error, InvalidInput):
        return error
    named = []
    for violation in error.violations:
        match = re.match(r"motions\[(\d+)\]\.?", violation.field)
        field = f"{ids[int(match[1])]} {violation.field[match.end() :]}".rstrip() if match else violation.field
        named.append(Violation(field, violation.description))
    more = len(named) - _NAMED_AT_MOST
    return InvalidInput(named[:_NAMED_AT_MOST] + ([Violation(f"and {more} more", "refused too")] if more > 0 else []))
