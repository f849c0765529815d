"""Acclaim's two files: the body is where the bones say, whatever their axes; what is missing is said in a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from asf_writer import write_acclaim
from swaying_body import swaying

from motion.errors import InvalidInput, NotFound
from motion.formats.files import output_for, read_file
from motion.formats.inspection import inspect_file
from motion.formats.read_options import ReadOptions
from motion.formats.rigs.asf_amc import AmcReading, read_amc
from motion.skeleton import JOINT, NUM_JOINTS

# The form has bones, not joints: neck and collar bones start where the chest's ends, which is a joint to no name.
_OURS = [joint for joint in range(NUM_JOINTS) if joint not in (JOINT["spine1"], JOINT["spine2"], JOINT["spine3"])]


def _off_m(reading: AmcReading) -> float:
    return float(np.abs(reading.motion.positions - swaying().positions)[:, _OURS].max())


@pytest.mark.parametrize("degrees", [True, False])
@pytest.mark.parametrize(("orders", "axes"), [("xyz", "XYZ"), ("zyx", "XYZ"), ("xyz", "ZYX"), ("yzx", "YXZ")])
def test_positions_are_recovered_whatever_the_axes_of_the_bones(tmp_path: Path, orders: str, axes: str, degrees: bool):
    write_acclaim(tmp_path, swaying(), orders, axes, degrees)
    reading = read_amc(tmp_path / "01_01.amc")
    assert _off_m(reading) < 1e-4
    assert reading.motion.name == "01_01" and reading.match.found["left_hip"] == "lfemur"


@pytest.mark.parametrize("unit_m", [0.0254, 0.0254 / 0.45, 1.0])
def test_lengths_are_in_the_unit_that_the_skeleton_states(tmp_path: Path, unit_m: float):
    write_acclaim(tmp_path, swaying(), unit_m=unit_m)
    reading = read_amc(tmp_path / "01_01.amc")
    assert reading.unit_m == pytest.approx(unit_m)
    assert _off_m(reading) < 1e-4


def test_a_unit_in_which_no_person_has_such_legs_is_found_from_the_legs(tmp_path: Path):
    write_acclaim(tmp_path, swaying(), unit_m=0.01)
    file = tmp_path / "01.asf"
    file.write_text(file.read_text().replace("  length 2.54\n", "  length 1.0\n"))
    assert read_amc(tmp_path / "01_01.amc").unit_m == 0.01
    assert read_amc(tmp_path / "01_01.amc", ReadOptions(unit="mm")).unit_m == 0.001


def test_the_rate_is_assumed_and_told(tmp_path: Path):
    write_acclaim(tmp_path, swaying())
    reading = read_amc(tmp_path / "01_01.amc")
    assert reading.motion.fps == 120 and "states no frame rate; read at 120 fps" in " ".join(reading.notes)
    said = read_amc(tmp_path / "01_01.amc", ReadOptions(input_fps=60))
    assert said.motion.fps == 60 and "frame rate" not in " ".join(said.notes)


@pytest.mark.parametrize("name", ["01.asf", "01_01.asf", "body.ASF"])
def test_the_skeleton_beside_a_motion_is_found(tmp_path: Path, name: str):
    write_acclaim(tmp_path, swaying())
    (tmp_path / "01.asf").rename(tmp_path / name)
    assert f"has its skeleton in {name}" in read_amc(tmp_path / "01_01.amc").notes


def test_a_motion_without_its_skeleton_says_which_file_it_needs(tmp_path: Path):
    write_acclaim(tmp_path, swaying())
    (tmp_path / "01.asf").rename(tmp_path / "02.asf")
    (tmp_path / "03.asf").write_text("")
    with pytest.raises(InvalidInput, match=r"there are 02\.asf, 03\.asf; must be 01_01\.asf or 01\.asf beside it"):
        read_amc(tmp_path / "01_01.amc")
    with pytest.raises(InvalidInput, match=r"is a skeleton without a motion; read the \.amc file"):
        read_amc(tmp_path / "02.asf")
    with pytest.raises(NotFound):
        read_amc(tmp_path / "none.amc")


def test_a_last_frame_that_is_cut_short_is_left_out_and_told(tmp_path: Path):
    write_acclaim(tmp_path, swaying())
    file = tmp_path / "01_01.amc"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[:-4]))
    reading = read_amc(file)
    assert len(reading.motion) == len(swaying()) - 1
    assert "the last frame is cut short and was left out; 59 frames were read" in reading.notes


def test_bones_without_rotations_rest_and_are_told(tmp_path: Path):
    write_acclaim(tmp_path, swaying())
    file = tmp_path / "01_01.amc"
    file.write_text("\n".join(line for line in file.read_text().splitlines() if not line.startswith("head ")))
    reading = read_amc(file)
    assert "has no rotations of head, which rest" in reading.notes
    assert _off_m(reading) < 1e-4


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("01_01.amc", "\nltibia ", "\nltibia 1 ", "ltibia: has 4 numbers in frame 1; must have 3"),
        ("01_01.amc", "\nltibia ", "\nltibia x", "ltibia: holds something that is not a number"),
        ("01_01.amc", ":FULLY-SPECIFIED", "words", "must be the number of a frame"),
        ("01.asf", ":hierarchy", ":other", ":hierarchy: is missing or empty"),
        ("01.asf", "    lfemur ltibia", "    lfemur lshin", "'lshin', which is no bone"),
        ("01.asf", "    lfemur ltibia", "    lfemur ltibia lhipjoint", "'lhipjoint' twice"),
        ("01.asf", "dof rx ry rz", "dof rx l rz", r"dof: is 'rx l rz'; must be some of rx ry rz"),
        ("01.asf", "     length ", "     length x", "length: is 'x"),
        ("01.asf", "XYZ\n    dof", "XXZ\n    dof", "ends in 'XXZ'"),
    ],
)
def test_damage_is_refused_in_a_sentence(tmp_path: Path, file: str, old: str, new: str, message: str):
    write_acclaim(tmp_path, swaying())
    text = (tmp_path / file).read_text()
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1))
    with pytest.raises(InvalidInput, match=message):
        read_amc(tmp_path / "01_01.amc")


def test_a_motion_is_read_inspected_and_written_as_any_other(tmp_path: Path):
    write_acclaim(tmp_path, swaying())
    found = read_file(tmp_path / "01_01.amc")
    assert found.layout == "amc" and found.motions.ids == ["01_01"]
    inspection = inspect_file(found)
    assert inspection.form.startswith("one motion in an .amc file") and inspection.joints["left_hip"] == "lfemur"
    assert inspection.facts["rate"] == "120 fps (assumed)"
    output = output_for(found, tmp_path / "same")
    output.write(found.motions)
    assert (tmp_path / "same.bvh").is_file()
    assert read_file(tmp_path).motions.ids == ["01_01", "same"]
