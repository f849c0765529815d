"""The command line `plumb-motion`: results, JSON output, exit status and errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from swaying_body import swaying, swaying_set

from motion.cli import main
from motion.formats.files import read_motions, write_motion
from motion.formats.packed import read_packed, write_packed
from motion.metrics import physical_errors
from motion.motion import Motion


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ending:
        main([str(argument) for argument in arguments])
    return ending.value.code or 0  # pyright: ignore[reportReturnType]


def test_convert_writes_every_format(tmp_path: Path):
    write_motion(tmp_path / "a.npz", swaying(name="a"))
    assert run("convert", tmp_path / "a.npz", tmp_path / "a.bvh") == 0
    assert run("convert", tmp_path / "a.bvh", tmp_path / "b.npy") == 0
    np.testing.assert_allclose(np.load(tmp_path / "b.npy"), swaying().positions, atol=1e-3)
    assert run("convert", tmp_path / "a.bvh", tmp_path / "f.npy", "--as", "features") == 0
    assert np.load(tmp_path / "f.npy").shape == (59, 263)
    assert run("convert", tmp_path / "a.bvh", tmp_path / "fast.bvh", "--fps", 60) == 0
    assert [motion.fps for motion in read_motions(tmp_path / "fast.bvh")] == [60]


def test_convert_writes_on_the_rig_of_another_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_motion(tmp_path / "a.npz", swaying(name="a"))
    write_motion(tmp_path / "rig.bvh", Motion(0.8 * swaying(seed=1).positions))
    assert run("convert", tmp_path / "a.npz", tmp_path / "b.bvh", "--rig", tmp_path / "rig.bvh") == 0
    head = (tmp_path / "rig.bvh").read_text().partition("MOTION")[0]
    assert (tmp_path / "b.bvh").read_text().partition("MOTION")[0] == head
    assert "times as long" in capsys.readouterr().err
    assert run("convert", tmp_path / "a.npz", tmp_path / "b.npy", "--rig", tmp_path / "rig.bvh") == 2
    assert "must end in .bvh" in capsys.readouterr().err
    assert run("convert", tmp_path / "a.npz", tmp_path / "rig.bvh", "--rig", tmp_path / "rig.bvh") == 2
    assert "would replace the input" in capsys.readouterr().err
    assert run("convert", tmp_path / "a.npz", tmp_path / "b.glb") == 0


def test_convert_copies_a_packed_set(tmp_path: Path):
    write_packed(tmp_path / "set", swaying_set())
    assert run("convert", tmp_path / "set", tmp_path / "again") == 0
    assert read_packed(tmp_path / "again").content_id() == swaying_set().content_id()


def test_convert_replaces_its_input_only_with_overwrite(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_motion(tmp_path / "a.npz", swaying(fps=30))
    before = (tmp_path / "a.npz").read_bytes()
    assert run("convert", tmp_path / "a.npz", tmp_path / "a", "--fps", 20) == 2
    assert "would replace the input" in capsys.readouterr().err
    assert (tmp_path / "a.npz").read_bytes() == before
    assert run("convert", tmp_path / "a.npz", tmp_path / "a", "--fps", 20, "--overwrite") == 0
    assert [motion.fps for motion in read_motions(tmp_path / "a.npz")] == [20]


def test_metrics_in_json_equal_those_of_the_library(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_packed(tmp_path / "set", swaying_set())
    assert run("metrics", tmp_path / "set", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in document["motions"]] == ["sway_0", "sway_1", "sway_2"]
    errors = [physical_errors(motion.positions, motion.fps) for motion in swaying_set()]
    assert document["motions"][1]["jitter_m_s3"] == pytest.approx(errors[1].jitter_m_s3)
    assert document["mean"]["float_mm"] == pytest.approx(np.mean([error.float_mm for error in errors]))


def test_metrics_are_printed_as_an_aligned_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_packed(tmp_path / "set", swaying_set())
    assert run("metrics", tmp_path / "set") == 0
    lines = capsys.readouterr().out.splitlines()
    assert (
        lines[0].startswith("motion") and lines[-1].startswith("mean of 3") and len({len(line) for line in lines}) == 1
    )


def test_a_bad_motion_is_named_and_the_rest_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    motions = swaying_set()
    broken = motions.motions[1].positions.copy()
    broken[5, 5:9] = np.nan
    bad = motions.with_motions([motions.motions[0], Motion(broken, name="sway_1"), motions.motions[2]])
    write_packed(tmp_path / "set", bad)
    assert run("metrics", tmp_path / "set", "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert len(document["motions"]) == 2 and "finite" in document["refused"]["sway_1"]
    assert run("convert", tmp_path / "set", tmp_path / "out") == 1
    assert "left out sway_1 positions: is nan at frame 5" in capsys.readouterr().err
    assert read_packed(tmp_path / "out").ids == ["sway_0", "sway_2"]
    (tmp_path / "cut.npz").write_bytes(b"PK and nothing")
    assert run("metrics", tmp_path / "cut.npz", tmp_path / "out", "--json") == 1
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert len(document["motions"]) == 2 and "cut.npz" in document["notes"][0] and "cut.npz" in captured.err
    assert run("view", tmp_path / "cut.npz", tmp_path / "out", "--out", tmp_path / "page.html") == 1
    assert "left out" in capsys.readouterr().err and (tmp_path / "page.html").exists()


def test_view_writes_a_page(tmp_path: Path):
    write_packed(tmp_path / "set", swaying_set())
    assert run("view", tmp_path / "set", tmp_path / "set", "--out", tmp_path / "page.html", "--limit", 2) == 0
    assert (tmp_path / "page.html").stat().st_size > 10_000


@pytest.mark.parametrize(
    "arguments",
    [
        ("convert", "missing.bvh", "out.npy"),
        ("convert", "a.bvh", "missing/out.npy"),
        ("convert", "a.bvh", "out.npy", "--as", "smpl"),
        ("convert", "a.bvh", "out.fbx"),
        ("convert", "a.bvh", "out.npy", "--fps", "0"),
        ("convert", "a.bvh", "out.npy", "--fps", "1e12"),
        ("convert", "point.npy", "out.npz"),
        ("convert", "a.bvh", "out.npy", "--split", "train"),
        ("metrics",),
        ("metrics", "point.npy"),
        ("view", "a.bvh", "--out", "page.pdf"),
        ("view", "--out", "page.html"),
        ("view", "a.bvh", "--out", "page.html", "--limit", "0"),
        ("dance",),
        ("convert", "a.bvh"),
    ],
)
def test_refused_commands_exit_with_2_and_write_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys, arguments
):
    monkeypatch.chdir(tmp_path)
    write_motion(Path("a.bvh"), swaying())
    np.save("point.npy", np.zeros((50, 22, 3)))
    assert run(*arguments) == 2
    message = capsys.readouterr()
    assert message.out == "" and message.err.strip()
    assert sorted(os.listdir(tmp_path)) == ["a.bvh", "point.npy"]


def test_python_m_motion_runs_the_command_line(tmp_path: Path):
    command = [sys.executable, "-m", "motion", "metrics", str(tmp_path / "missing.bvh")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2 and ended.stdout == ""
    assert ended.stderr.startswith("python -m motion: ") and "Traceback" not in ended.stderr
