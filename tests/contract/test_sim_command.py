"""`plumb-sim correct` and `serve`: the same files from here and from a server, and one sentence for what is wrong."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from server_process import ServerProcess
from smoothing_corrector import SmoothingCorrector
from standing_body import sway

import sim_server.corrector
from motion.formats.files import read_file, write_motion
from motion.formats.packed import read_packed, read_reports, write_packed
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.report import Correction, Report
from sim_server.cli import main


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """`plumb-sim serve` itself, in a process of its own."""
    announce = tmp_path_factory.mktemp("serve") / "address"
    command = [sys.executable, "-m", "sim_server", "serve", "--listen", "127.0.0.1:0", "--announce", str(announce)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    yield ServerProcess(process, announce)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0 and "Traceback" not in errors


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    motions = [sway(20 + seed, seed, caption=f"sway {seed}", name=f"clip/{seed}") for seed in range(3)]
    motions[1] = replace(motions[1], fps=30.0)
    write_packed(tmp_path / "set", MotionSet(tuple(motions), tuple((str(m.caption), "sways") for m in motions)))
    return tmp_path / "set"


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `plumb-sim` here; gives its status, its output and what it said on standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


@pytest.fixture
def smoothing(monkeypatch: pytest.MonkeyPatch) -> list[SmoothingCorrector]:
    """Has the command smooth instead of simulate; fails motions called `falls`. The correctors that it opened."""
    opened: list[SmoothingCorrector] = []

    class Smoothing(SmoothingCorrector):
        def __init__(self, policy: str = "", threads: int = 0):
            super().__init__()
            opened.append(self)

        def correct(self, *arguments: object, **named: object) -> list[Correction]:
            corrections = super().correct(*arguments, **named)  # pyright: ignore[reportArgumentType]
            return [
                replace(c, report=replace(c.report, status="FAILED", completed=0.5)) if c.motion.name == "falls" else c
                for c in corrections
            ]

        def __enter__(self) -> SmoothingCorrector:
            return self

        def __exit__(self, *_: object) -> None:
            self.close()

    monkeypatch.setattr(sim_server.corrector, "Corrector", Smoothing)
    return opened


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_a_server_and_this_process_write_the_same_bytes(
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


def test_a_set_keeps_ids_order_lengths_captions_and_gets_reports(
    packed: Path, tmp_path: Path, run: Run, smoothing: object
) -> None:
    status, text, said = run("correct", packed, "--out", tmp_path / "out.npz", "--json", "--seed", 3)
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
    assert all(name in said for name in before.ids)


@pytest.mark.parametrize("name", ["walk.bvh", "walk.npy", "walk.npz"])
def test_one_motion_stays_what_it_was(name: str, tmp_path: Path, run: Run, smoothing: object) -> None:
    write_motion(tmp_path / name, sway(24))
    status, text, _ = run("correct", tmp_path / name, "--out", tmp_path / f"fixed{Path(name).suffix}")
    assert status == 0 and not text
    after = read_file(tmp_path / f"fixed{Path(name).suffix}")
    assert after.single and len(after.motions.motions[0]) == 24


def test_several_inputs_go_into_a_folder(packed: Path, tmp_path: Path, run: Run, smoothing: object) -> None:
    write_motion(tmp_path / "a.bvh", sway(24, 1))
    write_motion(tmp_path / "b.npy", sway(24, 2))
    status, text, _ = run(
        "correct", tmp_path / "a.bvh", packed, tmp_path / "b.npy", "--out", tmp_path / "out", "--json"
    )
    assert status == 0
    assert sorted(files_in(tmp_path / "out")) == ["a.bvh", "b.npy", "set.jsonl", "set.npz", "set.reports.jsonl"]
    reports = json.loads(text)["reports"]
    assert [Path(report["source"]).name for report in reports] == ["a.bvh", *["set.npz"] * 3, "b.npy"]


def test_inputs_of_one_name_do_not_overwrite_each_other(tmp_path: Path, run: Run, smoothing: list[object]) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_motion(tmp_path / folder / "a.bvh", sway(24))
    status, _, said = run("correct", tmp_path / "one/a.bvh", tmp_path / "two/a.bvh", "--out", tmp_path / "out")
    assert status == 2 and "would be written where" in said
    assert not smoothing and not (tmp_path / "out").exists()
    _set_with(tmp_path / "two", sway(24))
    write_motion(tmp_path / "one" / "set.npz", sway(24))
    status, _, said = run("correct", tmp_path / "one/set.npz", tmp_path / "two/set.npz", "--out", tmp_path / "out")
    assert status == 2 and "would be written where" in said
    assert not smoothing and not (tmp_path / "out").exists()


def test_members_of_a_folder_that_cannot_be_read_are_said(tmp_path: Path, run: Run, smoothing: object) -> None:
    folder = tmp_path / "HumanML3D"
    for name in ("new_joints", "texts"):
        (folder / name).mkdir(parents=True)
    for name in ("a", "b"):
        np.save(folder / "new_joints" / f"{name}.npy", sway(50).positions)
    (folder / "texts" / "a.txt").write_text("sways#sway/VERB#0.0#0.0\n")
    status, _, said = run("correct", folder, "--out", tmp_path / "out")
    assert status == 1 and "no text file: b" in said
    assert read_packed(tmp_path / "out").ids == ["a"]


def test_a_motion_that_fails_is_written_and_makes_status_1(tmp_path: Path, run: Run, smoothing: object) -> None:
    motions = tuple(sway(24, seed, name=name) for seed, name in enumerate(["stands", "falls"]))
    write_packed(tmp_path / "set", MotionSet(motions, ((), ())))
    status, text, said = run("correct", tmp_path / "set", "--out", tmp_path / "out", "--json")
    assert status == 1
    assert read_reports(tmp_path / "out")["falls"].status == "FAILED"
    assert json.loads(text)["summary"]["failed"] == 1
    assert said.splitlines()[1].split()[:2] == ["falls", "FAILED"]


def _set_with(folder: Path, *motions: Motion) -> Path:
    write_packed(folder / "set", MotionSet(motions, ((),) * len(motions)))
    return folder / "set"


def test_a_set_with_something_that_is_no_motion_is_refused_by_id(tmp_path: Path, run: Run) -> None:
    bad = sway(24, name="bad one")
    bad.positions[3, 2, 1] = np.nan
    source = _set_with(tmp_path, sway(24, name="good"), bad, sway(2, name="short"))
    before = files_in(tmp_path)
    status, text, said = run("correct", source, "--out", tmp_path / "out", "--json")
    assert status == 2 and not text
    assert "bad one positions: is nan at frame 3" in said and "short positions: has 2 frames" in said
    assert "good" not in said and said.count("\n") == 1
    assert files_in(tmp_path) == before


def test_of_many_refused_a_few_are_named(tmp_path: Path, run: Run) -> None:
    source = _set_with(tmp_path, *(sway(2, name=f"m{i}") for i in range(30)))
    status, _, said = run("correct", source, "--out", tmp_path / "out")
    assert status == 2 and "and 22 more" in said and "m29" not in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--policy", "no-such"), "no policy 'no-such'"),
        (("--assist", "lots"), "must be auto, none or a number"),
        (("--assist", "-5"), "not negative"),
        (("--server", "nowhere"), "must be HOST:PORT"),
        (("--effort", "5"), "from 1 to 4"),
    ],
)
def test_bad_arguments_are_one_sentence(
    arguments: tuple[str, ...], said: str, packed: Path, tmp_path: Path, run: Run
) -> None:
    status, text, errors = run("correct", packed, "--out", tmp_path / "out", *arguments)
    assert status == 2 and not text and said in errors and errors.count("\n") == 1
    assert not (tmp_path / "out.npz").exists()


def test_bad_files_are_one_sentence(tmp_path: Path, run: Run, smoothing: list[object]) -> None:
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04 and then nothing")
    empty = _set_with(tmp_path)
    status, _, errors = run("correct", "--out", tmp_path / "out")
    assert status == 2 and "names no file" in errors
    for source, said in (
        (tmp_path / "cut.npz", "cut.npz"),
        (tmp_path / "missing.bvh", "does not exist"),
        (empty, "holds no motions"),
    ):
        status, _, errors = run("correct", source, "--out", tmp_path / "out")
        assert status == 2 and said in errors and errors.count("\n") == 1
    assert not smoothing


def test_a_place_that_cannot_be_written_is_found_before_the_work(
    packed: Path, tmp_path: Path, run: Run, smoothing: list[object]
) -> None:
    for out in (tmp_path / "no/such/folder/out", tmp_path / "set.jsonl/out"):
        status, _, said = run("correct", packed, "--out", out)
        assert status == 2 and "cannot be written" in said
    assert not smoothing


def test_evaluation_is_the_same_here_and_there(server: ServerProcess, packed: Path, run: Run) -> None:
    documents = []
    for more in ((), ("--server", server.address)):
        status, text, _ = run("evaluate", packed, "--corrupt", "float", "--json", *more)
        assert status == 0
        documents.append({k: v for k, v in json.loads(text).items() if k != "frames_per_second"})
    assert documents[0] == documents[1] and documents[0]["clips"] == 3


def test_a_server_that_is_not_there_is_one_sentence(packed: Path, tmp_path: Path, run: Run) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    before = files_in(tmp_path)
    status, _, said = run("correct", packed, "--out", tmp_path / "out", "--server", address)
    assert status == 2 and f"there is no sim server at {address}" in said and said.count("\n") == 1
    assert files_in(tmp_path) == before


def test_serve_refuses_what_it_cannot_listen_on(server: ServerProcess, run: Run) -> None:
    status, _, said = run("serve", "--listen", server.address)
    assert status == 2 and f"cannot listen on {server.address}: the port is in use" in said
    status, _, said = run("serve", "--listen", "127.0.0.1:0", "--announce", "/no/such/folder/address")
    assert status == 2 and "cannot be written" in said
