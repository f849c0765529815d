"""Refusals of `plumb-sim correct`: arguments, inputs and outputs that are named before any work is done."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from motion.formats.files import write_motion
from motion.formats.packed import write_packed
from motion.motion import Motion
from motion.motion_set import MotionSet

Run = Callable[..., tuple[int, str, str]]


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def _set_with(folder: Path, *motions: Motion) -> Path:
    write_packed(folder / "set", MotionSet(motions, ((),) * len(motions)))
    return folder / "set"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--policy", "no-such"), "no policy 'no-such'"),
        (("--assist", "lots"), "must be auto, none or a number"),
        (("--assist", "-5"), "not negative"),
        (("--server", "nowhere"), "must be HOST:PORT"),
        (("--effort", "5"), "must be kinematic, fast, standard or thorough, or a whole number from 1 to 4"),
        (("--effort", "quick"), "must be kinematic, fast, standard or thorough"),
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


@pytest.mark.parametrize("name", ["fixed.usd", "fixed.fbx", "set.json"])
def test_an_unknown_output_format_is_refused_before_the_work(
    name: str, tmp_path: Path, run: Run, smoothing: list[SmoothingCorrector]
) -> None:
    write_motion(tmp_path / "walk.bvh", sway(24))
    status, _, stderr = run("correct", tmp_path / "walk.bvh", "--out", tmp_path / name)
    assert status == 2 and "must end in .bvh, .glb, .usda, .npy or .npz" in stderr and stderr.count("\n") == 1
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
