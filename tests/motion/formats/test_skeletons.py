"""The 22 joints are found in the skeletons of other tools, by names and by shape; what was guessed is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from foreign_rigs import foreign_bvh, naming, tree
from swaying_body import swaying

from motion.errors import InvalidInput, NotFound
from motion.formats.read_options import ReadOptions
from motion.formats.rigs.bvh_reading import BvhReading, read_bvh_file
from motion.formats.skeletons.skeleton_match import match_joints
from motion.motion import Motion
from motion.skeleton import JOINT, JOINT_NAMES, mirrored

TOOLS = {
    "Unreal": naming(
        "pelvis;spine_01;spine_02;spine_03;neck_01;head",
        "thigh_l;calf_l;foot_l;ball_l;clavicle_l;upperarm_l;lowerarm_l;hand_l",
        "thigh_r;calf_r;foot_r;ball_r;clavicle_r;upperarm_r;lowerarm_r;hand_r",
    ),
    "Unity": naming(
        "Hips;Spine;Chest;UpperChest;Neck;Head",
        "LeftUpperLeg;LeftLowerLeg;LeftFoot;LeftToes;LeftShoulder;LeftUpperArm;LeftLowerArm;LeftHand",
        "RightUpperLeg;RightLowerLeg;RightFoot;RightToes;RightShoulder;RightUpperArm;RightLowerArm;RightHand",
    ),
    "Biped": naming(
        "Bip01 Pelvis;Bip01 Spine;Bip01 Spine1;Bip01 Spine2;Bip01 Neck;Bip01 Head",
        "Bip01 L Thigh;Bip01 L Calf;Bip01 L Foot;Bip01 L Toe0;Bip01 L Clavicle;Bip01 L UpperArm;Bip01 L Forearm;"
        "Bip01 L Hand",
        "Bip01 R Thigh;Bip01 R Calf;Bip01 R Foot;Bip01 R Toe0;Bip01 R Clavicle;Bip01 R UpperArm;Bip01 R Forearm;"
        "Bip01 R Hand",
    ),
    "Rigify": naming(
        "DEF-spine;DEF-spine.001;DEF-spine.002;DEF-spine.003;DEF-spine.004;DEF-spine.006",
        "DEF-thigh.L;DEF-shin.L;DEF-foot.L;DEF-toe.L;DEF-shoulder.L;DEF-upper_arm.L;DEF-forearm.L;DEF-hand.L",
        "DEF-thigh.R;DEF-shin.R;DEF-foot.R;DEF-toe.R;DEF-shoulder.R;DEF-upper_arm.R;DEF-forearm.R;DEF-hand.R",
    ),
    "ASF": naming(
        "root;lowerback;upperback;thorax;lowerneck;head",
        "lfemur;ltibia;lfoot;ltoes;lclavicle;lhumerus;lradius;lwrist",
        "rfemur;rtibia;rfoot;rtoes;rclavicle;rhumerus;rradius;rwrist",
    ),
    "Rokoko": naming(
        "Hip;Spine1;Spine2;Spine3;Neck;Head",
        "LeftThigh;LeftShin;LeftFoot;LeftToe;LeftShoulder;LeftArm;LeftForeArm;LeftHand",
        "RightThigh;RightShin;RightFoot;RightToe;RightShoulder;RightArm;RightForeArm;RightHand",
    ),
    "OptiTrack": naming(
        "Hip;Ab;Spine2;Chest;Neck;Head",
        "LThigh;LShin;LFoot;LToe;LShoulder;LUArm;LFArm;LHand",
        "RThigh;RShin;RFoot;RToe;RShoulder;RUArm;RFArm;RHand",
    ),
    "VRM": naming(
        "J_Bip_C_Hips;J_Bip_C_Spine;J_Bip_C_Chest;J_Bip_C_UpperChest;J_Bip_C_Neck;J_Bip_C_Head",
        "J_Bip_L_UpperLeg;J_Bip_L_LowerLeg;J_Bip_L_Foot;J_Bip_L_ToeBase;J_Bip_L_Shoulder;J_Bip_L_UpperArm;"
        "J_Bip_L_LowerArm;J_Bip_L_Hand",
        "J_Bip_R_UpperLeg;J_Bip_R_LowerLeg;J_Bip_R_Foot;J_Bip_R_ToeBase;J_Bip_R_Shoulder;J_Bip_R_UpperArm;"
        "J_Bip_R_LowerArm;J_Bip_R_Hand",
    ),
    "MikuMikuDance": naming(
        "センター;上半身;上半身2;上半身3;首;頭",
        "左足;左ひざ;左足首;左つま先;左肩;左腕;左ひじ;左手首",
        "右足;右ひざ;右足首;右つま先;右肩;右腕;右ひじ;右手首",
    ),
    "hips and shoulders": naming(
        "Pelvis;Waist;Torso;Chest;Neck;Head",
        "Hip_L;Knee_L;Ankle_L;Ball_L;Clavicle_L;Shoulder_L;Elbow_L;Wrist_L",
        "Hip_R;Knee_R;Ankle_R;Ball_R;Clavicle_R;Shoulder_R;Elbow_R;Wrist_R",
    ),
    "small letters": naming(
        "hips;spine;spine1;spine2;neck;head",
        "lthigh;lshin;lfoot;ltoe;lcollar;lupperarm;llowerarm;lhand",
        "rthigh;rshin;rfoot;rtoe;rcollar;rupperarm;rlowerarm;rhand",
    ),
}
MIXAMO = naming(
    "Hips;Spine;Spine1;Spine2;Neck;Head",
    "LeftUpLeg;LeftLeg;LeftFoot;LeftToeBase;LeftShoulder;LeftArm;LeftForeArm;LeftHand",
    "RightUpLeg;RightLeg;RightFoot;RightToeBase;RightShoulder;RightArm;RightForeArm;RightHand",
)


def written(folder: Path, text: str, options: ReadOptions | None = None) -> BvhReading:
    path = folder / "a.bvh"
    path.write_text(text, encoding="utf-8")
    return read_bvh_file(path, options or ReadOptions())


def off_by_mm(reading: BvhReading, motion: Motion) -> dict[str, float]:
    error = 1000 * np.linalg.norm(reading.motions[0].positions - motion.positions, axis=-1).max(0)
    return {name: float(error[index]) for name, index in JOINT.items() if error[index] > 1}


@pytest.mark.parametrize("tool", TOOLS)
def test_the_names_of_a_tool_are_understood_without_a_guess(tmp_path: Path, tool: str):
    motion = swaying()
    reading = written(tmp_path, foreign_bvh(motion, tree(TOOLS[tool])))
    assert not off_by_mm(reading, motion) and not reading.notes
    assert reading.matches[0].found == TOOLS[tool]


@pytest.mark.parametrize(
    "prefix", ["ns:", "Character1_", "f_walker_", "Bip001 ", "rig|", "Armature_Bone_", "MOTION_JOINT_", "R_"]
)
@pytest.mark.parametrize("suffix", ["", "_jnt", "_01"])
def test_prefixes_and_suffixes_that_all_names_share_do_not_matter(tmp_path: Path, prefix: str, suffix: str):
    motion = swaying()
    names = {joint: f"{prefix}{name}{suffix}" for joint, name in MIXAMO.items()}
    reading = written(tmp_path, foreign_bvh(motion, tree(names)))
    assert not off_by_mm(reading, motion) and not reading.notes


def test_twist_bones_fingers_and_faces_are_passed_over(tmp_path: Path):
    motion = swaying()
    names = TOOLS["Unreal"]
    nodes = tree(names)
    nodes = [("root", None, "pelvis"), ("pelvis", "root", "pelvis"), *nodes[1:]]
    for side, letter in (("left", "l"), ("right", "r")):
        nodes += [
            (f"thigh_twist_01_{letter}", f"thigh_{letter}", f"{side}_hip>{side}_knee:0.5"),
            (f"calf_twist_01_{letter}", f"calf_{letter}", f"{side}_knee>{side}_ankle:0.5"),
            (f"upperarm_twist_01_{letter}", f"upperarm_{letter}", f"{side}_shoulder>{side}_elbow:0.5"),
            (f"index_01_{letter}", f"hand_{letter}", f"{side}_wrist>{side}_elbow:-0.3"),
            (f"thumb_01_{letter}", f"hand_{letter}", f"{side}_wrist>{side}_elbow:-0.2"),
            (f"eye_{letter}", "head", "head>neck:-0.5"),
        ]
    nodes += [
        ("ik_foot_root", "root", "pelvis"),
        ("ik_foot_l", "ik_foot_root", "left_ankle"),
        ("jaw", "head", "head>neck:-0.1"),
    ]
    reading = written(tmp_path, foreign_bvh(motion, nodes))
    assert not off_by_mm(reading, motion) and not reading.notes


def test_of_more_spine_bones_those_near_ours_are_taken(tmp_path: Path):
    motion = swaying()
    names = TOOLS["Unreal"] | {"spine3": "spine_04"}
    nodes = [node for node in tree(names) if node[0] not in ("spine_02", "spine_04")]
    at = next(index for index, node in enumerate(nodes) if node[0] == "spine_01") + 1
    nodes[at:at] = [
        ("spine_02", "spine_01", "spine2"),
        ("spine_03", "spine_02", "spine2>spine3:0.5"),
        ("spine_04", "spine_03", "spine3"),
        ("spine_05", "spine_04", "spine3>neck:0.6"),
    ]
    nodes = [
        (name, "spine_05" if name in ("neck_01", "clavicle_l", "clavicle_r") else up, ours) for name, up, ours in nodes
    ]
    reading = written(tmp_path, foreign_bvh(motion, nodes))
    assert not off_by_mm(reading, motion) and not reading.notes
    assert reading.matches[0].found["spine2"] == "spine_02" and reading.matches[0].found["spine3"] == "spine_04"


@pytest.mark.parametrize(
    "without",
    [
        ("left_foot", "right_foot"),
        ("left_collar", "right_collar"),
        ("neck",),
        ("spine2",),
        ("spine2", "spine3"),
        ("spine1", "spine2", "spine3"),
        ("left_foot", "right_foot", "left_collar", "right_collar", "neck", "spine2"),
    ],
    ids="-".join,
)
@pytest.mark.parametrize("tool", ["Unity", "VRM", "ASF"])
def test_joints_that_a_skeleton_lacks_are_filled_in_and_told(tmp_path: Path, tool: str, without: tuple[str, ...]):
    motion = swaying()
    reading = written(tmp_path, foreign_bvh(motion, tree(TOOLS[tool], without)))
    error = 1000 * np.linalg.norm(reading.motions[0].positions - motion.positions, axis=-1).mean(0)
    assert all(name in " ".join(reading.notes) for name in without)
    # The joints that are there may be a little off where the body bends between those of the file.
    assert error[[JOINT[name] for name in without]].max() < 80


def test_toes_are_taken_from_an_end_site_that_shows_a_foot(tmp_path: Path):
    motion = swaying()
    nodes = tree(MIXAMO, ("left_foot", "right_foot"))
    text = foreign_bvh(motion, nodes, {"LeftFoot": (0, -3, 12), "RightFoot": (0, -3, 12)})
    reading = written(tmp_path, text)
    assert "left_foot and right_foot" in reading.notes[0] and "end site" in reading.notes[0]
    feet = reading.motions[0].positions[:, [10, 11]] - reading.motions[0].positions[:, [7, 8]]
    np.testing.assert_allclose(np.linalg.norm(feet, axis=-1), np.hypot(0.03, 0.12), atol=1e-4)
    # One that goes on down the shin shows none; such a foot is as long, and points ahead.
    reading = written(tmp_path, foreign_bvh(motion, nodes, {"LeftFoot": (0, -8, 0), "RightFoot": (0, -8, 0)}))
    assert "placed ahead" in reading.notes[0]


@pytest.mark.parametrize(
    "without", [(), ("left_collar", "right_collar"), ("left_foot", "right_foot"), ("spine2", "neck")]
)
def test_a_skeleton_whose_names_say_nothing_is_told_by_its_shape(tmp_path: Path, without: tuple[str, ...]):
    motion = swaying()
    names = {joint: f"joint_{(7 * index) % 22}" for index, joint in enumerate(JOINT_NAMES)}
    ends = {names[f"{side}_ankle"]: (0, -3, 12) for side in ("left", "right")}
    reading = written(tmp_path, foreign_bvh(motion, tree(names, without), ends))
    assert reading.matches[0].family == "shape"
    assert "guessed" in reading.notes[0] and f"left_knee = {names['left_knee']}" in reading.notes[0]
    limbs = [joint for joint in JOINT_NAMES if "_" in joint and joint not in without]
    assert {joint: reading.matches[0].found[joint] for joint in limbs} == {joint: names[joint] for joint in limbs}


def test_the_left_side_is_found_on_a_reflected_skeleton_too(tmp_path: Path):
    motion = swaying()
    names = {joint: f"b{index}" for index, joint in enumerate(JOINT_NAMES)}
    reflected = motion.with_positions(mirrored(motion.positions))
    reading = written(tmp_path, foreign_bvh(reflected, tree(names)))
    assert reading.matches[0].found["left_hip"] == names["left_hip"]


def test_without_feet_the_rest_pose_tells_the_left_side(tmp_path: Path):
    names = {joint: f"b{index}" for index, joint in enumerate(JOINT_NAMES)}
    reading = written(tmp_path, foreign_bvh(swaying(), tree(names, ("left_foot", "right_foot"))))
    assert reading.matches[0].found["left_hip"] == names["left_hip"]


def test_the_user_can_name_the_joints(tmp_path: Path):
    motion = swaying()
    names = {joint: f"b{index}" for index, joint in enumerate(JOINT_NAMES)}
    lines = [f'{joint} = "{name}"' for joint, name in names.items()]
    (tmp_path / "map.toml").write_text("\n".join(["[names]", *lines]), encoding="utf-8")
    text = foreign_bvh(motion, tree(names))
    reading = written(tmp_path, text, ReadOptions(names=tmp_path / "map.toml"))
    assert not off_by_mm(reading, motion) and reading.matches[0].family == "user" and not reading.notes
    (tmp_path / "map.toml").write_text('left_hip = "b2"\nright_hip = "b1"', encoding="utf-8")
    reading = written(tmp_path, foreign_bvh(motion, tree(MIXAMO | {"left_hip": "b1", "right_hip": "b2"})))
    assert not off_by_mm(reading, motion)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('left_flipper = "a"', "left_flipper.*must be one of pelvis"),
        ('left_hip = "nothing"', "'nothing', which the file does not have; must be one of Hips"),
        ('left_hip = "RightUpLeg"', "is 'RightUpLeg', as is right_hip; name both"),
        ("left_hip = 3", "left_hip = "),
        ("left_hip", "cannot be read as TOML"),
    ],
)
def test_wrong_names_are_refused(tmp_path: Path, content: str, message: str):
    (tmp_path / "map.toml").write_text(content, encoding="utf-8")
    text = foreign_bvh(swaying(frames=8), tree(MIXAMO))
    with pytest.raises(InvalidInput, match=message):
        written(tmp_path, text, ReadOptions(names=tmp_path / "map.toml"))
    with pytest.raises(NotFound, match=r"none\.toml"):
        written(tmp_path, text, ReadOptions(names=tmp_path / "none.toml"))


def test_what_is_no_body_is_refused_with_what_it_lacks(tmp_path: Path):
    without = tuple(
        joint for joint in JOINT_NAMES if joint.startswith("right") and "hip" not in joint and "knee" not in joint
    )
    with pytest.raises(InvalidInput, match=r"lacks .*right_shoulder.*a body has at least hips"):
        written(tmp_path, foreign_bvh(swaying(frames=8), tree(MIXAMO, without)))


@pytest.mark.parametrize("tool", [tool for tool in TOOLS if tool != "Rigify"])
def test_names_alone_are_enough_for_arrays_with_joint_names(tool: str):
    blends = match_joints(["extra", *TOOLS[tool].values()])
    assert {joint: blend[0][0] for joint, blend in zip(JOINT_NAMES, blends, strict=True)} == TOOLS[tool]
