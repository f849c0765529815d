"""Files are written completely or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from motion.errors import InvalidInput
from motion.shell.atomic import atomic_group, atomic_path, check_target


def test_a_finished_block_replaces_the_file(tmp_path: Path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with atomic_path(target) as temporary:
        assert temporary.suffix == ".txt" and temporary.parent == tmp_path
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new" and os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_in_the_block_leaves_the_old_file(tmp_path: Path, error: type[BaseException]):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(error), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise error
    assert target.read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]


def test_a_group_never_mixes_old_and_new_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    lines, arrays = tmp_path / "a.jsonl", tmp_path / "a.npz"
    lines.write_text("old")
    arrays.write_text("old")
    replace, seen = os.replace, []

    def replace_and_look(source, target):
        replace(source, target)
        seen.append({file.name: file.read_text() for file in (lines, arrays) if file.exists()})

    monkeypatch.setattr(os, "replace", replace_and_look)
    with atomic_group([lines, arrays]) as (new_lines, new_arrays):
        new_lines.write_text("new")
        new_arrays.write_text("new")
    assert seen == [{"a.jsonl": "new"}, {"a.jsonl": "new", "a.npz": "new"}]


def test_a_file_of_a_group_that_is_not_written_is_removed(tmp_path: Path):
    reports, arrays = tmp_path / "a.reports.jsonl", tmp_path / "a.npz"
    reports.write_text("old")
    with atomic_group([reports, arrays]) as (_, new_arrays):
        new_arrays.write_text("new")
    assert os.listdir(tmp_path) == ["a.npz"]


def test_paths_that_cannot_be_written_are_refused(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="does not exist"):
        check_target(tmp_path / "missing" / "a.npz")
    with pytest.raises(InvalidInput, match="is not a folder"):
        check_target(tmp_path / "file" / "a.npz")
    with pytest.raises(InvalidInput, match="it is a folder"):
        check_target(tmp_path)


def test_a_full_disk_is_reported_in_one_sentence(tmp_path: Path):
    with (
        pytest.raises(InvalidInput, match=r"a\.npz: cannot be written: No space left"),
        atomic_path(tmp_path / "a.npz"),
    ):
        raise OSError(28, "No space left on device")
