"""Binary glTF files of any tool are read: names, holders, units of nodes, interpolation, several animations."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from glb_reader import Glb
from rig_files import MIXAMO
from swaying_body import swaying, swaying_set

from motion import kinematics
from motion.errors import InvalidInput
from motion.formats.files import output_for, read_file
from motion.formats.glb import format_glb
from motion.formats.motion_file import MotionFile
from motion.formats.read_options import DEFAULT_OPTIONS, ReadOptions
from motion.motion import Motion

MOTION = swaying(30)


def packed(document: dict[str, Any], binary: bytes) -> bytes:
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(binary), 0x004E4942) + binary
    return struct.pack("<III", 0x46546C67, 2, 12 + len(body)) + body


def read(folder: Path, data: bytes, options: ReadOptions = DEFAULT_OPTIONS) -> MotionFile:
    (folder / "a.glb").write_bytes(data)
    return read_file(folder / "a.glb", options=options)


def changed(motion: Motion = MOTION, **lists: Any) -> bytes:
    glb = Glb(format_glb(motion))
    return packed(glb.document | lists, glb.binary)


def document_of(motion: Motion = MOTION) -> tuple[dict[str, Any], bytes]:
    glb = Glb(format_glb(motion))
    return glb.document, glb.binary


def distance_m(file: MotionFile, motion: Motion = MOTION) -> float:
    (got,) = file.motions.motions
    return float(np.linalg.norm(got.positions - motion.positions, axis=-1).max())


def test_a_set_comes_back_with_its_names_rates_and_lengths(tmp_path: Path):
    motions = swaying_set()
    file = read(tmp_path, format_glb(*motions))
    assert file.motions.ids == motions.ids and not file.single
    for back, motion in zip(file.motions, motions, strict=True):
        assert back.fps == motion.fps
        assert np.linalg.norm(back.positions - motion.positions, axis=-1).max() < 1e-4


def test_skeletons_of_other_tools_are_found_by_name(tmp_path: Path):
    document, binary = document_of()
    for node, name in zip(document["nodes"], MIXAMO, strict=False):
        node["name"] = f"mixamorig:{name}"
    file = read(tmp_path, packed(document, binary))
    assert distance_m(file) < 1e-4
    assert file.joints["left_knee"] == "mixamorig:LeftLeg"


def test_what_holds_a_skeleton_turns_and_scales_it(tmp_path: Path):
    # As Blender writes what Mixamo made: joints in centimetres, Z up, under a node that turns and shrinks them.
    turned = MOTION.positions[..., [0, 2, 1]] * np.float32([1, -1, 1]) * 100
    document, binary = document_of(MOTION.with_positions(turned))
    quarter = np.sqrt(0.5)
    document["nodes"].append({"children": [0], "scale": [0.01] * 3, "rotation": [-quarter, 0, 0, quarter]})
    assert distance_m(read(tmp_path, packed(document, binary))) < 1e-4


def test_nodes_may_have_matrices_and_stand_in_any_order(tmp_path: Path):
    document, binary = document_of()
    matrix = np.eye(4)
    matrix[:3, 3] = (1, 0, 2)
    document["nodes"].append({"children": [0], "matrix": matrix.T.reshape(-1).tolist()})
    moved = MOTION.with_positions(MOTION.positions + np.float32([1, 0, 2]))
    assert distance_m(read(tmp_path, packed(document, binary)), moved) < 1e-4


@pytest.mark.parametrize("rate", [12.0, 24.0, 29.97, 60.0, 120.0])
def test_the_rate_is_that_of_the_keys(tmp_path: Path, rate: float):
    motion = swaying(50, fps=rate)
    file = read(tmp_path, format_glb(motion))
    assert file.motions.motions[0].fps == pytest.approx(rate, rel=1e-4)
    assert distance_m(file, motion) < 1e-4
    assert "that of its keys" in file.facts["rate"]


def test_the_user_names_the_rate_of_sampling(tmp_path: Path):
    (motion,) = read(tmp_path, format_glb(MOTION), ReadOptions(input_fps=40)).motions.motions
    assert motion.fps == 40 and len(motion) == 2 * len(MOTION) - 1
    assert np.linalg.norm(motion.positions[::2] - MOTION.positions, axis=-1).max() < 1e-4


def cubic(document: dict[str, Any], binary: bytes) -> bytes:
    """Give all channels cubic interpolation with tangents of zero."""
    data = bytearray(binary)
    for sampler in document["animations"][0]["samplers"]:
        accessor = document["accessors"][sampler["output"]]
        view = document["bufferViews"][accessor["bufferView"]]
        columns = view["byteLength"] // accessor["count"] // 4
        start = view["byteOffset"]
        values = np.frombuffer(binary, "<f4", accessor["count"] * columns, start).reshape(-1, columns)
        keys = np.zeros((len(values), 3, columns), "<f4")
        keys[:, 1] = values
        accessor["bufferView"], accessor["count"] = len(document["bufferViews"]), 3 * accessor["count"]
        document["bufferViews"].append({"buffer": 0, "byteOffset": len(data), "byteLength": keys.nbytes})
        data += keys.tobytes()
        sampler["interpolation"] = "CUBICSPLINE"
    return bytes(data)


@pytest.mark.parametrize("how", ["STEP", "CUBICSPLINE"])
def test_keys_are_met_whatever_lies_between_them(tmp_path: Path, how: str):
    document, binary = document_of()
    if how == "CUBICSPLINE":
        binary = cubic(document, binary)
    for sampler in document["animations"][0]["samplers"]:
        sampler["interpolation"] = how
    document["buffers"] = [{"byteLength": len(binary)}]
    file = read(tmp_path, packed(document, binary), ReadOptions(input_fps=20))
    # STEP holds a key until the next: 32-bit times may lie just before it.
    got = file.motions.motions[0].positions
    error = np.linalg.norm(got - MOTION.positions, axis=-1).max(axis=1)
    assert np.median(error) < 1e-4 if how == "STEP" else error.max() < 1e-4


def test_cubic_interpolation_is_the_one_of_the_specification(tmp_path: Path):
    document, binary = document_of()
    binary = cubic(document, binary)
    document["buffers"] = [{"byteLength": len(binary)}]
    (motion,) = read(tmp_path, packed(document, binary), ReadOptions(input_fps=80)).motions.motions
    # With tangents of zero, a quarter of the way is 3/16 - 2/64 of the step.
    root = MOTION.positions[:, 0].astype(float)
    expected = root[:-1] + (3 / 16 - 2 / 64) * np.diff(root, axis=0)
    assert np.abs(motion.positions[1::4, 0] - expected).max() < 1e-5


def test_joints_without_a_skin_are_found(tmp_path: Path):
    document, binary = document_of()
    del document["skins"], document["nodes"][22]["skin"]
    assert distance_m(read(tmp_path, packed(document, binary))) < 1e-4


def test_without_a_suffix_it_stays_a_glb_file(tmp_path: Path):
    file = read(tmp_path, format_glb(MOTION))
    output_for(file, tmp_path / "fixed").write(file.motions)
    assert (tmp_path / "fixed.glb").exists()


def test_a_glb_file_beside_its_motion_in_a_folder_is_not_a_second_one(tmp_path: Path):
    read(tmp_path, format_glb(MOTION))
    assert read_file(tmp_path).motions.ids == ["a"]
    np.save(tmp_path / "a.npy", MOTION.positions)
    assert read_file(tmp_path).motions.ids == ["a"]


def broken(**changes: Any) -> bytes:
    document, binary = document_of()
    for path, value in changes.items():
        *keys, last = path.split("__")
        place: Any = document
        for key in keys:
            place = place[int(key) if key.isdigit() else key]
        place[int(last) if last.isdigit() else last] = value
    return packed(document, binary)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is no .glb file"),
        (b"PK\3\4 something else entirely", "is no .glb file"),
        (format_glb(MOTION)[:3000], "truncated"),
        (struct.pack("<IIIII", 0x46546C67, 1, 20, 0, 0), "version 1"),
        (broken(animations=[]), "no animation"),
        (broken(nodes=[]), "no animation|no tree"),
        (broken(accessors=[]), "accessors"),
        (broken(accessors__6__count=-1), "for a size"),
        (broken(buffers__0__uri="other.bin"), "other files"),
        (broken(nodes__1__children=[0]), "no tree|two parents"),
        (broken(nodes__0__children="abc"), "damaged"),
        (broken(skins=5), "damaged"),
        (broken(nodes__0__rotation=[1, 2]), "damaged"),
        (packed({"nodes": [{}], "animations": [{}]}, b""), "no animation"),
        (broken(nodes=[{"name": str(index)} for index in range(6000)]), "must be at most 5000"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path, data: bytes, reason: str):
    with pytest.raises(InvalidInput, match=reason) as refused:
        read(tmp_path, data)
    assert "\n" not in str(refused.value) and str(tmp_path / "a.glb") in str(refused.value)


@pytest.mark.parametrize("name", ["a.glb", "a.fbx", "a.npz", "a.bvh", "a.npy"])
def test_a_pointer_of_git_lfs_is_recognized(tmp_path: Path, name: str):
    (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n")
    with pytest.raises(InvalidInput, match="pointer of Git LFS"):
        read_file(tmp_path / name)


def test_the_pose_without_animation_is_not_taken_for_motion(tmp_path: Path):
    document, binary = document_of()
    for channel in list(document["animations"][0]["channels"]):
        if channel["target"]["node"] == 4:
            document["animations"][0]["channels"].remove(channel)
    file = read(tmp_path, packed(document, binary))
    (got,) = file.motions.motions
    offsets = kinematics.estimate_offsets(got.positions.astype(float))
    assert np.isfinite(offsets).all() and distance_m(file) > 0.01
