"""`plumb-sim score`: its table, its document, and its exit status as a filter."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from server_process import ServerProcess
from swaying_body import sway

from motion.formats.files import write_motion
from motion.formats.packed import write_packed
from motion.motion import Motion
from motion.motion_set import MotionSet
from sim_server.feasibility import score_motion

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Return the path of a set with a body that sways on its feet, and one that does so in the air."""
    stands = sway(24, 1, name="stands")
    hangs = Motion(stands.positions + np.float32([0, 0.5, 0]), name="hangs")
    write_packed(tmp_path / "two", MotionSet((stands, hangs), ((), ())))
    return tmp_path / "two"


def test_the_table_has_the_worst_motion_first_and_says_why(two: Path, run: Run) -> None:
    status, text, _ = run("score", two)
    lines = text.splitlines()
    assert status == 0
    assert lines[1].split()[0] == "hangs" and lines[2].split()[0] == "stands" and lines[3].startswith("all 2")
    assert any(line.startswith("hangs: nothing carries the body from 0.0 to 1.1 s") for line in lines)


def test_the_document_has_the_scores_of_the_library(two: Path, run: Run) -> None:
    status, text, _ = run("score", two, "--json")
    document = json.loads(text)
    assert status == 0 and set(document) == {"scores", "summary", "notes"}
    stands, hangs = document["scores"]
    assert (
        stands["id"] == "stands"
        and stands == {"id": "stands", "source": stands["source"]} | score_motion(sway(24, 1)).to_json()
    )
    assert document["summary"]["motions"] == 2
    assert document["summary"]["force_n_mean"] == (stands["force_n_mean"] + hangs["force_n_mean"]) / 2


def test_a_server_and_this_process_print_the_same(server: ServerProcess, two: Path, run: Run) -> None:
    assert run("score", two, "--json")[:2] == run("score", two, "--json", "--server", server.address)[:2]


def test_the_largest_force_makes_a_filter(two: Path, run: Run) -> None:
    assert run("score", two, "--max-force", 1000)[0] == 0
    status, text, stderr = run("score", two, "--max-force", 100, "--json")
    document = json.loads(text)
    assert status == 1 and "1 of 2 motions" in stderr
    assert [score["passed"] for score in document["scores"]] == [True, False]
    assert document["summary"]["passed"] == 1


def test_wrong_arguments_and_inputs_are_refused_with_one_sentence(two: Path, tmp_path: Path, run: Run) -> None:
    for arguments, expected in (
        ((), "names no file"),
        ((tmp_path / "missing.npy",), "does not exist"),
        ((two, "--max-force", "-1"), "0 or more"),
        ((two, "--max-force", "nan"), "0 or more"),
        ((two, "--server", "nowhere"), "must be HOST:PORT"),
    ):
        status, text, stderr = run("score", *arguments)
        assert status == 2 and not text and expected in stderr and stderr.count("\n") == 1


def test_inputs_that_cannot_be_read_are_left_out(two: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04 and then nothing")
    write_motion(tmp_path / "walk.bvh", sway(24))
    status, text, stderr = run("score", tmp_path / "cut.npz", two, tmp_path / "walk.bvh", "--json")
    assert status == 1 and "left out" in stderr
    assert [score["id"] for score in json.loads(text)["scores"]] == ["stands", "hangs", "walk"]
