"""What is written when the corrector of files fails on the way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from motion.errors import InvalidInput, PlumbError, ServiceUnavailable
from motion.formats.files import read_motions
from motion.formats.packed import write_packed
from motion.motion_set import MotionSet
from motion.report import Correction
from sim_server.file_correction import correct_files


class FailingCorrector(SmoothingCorrector):
    """Corrects all motions but those of some indices, and then fails."""

    def __init__(self, error: PlumbError, unfinished: Sequence[int]):
        super().__init__()
        self._error, self._unfinished = error, unfinished

    def correct(self, *arguments: Any, **named: Any) -> list[Correction]:
        done = enumerate(super().correct(*arguments, **named))
        self._error.finished = {index: each for index, each in done if index not in self._unfinished}
        raise self._error


def sets(folder: Path) -> list[Path]:
    """Return two sets of two motions each."""
    for name in ("one", "two"):
        motions = tuple(sway(16, seed, name=f"{name}{seed}") for seed in range(2))
        write_packed(folder / name, MotionSet(motions, (("sways",),) * 2))
    return [folder / "one", folder / "two"]


def test_inputs_that_were_finished_before_an_error_are_written(tmp_path: Path) -> None:
    failing = FailingCorrector(ServiceUnavailable("it went away"), unfinished=[3])
    with pytest.raises(ServiceUnavailable, match="it went away") as failed:
        correct_files(sets(tmp_path), tmp_path / "out", lambda: failing)
    with_all = correct_files(sets(tmp_path), tmp_path / "all", SmoothingCorrector)
    (note,) = failed.value.__notes__
    assert note.startswith("3 of 4 motions were finished before that, those of whole inputs are written to ")
    written = {file.relative_to(tmp_path / "out") for file in (tmp_path / "out").rglob("*")}
    assert written and all("one" in file.name for file in written)
    assert written == {file.relative_to(tmp_path / "all") for file in with_all.written if "one" in file.name}
    ours, wanted = (read_motions(tmp_path / name / "one.npz").motions for name in ("out", "all"))
    assert [motion.positions.tobytes() for motion in ours] == [motion.positions.tobytes() for motion in wanted]


def test_nothing_is_left_where_no_input_was_finished(tmp_path: Path) -> None:
    failing = FailingCorrector(ServiceUnavailable("it went away"), unfinished=[1, 2])
    with pytest.raises(ServiceUnavailable) as failed:
        correct_files(sets(tmp_path), tmp_path / "out", lambda: failing)
    assert "2 of 4 motions were finished before that, but no input is whole" in failed.value.__notes__[0]
    assert not (tmp_path / "out").exists()


def test_a_refusal_names_the_motion_and_keeps_what_was_finished(tmp_path: Path) -> None:
    failing = FailingCorrector(InvalidInput.of("motions[2].positions", "are too long"), unfinished=[2])
    with pytest.raises(InvalidInput, match="two0 positions: are too long") as failed:
        correct_files(sets(tmp_path), tmp_path / "out", lambda: failing)
    assert failed.value.__notes__[0].startswith("3 of 4 motions were finished")
