"""The traces of `plumb-sim correct`: a corrector that writes one file for each motion that it corrects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from motion.errors import InvalidInput
from motion.formats.packed import PackedPaths
from motion.formats.trace_file import save_trace
from motion.motion import Motion
from motion.protocols import CorrectionOptions, Corrector, CorrectorInfo, ProgressCallback
from motion.report import Correction
from motion.shell.atomic import check_target

_SUFFIX = ".npz"
_NAMED_AT_MOST = 8


def check_trace_path(path: Path, inputs: Sequence[Path], out: Path) -> None:
    """Refuse a path for traces that belongs to an input or to the corrected motions.

    Args:
        path: a file that ends in .npz, or a folder.
        inputs: the paths that are read.
        out: the path of the corrected motions.

    Raises:
        InvalidInput: the path is one of these, or the file cannot be written.
    """
    taken = [file for each in (*inputs, out) for file in (each, PackedPaths.of(each).arrays)]
    if path.resolve() in {file.resolve() for file in taken}:
        raise InvalidInput.of("--trace", f"{path} is the path of an input or of the output; must be another one")
    if path.suffix == _SUFFIX or not path.is_dir():
        check_target(path)


class TracingCorrector:
    """Corrects as another corrector does, and writes the trace of each motion.

    Args:
        corrector: what corrects.
        path: an .npz file for one motion, or a folder for any number of them.

    Attributes:
        without_trace: the names of motions that have no trace: nothing was simulated, or the server is older than
            traces.
    """

    def __init__(self, corrector: Corrector, path: Path):
        self._corrector = corrector
        self._path = path
        self._written: list[Path] = []
        self.without_trace: list[str] = []

    def describe(self) -> CorrectorInfo:
        """Return the description of the corrector."""
        return self._corrector.describe()

    def correct(
        self,
        motions: Sequence[Motion | np.ndarray],
        seed: int = 0,
        options: CorrectionOptions | None = None,
        progress: ProgressCallback | None = None,
    ) -> list[Correction]:
        """Correct motions and write their traces; see `motion.protocols.Corrector.correct`.

        Raises:
            InvalidInput: as there, or a file cannot hold the traces of several motions, or cannot be written.
        """
        names = [(motion.name if isinstance(motion, Motion) else None) or "motion" for motion in motions]
        files = trace_files(self._path, names)
        made = self._path.suffix != _SUFFIX and not self._path.exists()
        if made:
            self._path.mkdir()
        try:
            traced = replace(options or CorrectionOptions(), trace=True)
            corrections = self._corrector.correct(motions, seed, traced, progress)
            for name, file, correction in zip(names, files, corrections, strict=True):
                if correction.trace is None:
                    self.without_trace.append(name)
                else:
                    save_trace(file, correction.trace)
                    self._written.append(file)
        finally:
            if made and not any(self._path.iterdir()):
                self._path.rmdir()
        return corrections

    def describe_files(self) -> str:
        """Say in a sentence how many traces were written, and which motions have none."""
        sentence = f"{len(self._written)} trace{'' if len(self._written) == 1 else 's'} written to {self._path}"
        if self.without_trace:
            named = ", ".join(self.without_trace[:_NAMED_AT_MOST])
            more = ", ..." if len(self.without_trace) > _NAMED_AT_MOST else ""
            sentence += f"; none was made of {named}{more}"
        return sentence


def trace_files(path: Path, names: Sequence[str]) -> list[Path]:
    """Return the file of each motion's trace.

    In a folder it has the name of the motion, with "_" for what may not stand in a file name; equal names get numbers.

    Args:
        path: a file that ends in .npz, or a folder.
        names: the names of the motions.

    Raises:
        InvalidInput: a file is given for several motions.
    """
    if path.suffix == _SUFFIX:
        if len(names) > 1:
            reason = f"{path} is one file for {len(names)} motions; must be the name of a folder, without {_SUFFIX}"
            raise InvalidInput.of("--trace", reason)
        return [path] * len(names)
    files: list[Path] = []
    for name in names:
        stem = re.sub(r"[^\w.-]+", "_", name).lstrip(".") or "motion"
        number = 1
        while (file := path / f"{stem}{f'-{number}' if number > 1 else ''}{_SUFFIX}") in files:
            number += 1
        files.append(file)
    return files
