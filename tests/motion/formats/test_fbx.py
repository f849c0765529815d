"""FBX files: skeletons of any tool, with the unit, the axes and the rate that the file states."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fbx_writer import FbxScene, binary, skeleton, still, text
from rig_files import MIXAMO
from scipy.spatial.transform import Rotation
from swaying_body import swaying

from motion.errors import InvalidInput, NotFound
from motion.formats.files import output_for, read_file
from motion.formats.inspection import inspect_file
from motion.formats.motion_file import MotionFile
from motion.formats.read_options import DEFAULT_OPTIONS, ReadOptions
from motion.formats.scenes import fbx

pytest.importorskip("ufbx")

FRAMES = 30
MOTION = swaying(FRAMES)
ONE_POSE = [replace(joint, steps=joint.steps[:1], angles=joint.angles[:1]) for joint in skeleton(MOTION)]


def read(folder: Path, content: bytes | FbxScene, options: ReadOptions = DEFAULT_OPTIONS) -> MotionFile:
    (folder / "take.fbx").write_bytes(binary(content) if isinstance(content, FbxScene) else content)
    return read_file(folder / "take.fbx", options=options)


def distance_m(file: MotionFile, motion=MOTION) -> float:
    (read_motion,) = file.motions.motions
    return float(np.linalg.norm(read_motion.positions - motion.positions, axis=-1).max())


@pytest.mark.parametrize("write", [text, binary])
def test_text_and_binary_files_give_the_joints_where_they_are(tmp_path: Path, write):
    file = read(tmp_path, write(FbxScene(skeleton(MOTION))))
    assert distance_m(file) < 1e-5
    assert file.layout == "fbx" and file.motions.motions[0].name == "take"


@pytest.mark.parametrize("prefix", ["", "mixamorig:", "Character1:"])
def test_skeletons_are_found_by_the_names_of_other_tools(tmp_path: Path, prefix: str):
    file = read(tmp_path, FbxScene(skeleton(MOTION, [prefix + name for name in MIXAMO])))
    assert distance_m(file) < 1e-5
    assert inspect_file(file).joints["left_knee"] == f"{prefix}LeftLeg"


@pytest.mark.parametrize(
    ("unit_m", "name"), [(1.0, "metres"), (0.01, "centimetres"), (0.001, "mm"), (0.0254, "inches")]
)
def test_the_unit_is_the_one_that_the_file_states_and_is_told(tmp_path: Path, unit_m: float, name: str):
    file = read(tmp_path, FbxScene(skeleton(MOTION, unit_m=unit_m), unit_cm=100 * unit_m))
    assert distance_m(file) < 1e-5
    told = {"mm": "millimetres"}.get(name, name)
    assert told in file.facts["unit"] and any(f"states {told}" in note for note in file.notes)


def test_a_stated_unit_that_makes_no_person_is_not_believed(tmp_path: Path):
    file = read(tmp_path, FbxScene(skeleton(MOTION, unit_m=1.0), unit_cm=1.0))
    assert distance_m(file) < 1e-5
    assert any("states centimetres" in note and "read as metres" in note for note in file.notes)


def test_the_user_knows_the_unit_better(tmp_path: Path):
    small = replace(MOTION, positions=MOTION.positions * np.float32(0.4))
    file = read(tmp_path, FbxScene(skeleton(small, unit_m=1.0), unit_cm=1.0), ReadOptions(unit="m"))
    assert distance_m(file, small) < 1e-5


@pytest.mark.parametrize(
    "axes",
    [((1, 1), (2, 1), (0, 1)), ((2, 1), (1, -1), (0, 1)), ((2, 1), (0, 1), (1, 1)), ((1, -1), (2, -1), (0, 1))],
)
def test_the_axes_are_those_that_the_file_states(tmp_path: Path, axes):
    to_file = np.zeros((3, 3))
    for ours, (axis, sign) in zip((1, 2, 0), axes, strict=True):
        to_file[axis, ours] = sign
    turned = MOTION.with_positions(MOTION.positions @ to_file.T)
    file = read(tmp_path, FbxScene(skeleton(turned), axes=axes))
    assert distance_m(file) < 1e-5
    up = ("" if axes[0][1] > 0 else "-") + "XYZ"[axes[0][0]]
    assert file.facts["up"] == f"{up} (stated)"


def test_the_user_knows_the_axis_better(tmp_path: Path):
    lying = MOTION.with_positions(MOTION.positions[..., [0, 2, 1]] * np.float32([1, -1, 1]))  # Z is up
    file = read(tmp_path, FbxScene(skeleton(lying)), ReadOptions(up="z"))
    assert distance_m(file) < 1e-5


@pytest.mark.parametrize("fps", [24.0, 29.97, 60.0, 120.0])
def test_the_rate_is_the_one_that_the_file_states(tmp_path: Path, fps: float):
    motion = swaying(FRAMES, fps=fps)
    file = read(tmp_path, FbxScene(skeleton(motion), fps=fps, start_s=0.5))
    assert file.motions.motions[0].fps == pytest.approx(fps)
    assert len(file.motions.motions[0]) == FRAMES
    assert distance_m(file, motion) < 1e-4


def test_keys_are_sampled_at_the_rate_that_the_user_names(tmp_path: Path):
    file = read(tmp_path, FbxScene(skeleton(MOTION)), ReadOptions(input_fps=40))
    (motion,) = file.motions.motions
    assert motion.fps == 40 and len(motion) == 2 * FRAMES - 1
    assert np.linalg.norm(motion.positions[::2] - MOTION.positions, axis=-1).max() < 1e-5


def test_pre_rotations_of_joints_are_applied(tmp_path: Path):
    turn = Rotation.from_euler("xyz", [10, -20, 30], degrees=True)
    joints = skeleton(MOTION)
    for index, joint in enumerate(joints):
        local = Rotation.from_euler("xyz", joint.angles, degrees=True)
        angles = np.unwrap((turn.inv() * local).as_euler("xyz", degrees=True), axis=0, period=360.0)
        joints[index] = replace(joint, angles=angles, pre_rotation=(10.0, -20.0, 30.0))
    assert distance_m(read(tmp_path, FbxScene(joints))) < 1e-5


def test_the_first_take_is_read_and_the_others_are_named(tmp_path: Path):
    file = read(tmp_path, FbxScene(skeleton(MOTION), takes=["walk", "run", "idle"]))
    assert distance_m(file) < 1e-5
    assert any("'walk' was read" in note and "'run', 'idle'" in note for note in file.notes)


def test_what_holds_a_skeleton_does_not_disturb(tmp_path: Path):
    holder = [still("Armature", frames=FRAMES), still("Camera", frames=FRAMES, kind="Camera")]
    file = read(tmp_path, FbxScene([*holder, *skeleton(MOTION, top=0, first=2)]))
    assert distance_m(file) < 1e-5


@pytest.mark.parametrize("kind", ["Null", "hips"])
def test_joints_that_are_plain_nodes_are_found(tmp_path: Path, kind: str):
    joints = skeleton(MOTION, MIXAMO)
    joints = [replace(each, kind="Null") if kind == "Null" or index == 0 else each for index, each in enumerate(joints)]
    assert distance_m(read(tmp_path, FbxScene(joints))) < 1e-5


def test_several_skeletons_are_several_motions(tmp_path: Path):
    other = swaying(FRAMES, seed=4)
    second = skeleton(other, [f"B:{name}" for name in MIXAMO], first=22)
    file = read(tmp_path, FbxScene([*skeleton(MOTION), *second, still("IK", frames=FRAMES, kind="LimbNode")]))
    assert file.motions.ids == ["take_1", "take_2"] and not file.single
    for motion, expected in zip(file.motions, (MOTION, other), strict=True):
        assert np.linalg.norm(motion.positions - expected.positions, axis=-1).max() < 1e-5
    assert any("2 bodies" in note for note in file.notes) and any("'IK' is no body" in note for note in file.notes)


def test_without_a_suffix_the_motion_is_written_as_bvh(tmp_path: Path):
    file = read(tmp_path, FbxScene(skeleton(MOTION)))
    (tmp_path / "out").mkdir()
    assert output_for(file, tmp_path / "fixed").path == tmp_path / "fixed.bvh"
    assert output_for(file, tmp_path / "out").path == tmp_path / "out" / "take.bvh"


def test_a_folder_may_hold_fbx_files(tmp_path: Path):
    read(tmp_path, FbxScene(skeleton(MOTION)))
    assert read_file(tmp_path).motions.ids == ["take"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no FBX file"),
        (b"solid cube of another format", "no FBX file"),
        (binary(FbxScene(skeleton(MOTION)))[:4000], "cannot be read as FBX"),
        (text(FbxScene(skeleton(MOTION)))[:9000], "cannot be read as FBX"),
        (FbxScene([still("cube", frames=FRAMES, kind="Mesh")]), "no body"),
        (FbxScene(skeleton(MOTION), takes=()), "no animation"),
        (FbxScene(ONE_POSE), "no animation"),
        (FbxScene(skeleton(MOTION)[:5]), "no body"),
        (FbxScene(skeleton(MOTION, [f"n{index}" for index in range(22)])[:12]), "skeleton"),
        (FbxScene(skeleton(MOTION), fps=1e-3), "must be at most"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path, content: bytes | FbxScene, reason: str):
    with pytest.raises(InvalidInput, match=reason) as refused:
        read(tmp_path, content)
    assert "\n" not in str(refused.value) and str(tmp_path / "take.fbx") in str(refused.value)


def test_a_file_that_does_not_exist_is_said_to_be_missing(tmp_path: Path):
    with pytest.raises(NotFound):
        read_file(tmp_path / "none.fbx")


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fbx, "MAX_FBX_BYTES", 1000)
    with pytest.raises(InvalidInput, match="must have at most 1000"):
        read(tmp_path, FbxScene(skeleton(MOTION)))


def test_a_crash_of_the_library_is_told_and_survived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def crashed(*_args, **_options):
        return subprocess.CompletedProcess([], -11, b"", b"Segmentation fault")

    monkeypatch.setattr(subprocess, "run", crashed)
    with pytest.raises(InvalidInput, match="ended with status -11"):
        read(tmp_path, FbxScene(skeleton(MOTION)))


def test_without_the_library_the_extra_is_named(tmp_path: Path):
    (tmp_path / "take.fbx").write_bytes(binary(FbxScene(skeleton(MOTION))))
    code = (
        "import sys; sys.modules['ufbx'] = None\nfrom motion.cli import main\n"
        f"main(['inspect', {str(tmp_path / 'take.fbx')!r}])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 2
    assert ended.stderr.endswith("reading .fbx files needs it: pip install 'plumb-motion[fbx]'\n")
