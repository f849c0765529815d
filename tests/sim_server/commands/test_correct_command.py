"""`plumb-sim correct`: what it reads and writes."""

from __future__ import annotations

import json
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
from motion.protocols import CorrectionOptions
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
    assert set(document) == {"reports", "summary", "notes"} and document["notes"] == []
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


def test_a_bvh_file_comes_back_on_its_rig_on_another_and_as_glb(tmp_path: Path, run: Run, smoothing: object) -> None:
    write_motion(tmp_path / "walk.bvh", sway(24))
    write_motion(tmp_path / "child.bvh", Motion(0.7 * sway(24).positions))
    text = (tmp_path / "walk.bvh").read_text().replace("left_", "Left ")
    (tmp_path / "walk.bvh").write_text(text)
    assert run("correct", tmp_path / "walk.bvh", "--out", tmp_path / "own.bvh")[0] == 0
    own, child = (tmp_path / "own.bvh").read_text(), (tmp_path / "child.bvh").read_text()
    assert own.partition("MOTION")[0] == text.partition("MOTION")[0]
    out = tmp_path / "other.bvh"
    status, _, stderr = run("correct", tmp_path / "walk.bvh", "--out", out, "--rig", tmp_path / "child.bvh")
    assert status == 0 and "0.7 times as long" in stderr
    assert out.read_text().partition("MOTION")[0] == child.partition("MOTION")[0]
    assert run("correct", tmp_path / "walk.bvh", "--out", tmp_path / "walk.glb")[0] == 0
    assert (tmp_path / "walk.glb").read_bytes()[:4] == b"glTF"


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


def test_an_assisted_motion_counts_as_completed(tmp_path: Path, run: Run, smoothing: object) -> None:
    motions = tuple(sway(24, seed, name=name) for seed, name in enumerate(["stands", "carried"]))
    write_packed(tmp_path / "set", MotionSet(motions, ((), ())))
    status, text, stderr = run("correct", tmp_path / "set", "--out", tmp_path / "out", "--json")
    assert status == 0
    document = json.loads(text)
    assert {key: document["summary"][key] for key in ("ok", "assisted", "failed", "completed_share")} == {
        "ok": 1, "assisted": 1, "failed": 0, "completed_share": 1.0
    }  # fmt: skip
    assert document["reports"][1]["reason"] == "carried by 240 N on average"
    assert "carried: ASSISTED, carried by 240 N on average" in stderr and "skate ratio:" in stderr
    assert read_reports(tmp_path / "out")["carried"].status == "ASSISTED"


def test_max_assist_reaches_the_corrector(
    tmp_path: Path, run: Run, smoothing: list[SmoothingCorrector], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[CorrectionOptions] = []
    real = SmoothingCorrector.correct
    monkeypatch.setattr(SmoothingCorrector, "correct", lambda *a, **k: (seen.append(a[3]), real(*a, **k))[1])
    write_motion(tmp_path / "a.bvh", sway(24))
    assert run("correct", tmp_path / "a.bvh", "--out", tmp_path / "b.bvh", "--max-assist", "120")[0] == 0
    assert seen[0].max_assist_n == 120
    status, _, stderr = run("correct", tmp_path / "a.bvh", "--out", tmp_path / "b.bvh", "--max-assist", "-1")
    assert status == 2 and "max_assist_n: is -1.0; must be" in stderr


def _set_with(folder: Path, *motions: Motion) -> Path:
    write_packed(folder / "set", MotionSet(motions, ((),) * len(motions)))
    return folder / "set"


def test_invalid_motions_of_a_set_are_named_by_id(tmp_path: Path, run: Run) -> None:
    bad = sway(24, name="bad one")
    bad.positions[0, 2, 1] = np.nan
    source = _set_with(tmp_path, sway(24, name="good"), bad, sway(2, name="short"))
    status, text, stderr = run("correct", source, "--out", tmp_path / "out", "--json")
    assert status == 1 and read_packed(tmp_path / "out").ids == ["good"]
    assert "bad one positions: is nan at frame 0" in stderr and "short positions: has 2 frames" in stderr
    assert [note.partition("left out ")[2].partition(" positions")[0] for note in json.loads(text)["notes"]] == [
        "bad one",
        "short",
    ]
    source = _set_with(tmp_path, bad)
    before = files_in(tmp_path)
    status, text, stderr = run("correct", source, "--out", tmp_path / "none", "--json")
    assert status == 2 and not text and stderr.count("\n") == 1
    assert "bad one positions: is nan at frame 0" in stderr and files_in(tmp_path) == before


def test_a_bad_input_is_named_and_the_rest_is_corrected(tmp_path: Path, run: Run, smoothing: object) -> None:
    write_motion(tmp_path / "good.npz", sway(24))
    (tmp_path / "cut.npz").write_bytes(b"PK and nothing")
    write_motion(tmp_path / "short.npz", sway(2))
    inputs = [tmp_path / f"{name}.npz" for name in ("cut", "good", "short", "missing")]
    status, text, stderr = run("correct", *inputs, "--out", tmp_path / "out", "--json")
    assert status == 1 and sorted(files_in(tmp_path / "out")) == ["good.npz"]
    document = json.loads(text)
    assert [report["id"] for report in document["reports"]] == ["good"] and len(document["notes"]) == 3
    for name in ("cut", "short", "missing"):
        assert any(name in note for note in document["notes"]) and name in stderr


def test_what_the_user_says_about_the_input_is_read(tmp_path: Path, run: Run, smoothing: object) -> None:
    motion = sway(40)
    np.save(tmp_path / "a.npy", 100 * motion.positions[..., [0, 2, 1]] * (1, -1, 1))
    flags = ("--input-fps", 30, "--unit", "cm", "--up", "z", "--frames", "-30:")
    status, _, _ = run("correct", tmp_path / "a.npy", "--out", tmp_path / "b.npz", *flags)
    (after,) = read_file(tmp_path / "b.npz").motions
    assert status == 0 and len(after) == 30 and after.fps == 30
    np.testing.assert_allclose(after.positions, motion.positions[-30:], atol=0.05)
    status, _, stderr = run("correct", tmp_path / "a.npy", "--out", tmp_path / "b.npz", "--input-fps", "0")
    assert status == 2 and "--input-fps: is 0; must be from 1 to 1000" in stderr


def test_of_many_invalid_motions_the_first_few_are_named(tmp_path: Path, run: Run) -> None:
    source = _set_with(tmp_path, *(sway(2, name=f"m{i}") for i in range(30)))
    status, _, stderr = run("correct", source, "--out", tmp_path / "out")
    assert status == 2 and "and 22 more" in stderr and "m29" not in stderr
