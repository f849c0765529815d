"""What `plumb-motion inspect` prints."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from swaying_body import swaying, swaying_set

from motion.cli import main
from motion.formats.files import write_motion
from motion.formats.packed import write_packed
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.skeleton import JOINT_NAMES


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ending:
        main([str(argument) for argument in arguments])
    return ending.value.code or 0  # pyright: ignore[reportReturnType]


def test_a_rig_is_told_with_its_names_rate_and_unit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_motion(tmp_path / "a.bvh", swaying(fps=30))
    assert run("inspect", tmp_path / "a.bvh", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["joints"] == {name: name for name in JOINT_NAMES}
    assert document["rate"] == "30 fps (stated)" and document["unit"].startswith("centimetres")
    assert document["motions"][0]["frames"] == 60 and document["refused"] == {}
    assert run("inspect", tmp_path / "a.bvh", "--unit", "mm", "--input-fps", "24") == 1
    text = capsys.readouterr().out
    assert "24 fps (given by --input-fps)" in text and "millimetres (given by --unit)" in text
    assert "a: positions: is a body about 0.1" in text


def test_bad_members_of_a_set_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, *_ = swaying_set()
    bad = Motion(np.full((9, 22, 3), np.nan), name="bad")
    write_packed(tmp_path / "set", MotionSet((good, bad), ((), ())))
    assert run("inspect", tmp_path / "set") == 1
    text = capsys.readouterr().out
    assert "a set of motions in one file (2)" in text and "bad: positions: is nan" in text


def test_what_cannot_be_read_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("inspect", tmp_path / "a.bvh") == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "does not exist" in captured.err
