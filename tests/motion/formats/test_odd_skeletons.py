"""What skeletons of real files have besides: meshes named as bones, joints under the ankles, no rate at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from foreign_rigs import Node, foreign_bvh, naming, tree
from swaying_body import swaying

from motion.errors import InvalidInput
from motion.formats.read_options import ReadOptions
from motion.formats.rigs.bvh_reading import BvhReading, read_bvh_file
from motion.formats.skeletons.limb_proportions import uneven_limbs
from motion.skeleton import JOINT

NAMES = naming(
    "Hips;Spine;Spine1;Spine2;Neck;Head",
    "LeftUpLeg;LeftLeg;LeftFoot;LeftForeFoot;LeftShoulder;LeftArm;LeftForeArm;LeftHand",
    "RightUpLeg;RightLeg;RightFoot;RightForeFoot;RightShoulder;RightArm;RightForeArm;RightHand",
)
NAMES_BACK = {name: joint for joint, name in NAMES.items()}


def read(folder: Path, text: str, options: ReadOptions | None = None) -> BvhReading:
    (folder / "a.bvh").write_text(text)
    return read_bvh_file(folder / "a.bvh", options or ReadOptions())


def test_meshes_named_after_bones_are_none(tmp_path: Path):
    motion = swaying()
    nodes: list[Node] = [
        (f"Character1_{name}", above and f"Character1_{above}", joint) for name, above, joint in tree(NAMES)
    ]
    for side in ("Left", "Right"):
        for above, bone in (("UpLeg", "Femur"), ("Leg", "Tibia"), ("Arm", "Humerus"), ("ForeArm", "Radius")):
            joint = NAMES_BACK[f"{side}{above}"]
            nodes.append((f"{side[0]}_{bone}_RIGMESH", f"Character1_{side}{above}", f"{joint}>head:0.01"))
    nodes += [("Torso_RIGMESH", "Character1_Spine1", "spine2"), ("Pelvis_RIGMESH", "Character1_Hips", "pelvis")]
    reading = read(tmp_path, foreign_bvh(motion, nodes))
    assert not reading.notes
    assert np.abs(reading.motions[0].positions - motion.positions).max() < 1e-3


def under_the_ankle(toe_cm: float) -> str:
    """Return a file whose joint of the toes lies 4 cm below the ankle, with the tip of the toes `toe_cm` ahead."""
    text = foreign_bvh(swaying(), tree(NAMES), {f"{side}ForeFoot": (0, 0, toe_cm) for side in ("Left", "Right")})
    lines = text.splitlines()
    for index, line in enumerate(lines):
        if "ForeFoot" in line:
            lines[index + 2] = "OFFSET 0 -4 0"
    return "\n".join(lines)


def test_a_foot_is_not_as_short_as_a_joint_below_the_ankle(tmp_path: Path):
    reading = read(tmp_path, under_the_ankle(20))
    assert "lie below the ankles; the balls of the feet were placed between them and the tips" in reading.notes[0]
    foot = reading.motions[0].positions[:, [10, 11]] - reading.motions[0].positions[:, [7, 8]]
    np.testing.assert_allclose(np.median(np.linalg.norm(foot, axis=-1)), np.hypot(0.04, 0.12), atol=1e-4)


def test_a_foot_without_any_length_is_placed_ahead(tmp_path: Path):
    reading = read(tmp_path, under_the_ankle(0))
    assert "LeftForeFoot and RightForeFoot lie below the ankles" in reading.notes[0]
    assert "placed ahead of the ankles" in reading.notes[0]
    foot = reading.motions[0].positions[:, 10] - reading.motions[0].positions[:, 7]
    assert np.linalg.norm(foot, axis=-1).min() > 0.1


def test_a_joint_at_the_pelvis_is_none_of_the_spine(tmp_path: Path):
    names = {**NAMES, "left_foot": "LeftToe", "right_foot": "RightToe", "head": "Skull"}
    nodes = tree(names)
    nodes.insert(1, ("LowerBack", "Hips", "pelvis"))
    nodes = [(name, "LowerBack" if name == "Spine" else above, joint) for name, above, joint in nodes]
    reading = read(tmp_path, foreign_bvh(swaying(), nodes))
    assert reading.matches[0].found["spine1"] == "Spine"
    assert np.abs(reading.motions[0].positions - swaying().positions).max() < 1e-3


def test_one_frame_a_second_is_told_unless_the_user_says_the_rate(tmp_path: Path):
    text = foreign_bvh(swaying(), tree(NAMES))
    text = "\n".join("Frame Time: 1" if line.startswith("Frame Time") else line for line in text.splitlines())
    assert "states 1 s from frame to frame, and thus 60 s for the whole motion" in read(tmp_path, text).notes[-1]
    assert not read(tmp_path, text, ReadOptions(input_fps=30)).notes


def test_limbs_that_no_person_has_are_told(tmp_path: Path):
    lines = foreign_bvh(swaying(), tree(NAMES)).splitlines()
    for index, line in enumerate(lines):
        if line.strip() in ("JOINT LeftLeg", "JOINT RightForeArm"):
            scale = 2.0 if "Left" in line else 0.2
            offset = np.array(lines[index + 2].split()[1:], float) * scale
            lines[index + 2] = "OFFSET " + " ".join(map(str, offset))
    told = " ".join(read(tmp_path, "\n".join(lines)).notes)
    assert "the left thigh is 2.0" in told and "the left upper arm is 5.0" in told and "no person has" in told


@pytest.mark.parametrize(("arm", "said"), [(1.0, ""), (0.5, "the arms are 0.3"), (2.0, "the arms are 1.2")])
def test_arms_are_measured_by_the_legs(arm: float, said: str):
    positions = swaying().positions.copy()
    for side in ("left", "right"):
        shoulder, elbow, wrist = (JOINT[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist"))
        positions[:, [elbow, wrist]] = positions[:, [shoulder]] + arm * (
            positions[:, [elbow, wrist]] - positions[:, [shoulder]]
        )
    assert bool(uneven_limbs(positions)) == bool(said) and said in " ".join(uneven_limbs(positions))
    assert uneven_limbs(10 * positions) == uneven_limbs(positions)


def test_a_prop_is_refused_by_its_joints_and_not_by_all_that_it_lacks(tmp_path: Path):
    chain = "{\nOFFSET 0 1 0\nCHANNELS 3 Zrotation Xrotation Yrotation\n"
    text = f"HIERARCHY\nROOT base\n{chain}JOINT lid\n{chain}End Site\n{{\nOFFSET 0 1 0\n}}\n}}\n}}\n"
    with pytest.raises(InvalidInput, match=r"has 2 joints \(base, lid\), in which no body is found; a body has at"):
        read(tmp_path, f"{text}MOTION\nFrames: 1\nFrame Time: 0.1\n0 0 0 0 0 0\n")


def test_what_is_left_of_a_longer_file_behind_the_frames_is_left_out_and_told(tmp_path: Path):
    text = foreign_bvh(swaying(), tree(NAMES))
    whole = read(tmp_path, text).motions[0]
    rows = text.splitlines()
    rest = [" ".join(rows[-1].split()[7:]), rows[-1]]
    reading = read(tmp_path, "\n".join([*rows, *rest]))
    assert reading.notes == (
        "behind the 60 frames that the header states are 2 rows more, not all of them whole; they were left out",
    )
    np.testing.assert_array_equal(reading.motions[0].positions, whole.positions)


@pytest.mark.parametrize(("size", "told"), [(1.0, False), (0.65, True), (1.4, True)])
def test_a_body_that_is_no_adult_in_any_unit_is_told(tmp_path: Path, size: float, told: bool):
    motion = swaying()
    text = foreign_bvh(motion.with_positions(motion.positions * size), tree(NAMES))
    notes = read(tmp_path, text).notes
    assert ("no unit makes the body as tall as an adult" in " ".join(notes)) == told
    assert not read(tmp_path, text, ReadOptions(unit="cm")).notes, "the user has said which it is"


def test_of_two_units_the_one_of_an_adult_is_taken(tmp_path: Path):
    motion = swaying()
    cmu_in_cm = 100 * 0.0254 / 0.45
    tall = motion.with_positions(motion.positions * 1.25)  # in inches the same numbers are those of a toddler
    text = foreign_bvh(tall.with_positions(tall.positions / cmu_in_cm), tree(NAMES))
    assert np.abs(read(tmp_path, text).motions[0].positions - tall.positions).max() < 1e-3
