"""`plumb-sim correct --trace`: where traces are written, and what is refused before any work is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway
from synthetic_trace import is_same_trace, synthetic_trace

from motion.errors import InvalidInput
from motion.formats.files import write_motion
from motion.formats.packed import write_packed
from motion.formats.trace_file import load_trace
from motion.motion_set import MotionSet
from sim_server.commands.trace_files import trace_files

Run = Callable[..., tuple[int, str, str]]


def test_one_motion_has_its_trace_in_the_file_that_is_named(tmp_path: Path, run: Run, smoothing: object) -> None:
    write_motion(tmp_path / "walk.bvh", sway(24))
    trace = tmp_path / "trace.npz"
    status, _, stderr = run("correct", tmp_path / "walk.bvh", "--out", tmp_path / "out.bvh", "--trace", trace)
    assert status == 0 and f"1 trace written to {trace}" in stderr
    assert is_same_trace(load_trace(trace), synthetic_trace(23, 0))


def test_several_motions_have_a_folder_with_a_file_for_each(
    packed: Path, tmp_path: Path, run: Run, smoothing: object
) -> None:
    folder = tmp_path / "traces"
    assert run("correct", packed, "--out", tmp_path / "out", "--trace", folder)[0] == 0
    assert sorted(file.name for file in folder.iterdir()) == ["clip_0.npz", "clip_1.npz", "clip_2.npz"]
    assert is_same_trace(load_trace(folder / "clip_2.npz"), synthetic_trace(21, 0))


def test_the_corrected_files_do_not_depend_on_the_trace(
    packed: Path, tmp_path: Path, run: Run, smoothing: object
) -> None:
    run("correct", packed, "--out", tmp_path / "plain")
    run("correct", packed, "--out", tmp_path / "traced", "--trace", tmp_path / "traces")
    for suffix in (".npz", ".jsonl", ".reports.jsonl"):
        assert (tmp_path / f"plain{suffix}").read_bytes() == (tmp_path / f"traced{suffix}").read_bytes()


def test_a_motion_without_a_trace_is_named_and_sets_exit_status_1(tmp_path: Path, run: Run, smoothing: object) -> None:
    motions = tuple(sway(24, seed, name=name) for seed, name in enumerate(["stands", "untraced"]))
    write_packed(tmp_path / "set", MotionSet(motions, ((), ())))
    status, _, stderr = run("correct", tmp_path / "set", "--out", tmp_path / "out", "--trace", tmp_path / "traces")
    assert status == 1 and "1 trace written" in stderr and "none was made of untraced" in stderr
    assert (tmp_path / "out.npz").exists()


def test_one_file_for_several_motions_is_refused(packed: Path, tmp_path: Path, run: Run, smoothing: object) -> None:
    status, _, stderr = run("correct", packed, "--out", tmp_path / "out", "--trace", tmp_path / "trace.npz")
    assert status == 2 and "is one file for 3 motions; must be the name of a folder" in stderr
    assert not (tmp_path / "trace.npz").exists() and not (tmp_path / "out.npz").exists()


@pytest.mark.parametrize("trace", ["set.npz", "set", "out.npz", "link/set.npz", "missing/trace.npz", "missing/traces"])
def test_paths_that_are_taken_or_cannot_be_written_are_refused_before_the_work(
    trace: str, packed: Path, tmp_path: Path, run: Run, smoothing: list[SmoothingCorrector]
) -> None:
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    before = packed.with_suffix(".npz").read_bytes()
    status, _, stderr = run("correct", packed, "--out", tmp_path / "out", "--trace", tmp_path / trace)
    assert status == 2 and ("must be another one" in stderr or "cannot be written" in stderr)
    assert not smoothing and packed.with_suffix(".npz").read_bytes() == before


def test_a_folder_is_removed_if_nothing_was_traced(tmp_path: Path, run: Run, smoothing: object) -> None:
    write_packed(tmp_path / "set", MotionSet((sway(24, name="untraced"),), ((),)))
    assert run("correct", tmp_path / "set", "--out", tmp_path / "out", "--trace", tmp_path / "traces")[0] == 1
    assert not (tmp_path / "traces").exists()


def test_names_become_distinct_names_of_files_inside_the_folder() -> None:
    files = trace_files(Path("traces"), ["a/b", "a b", "../up", "..", "ä.b", ""])
    assert len(set(files)) == len(files) and {file.parent for file in files} == {Path("traces")}
    assert [file.name for file in files[:2]] == ["a_b.npz", "a_b-2.npz"]
    with pytest.raises(InvalidInput, match="--trace"):
        trace_files(Path("trace.npz"), ["a", "b"])
