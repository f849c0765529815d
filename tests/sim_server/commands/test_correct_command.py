"""`plumb-sim correct`: what it writes, and what it refuses with one sentence before the work."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from server_process import ServerProcess
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from motion.formats.files import read_file, write_motion
from motion.formats.packed import read_packed, read_reports, write_packed
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.report import Report

Run = Callable[..., tuple[int, str, str]]


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_a_server_and_this_process_write_the_same_files(
    server: ServerProcess, packed: Path, tmp_path: Path, run: Run
) -> None:
    write_motion(tmp_path / "walk.bvh", sway(24, 7))
    outputs = []
    for name, more in (("here", ()), ("there", ("--server", server.address))):
        folder = tmp_path / name
        folder.mkdir()
        status, text, _ = run("correct", packed, "--out", folder / "set", "--json", *more)
        assert status == 0
        assert run("correct", tmp_path / "walk.bvh", "--out", folder / "fixed.bvh", *more)[0] == 0
        outputs.append((text, files_in(folder)))
    assert outputs[0] == outputs[1]
    assert sorted(outputs[0][1]) == ["fixed.bvh", "set.jsonl", "set.npz", "set.reports.jsonl"]


def test_a_set_keeps_ids_order_lengths_and_captions_and_gets_reports(
    packed: Path, tmp_path: Path, run: Run, smoothing: object
) -> None:
    status, text, stderr = run("correct", packed, "--out", tmp_path / "out.npz", "--json", "--seed", 3)
    assert status == 0
    before, after, reports = read_packed(packed), read_packed(tmp_path / "out"), read_reports(tmp_path / "out")
    assert after.ids == before.ids == list(reports)
    assert [(len(m), m.fps) for m in after] == [(len(m), m.fps) for m in before]
    assert after.captions == before.captions
    document = json.loads(text)
    assert set(document) == {"reports", "summary"}
    assert [report["id"] for report in document["reports"]] == before.ids
    for line in document["reports"]:
        fields = {key: value for key, value in line.items() if key not in ("id", "source")}
        assert Report.from_json(fields) == reports[line["id"]]
        assert fields["seed"] == 3
    assert document["summary"]["motions"] == 3 and document["summary"]["failed"] == 0
    assert document["summary"]["left_out"] == []
    assert all(name in stderr for name in before.ids)


@pytest.mark.parametrize("name", ["walk.bvh", "walk.npy", "walk.npz"])
def test_one_motion_is_written_in_the_format_of_its_suffix(
    name: str, tmp_path: Path, run: Run, smoothing: object
) -> None:
    write_motion(tmp_path / name, sway(24))
    status, text, _ = run("correct", tmp_path / name, "--out", tmp_path / f"fixed{Path(name).suffix}")
    assert status == 0 and not text
    after = read_file(tmp_path / f"fixed{Path(name).suffix}")
    assert after.single and len(after.motions.motions[0]) == 24


def test_several_inputs_are_written_into_a_folder(packed: Path, tmp_path: Path, run: Run, smoothing: object) -> None:
    write_motion(tmp_path / "a.bvh", sway(24, 1))
    write_motion(tmp_path / "b.npy", sway(24, 2))
    status, text, _ = run(
        "correct", tmp_path / "a.bvh", packed, tmp_path / "b.npy", "--out", tmp_path / "out", "--json"
    )
    assert status == 0
    assert sorted(files_in(tmp_path / "out")) == ["a.bvh", "b.npy", "set.jsonl", "set.npz", "set.reports.jsonl"]
    reports = json.loads(text)["reports"]
    assert [Path(report["source"]).name for report in reports] == ["a.bvh", *["set.npz"] * 3, "b.npy"]


def test_inputs_of_the_same_name_are_refused(tmp_path: Path, run: Run, smoothing: list[SmoothingCorrector]) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_motion(tmp_path / folder / "a.bvh", sway(24))
    status, _, stderr = run("correct", tmp_path / "one/a.bvh", tmp_path / "two/a.bvh", "--out", tmp_path / "out")
    assert status == 2 and "would be written to" in stderr
    assert not smoothing and not (tmp_path / "out").exists()
    _set_with(tmp_path / "two", sway(24))
    write_motion(tmp_path / "one" / "set.npz", sway(24))
    status, _, stderr = run("correct", tmp_path / "one/set.npz", tmp_path / "two/set.npz", "--out", tmp_path / "out")
    assert status == 2 and "would be written to" in stderr
    assert not smoothing and not (tmp_path / "out").exists()


def test_members_of_a_folder_that_cannot_be_read_are_named(tmp_path: Path, run: Run, smoothing: object) -> None:
    folder = tmp_path / "HumanML3D"
    for name in ("new_joints", "texts"):
        (folder / name).mkdir(parents=True)
    for name in ("a", "b"):
        np.save(folder / "new_joints" / f"{name}.npy", sway(50).positions)
    (folder / "texts" / "a.txt").write_text("sways#sway/VERB#0.0#0.0\n")
    status, _, stderr = run("correct", folder, "--out", tmp_path / "out")
    assert status == 1 and "no text file: b" in stderr
    assert read_packed(tmp_path / "out").ids == ["a"]


def test_a_failed_motion_is_written_and_sets_exit_status_1(tmp_path: Path, run: Run, smoothing: object) -> None:
    motions = tuple(sway(24, seed, name=name) for seed, name in enumerate(["stands", "falls"]))
    write_packed(tmp_path / "set", MotionSet(motions, ((), ())))
    status, text, stderr = run("correct", tmp_path / "set", "--out", tmp_path / "out", "--json")
    assert status == 1
    assert read_reports(tmp_path / "out")["falls"].status == "FAILED"
    assert json.loads(text)["summary"]["failed"] == 1
    assert stderr.splitlines()[1].split()[:2] == ["falls", "FAILED"]


def _set_with(folder: Path, *motions: Motion) -> Path:
    write_packed(folder / "set", MotionSet(motions, ((),) * len(motions)))
    return folder / "set"


def test_invalid_motions_of_a_set_are_named_by_id(tmp_path: Path, run: Run) -> None:
    bad = sway(24, name="bad one")
    bad.positions[3, 2, 1] = np.nan
    source = _set_with(tmp_path, sway(24, name="good"), bad, sway(2, name="short"))
    before = files_in(tmp_path)
    status, text, stderr = run("correct", source, "--out", tmp_path / "out", "--json")
    assert status == 2 and not text
    assert "bad one positions: is nan at frame 3" in stderr and "short positions: has 2 frames" in stderr
    assert "good" not in stderr and stderr.count("\n") == 1
    assert files_in(tmp_path) == before


def test_of_many_invalid_motions_the_first_few_are_named(tmp_path: Path, run: Run) -> None:
    source = _set_with(tmp_path, *(sway(2, name=f"m{i}") for i in range(30)))
    status, _, stderr = run("correct", source, "--out", tmp_path / "out")
    assert status == 2 and "and 22 more" in stderr and "m29" not in stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--policy", "no-such"), "no policy 'no-such'"),
        (("--assist", "lots"), "must be auto, none or a number"),
        (("--assist", "-5"), "not negative"),
        (("--server", "nowhere"), "must be HOST:PORT"),
        (("--effort", "5"), "from 1 to 4"),
    ],
)
def test_a_wrong_argument_is_refused_with_one_sentence(
    arguments: tuple[str, ...], expected: str, packed: Path, tmp_path: Path, run: Run
) -> None:
    status, text, stderr = run("correct", packed, "--out", tmp_path / "out", *arguments)
    assert status == 2 and not text and expected in stderr and stderr.count("\n") == 1
    assert not (tmp_path / "out.npz").exists()


def test_a_wrong_input_is_refused_with_one_sentence(
    tmp_path: Path, run: Run, smoothing: list[SmoothingCorrector]
) -> None:
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04 and then nothing")
    empty = _set_with(tmp_path)
    status, _, stderr = run("correct", "--out", tmp_path / "out")
    assert status == 2 and "names no file" in stderr
    for source, expected in (
        (tmp_path / "cut.npz", "cut.npz"),
        (tmp_path / "missing.bvh", "does not exist"),
        (empty, "holds no motions"),
    ):
        status, _, stderr = run("correct", source, "--out", tmp_path / "out")
        assert status == 2 and expected in stderr and stderr.count("\n") == 1
    assert not smoothing


def test_an_output_that_cannot_be_written_is_refused_before_the_work(
    packed: Path, tmp_path: Path, run: Run, smoothing: list[SmoothingCorrector]
) -> None:
    for out in (tmp_path / "no/such/folder/out", tmp_path / "set.jsonl/out"):
        status, _, stderr = run("correct", packed, "--out", out)
        assert status == 2 and "cannot be written" in stderr
    assert not smoothing


def test_a_missing_server_is_reported_with_one_sentence(packed: Path, tmp_path: Path, run: Run) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    before = files_in(tmp_path)
    status, _, stderr = run("correct", packed, "--out", tmp_path / "out", "--server", address)
    assert status == 2 and f"there is no sim server at {address}" in stderr and stderr.count("\n") == 1
    assert files_in(tmp_path) == before


@pytest.mark.parametrize("name", ["fixed.glb", "fixed.fbx", "set.json"])
def test_an_unknown_output_format_is_refused_before_the_work(
    name: str, tmp_path: Path, run: Run, smoothing: list[SmoothingCorrector]
) -> None:
    write_motion(tmp_path / "walk.bvh", sway(24))
    status, _, stderr = run("correct", tmp_path / "walk.bvh", "--out", tmp_path / name)
    assert status == 2 and "must end in .bvh, .npy or .npz" in stderr and stderr.count("\n") == 1
    assert not smoothing


@pytest.mark.parametrize("source", ["walk.bvh", "set"])
def test_an_input_is_only_replaced_with_overwrite(
    source: str, packed: Path, tmp_path: Path, run: Run, smoothing: list[SmoothingCorrector]
) -> None:
    write_motion(tmp_path / "walk.bvh", sway(24))
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    before = files_in(tmp_path)
    for out in (tmp_path / source, tmp_path / "link" / source):
        status, _, stderr = run("correct", tmp_path / source, "--out", out)
        assert status == 2 and "--overwrite" in stderr and stderr.count("\n") == 1
    assert not smoothing and files_in(tmp_path) == before
    assert run("correct", tmp_path / source, "--out", tmp_path / source, "--overwrite")[0] == 0
    assert len(smoothing) == 1 and files_in(tmp_path) != before


def test_several_inputs_are_not_written_over_themselves(
    tmp_path: Path, run: Run, smoothing: list[SmoothingCorrector]
) -> None:
    for name in ("a.bvh", "b.bvh"):
        write_motion(tmp_path / name, sway(24))
    status, _, stderr = run("correct", tmp_path / "a.bvh", tmp_path / "b.bvh", "--out", tmp_path)
    assert status == 2 and "--overwrite" in stderr
    assert not smoothing
