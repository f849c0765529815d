"""Packed sets are read as they were written, and broken ones are refused with the reason."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from swaying_body import swaying_set

from motion.errors import InvalidInput, NotFound
from motion.formats.packed import PackedPaths, read_packed, read_reports, write_packed
from motion.motion_set import MotionSet
from motion.report import PhysicalErrors, Report

ERRORS = PhysicalErrors(1.0, 2.0, 3.0, 6.0, 0.1, 50.0, 4.0)
REPORT = Report("OK", 1.0, 20.0, 15.0, ERRORS, ERRORS, 5.0, 9.0, 1.0, 0.0, 1, "base", "3.17.0", 0, 0.2)


def bytes_of(paths: PackedPaths) -> list[bytes]:
    return [file.read_bytes() for file in (paths.arrays, paths.lines)]


@pytest.mark.parametrize("name", ["set", "set.npz", "set.v2"])
def test_a_packed_set_is_read_as_it_was_written(tmp_path: Path, name: str):
    motions = swaying_set()
    paths = write_packed(tmp_path / name, motions)
    again = read_packed(tmp_path / name)
    assert again.content_id() == motions.content_id()
    assert again.captions == motions.captions and again.metadata == motions.metadata
    assert [motion.fps for motion in again] == [20.0, 30.0, 20.0]
    assert bytes_of(write_packed(tmp_path / "second", again)) == bytes_of(paths)


def test_real_sets_are_unchanged_after_reading_and_writing(data_dir: Path, tmp_path: Path):
    motions = read_packed(data_dir / "generated")
    write_packed(tmp_path / "again", motions)
    again = read_packed(tmp_path / "again")
    assert again.content_id() == motions.content_id() and again.metadata == motions.metadata


def test_an_empty_set_can_be_written_and_read(tmp_path: Path):
    write_packed(tmp_path / "none", MotionSet((), ()))
    assert len(read_packed(tmp_path / "none")) == 0


def test_reports_are_written_beside_the_set_and_removed_with_it(tmp_path: Path):
    motions = swaying_set()
    paths = write_packed(tmp_path / "set", motions, [REPORT] * 3)
    assert json.loads(paths.reports.read_text().splitlines()[1])["id"] == "sway_1"
    assert read_reports(tmp_path / "set") == dict.fromkeys(motions.ids, REPORT)
    write_packed(tmp_path / "set", motions)
    assert not paths.reports.exists(), "reports of another set must not stay beside this one"
    with pytest.raises(NotFound):
        read_reports(tmp_path / "set")
    with pytest.raises(InvalidInput, match="one for each motion"):
        write_packed(tmp_path / "set", motions, [REPORT])


def test_captions_are_optional(tmp_path: Path):
    paths = write_packed(tmp_path / "set", swaying_set())
    paths.lines.unlink()
    assert read_packed(tmp_path / "set").captions == ((), (), ())


def _rewrite(paths: PackedPaths, **changed: np.ndarray) -> None:
    with np.load(paths.arrays) as archive:
        arrays = {key: archive[key] for key in archive.files} | changed
    np.savez(paths.arrays, **{key: value for key, value in arrays.items() if value is not None})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"offsets": np.array([0, 50, 40, 141])}, "offsets"),
        ({"offsets": np.array([0, 40, 87, 140])}, "to 141, the number of frames"),
        ({"offsets": np.array([0, 141])}, "4 integers"),
        ({"ids": np.array([1, 2, 3])}, "list of strings"),
        ({"ids": np.array(["a", "a", "b"])}, "sway_0"),
        ({"positions": np.zeros((141, 24, 3))}, r"\(141, 24, 3\)"),
        ({"positions": None}, "lacks positions"),
        ({"ids": np.array([b"a", b"b", b"\xff"])}, "UTF-8"),
    ],
)
def test_inconsistent_arrays_are_refused(tmp_path: Path, changed: dict, message: str):
    paths = write_packed(tmp_path / "set", swaying_set())
    _rewrite(paths, **changed)
    with pytest.raises(InvalidInput, match=message) as refusal:
        read_packed(tmp_path / "set")
    assert str(tmp_path / "set") in str(refusal.value)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda text: text[:-5], "line 3.*truncated"),
        (lambda text: text.split("\n", 1)[1], "2 lines; must have 3"),
        (lambda text: text.replace("sway_1", "other"), "line 2.*'other'"),
        (lambda text: text.replace('"fps": 30.0', '"fps": -1'), "line 2.*fps is -1"),
        (lambda text: text.replace('"fps": 30.0', '"fps": 1' + 400 * "0"), "line 2.*positive number"),
        (lambda text: text.replace('"captions": []', '"captions": ["\\ud800"]'), "line 2.*surrogates"),
        (lambda text: "[]\n" + text.split("\n", 1)[1], "line 1.*JSON object"),
        (lambda text: text.replace('"captions": []', '"captions": "x"'), "line 2.*list of strings"),
    ],
)
def test_broken_json_lines_are_refused(tmp_path: Path, edit, message: str):
    paths = write_packed(tmp_path / "set", swaying_set())
    paths.lines.write_text(edit(paths.lines.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(InvalidInput, match=message):
        read_packed(tmp_path / "set")


@pytest.mark.parametrize("kept", [0, 10, 1000, -300])
def test_a_truncated_archive_is_refused(tmp_path: Path, kept: int):
    paths = write_packed(tmp_path / "set", swaying_set())
    paths.arrays.write_bytes(paths.arrays.read_bytes()[:kept])
    with pytest.raises(InvalidInput, match=r"set\.npz"):
        read_packed(tmp_path / "set")


def test_pickles_are_never_opened(tmp_path: Path):
    np.savez(tmp_path / "set.npz", positions=np.array([{}], dtype=object), offsets=np.array([0]), ids=np.array(["a"]))
    with pytest.raises(InvalidInput, match="lacks positions"):
        read_packed(tmp_path / "set")


def test_the_error_about_a_missing_set_lists_the_sets_in_the_folder(tmp_path: Path):
    write_packed(tmp_path / "set", swaying_set())
    with pytest.raises(NotFound, match=r"set\.npz"):
        read_packed(tmp_path / "sett")
