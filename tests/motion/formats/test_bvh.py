"""BVH files are read back as they were written, and BVH files of other tools are understood."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from swaying_body import swaying

from motion.errors import InvalidInput, NotFound
from motion.formats.bvh import format_bvh, read_bvh, write_bvh
from motion.formats.packed import read_packed
from motion.formats.rigs.bvh_document import parse_bvh
from motion.formats.rigs.bvh_reading import read_bvh_file
from motion.motion import Motion
from motion.skeleton import JOINT_NAMES


def largest_error(a: Motion, b: Motion) -> float:
    return float(np.linalg.norm(a.positions - b.positions, axis=-1).max())


@pytest.mark.parametrize("fps", [20.0, 29.97, 30.0, 60.0, 120.0])
def test_rigid_motion_is_recovered_from_rotations_alone(tmp_path: Path, fps: float):
    motion = swaying(fps=fps)
    write_bvh(tmp_path / "a.bvh", motion)
    again = read_bvh(tmp_path / "a.bvh")
    assert largest_error(again, motion) < 1e-3
    assert again.fps == pytest.approx(fps, rel=1e-6) and again.name == "a"
    document = parse_bvh((tmp_path / "a.bvh").read_text())
    assert [len(node.channels) for node in document.nodes] == [6] + [3] * 21


def test_bones_that_change_length_are_recovered(tmp_path: Path):
    motion = swaying()
    noise = np.random.default_rng(1).normal(scale=0.02, size=motion.positions.shape)
    motion = motion.with_positions(motion.positions + noise)
    write_bvh(tmp_path / "a.bvh", motion)
    assert largest_error(read_bvh(tmp_path / "a.bvh"), motion) < 1e-4


def test_real_and_generated_motion_is_recovered_within_a_millimetre(data_dir: Path, tmp_path: Path):
    for name in ("generated", "test"):
        for motion in list(read_packed(data_dir / name))[::4]:
            write_bvh(tmp_path / "a.bvh", motion)
            assert largest_error(read_bvh(tmp_path / "a.bvh"), motion) < 1e-3, motion.name


def test_equal_motions_give_equal_bytes():
    assert format_bvh(swaying()) == format_bvh(swaying(name="another name"))


def test_angles_do_not_jump_by_360_degrees_when_a_body_keeps_rotating():
    motion = swaying(frames=300)  # rotates nearly twice about itself
    heading = parse_bvh(format_bvh(motion)).values[:, 5]
    assert np.abs(np.diff(heading)).max() < 20 and np.ptp(heading) > 600


CHAIN = """HIERARCHY
ROOT a
{
 OFFSET 0 0 0
 CHANNELS 6 Xposition Yposition Zposition Yrotation Xrotation Zrotation
 JOINT b
 {
  OFFSET 1 0 0
  CHANNELS 3 Zrotation Xrotation Yrotation
  JOINT c
  {
   OFFSET 0 2 0
   CHANNELS 1 Xrotation
   End Site
   {
    OFFSET 0 1 0
   }
  }
 }
}
MOTION
Frames: 2
Frame Time: 0.05
0 0 0 0 0 0 0 0 0 0
5 6 7 90 0 0 90 0 0 0
"""


def test_rotations_are_applied_in_the_order_of_their_channels():
    positions = parse_bvh(CHAIN).positions()
    np.testing.assert_allclose(positions[0], [[0, 0, 0], [1, 0, 0], [1, 2, 0]], atol=1e-9)
    # The root's rotation about Y maps X to -Z. Below it, the rotation about Z maps Y to -X, which the root maps to +Z.
    np.testing.assert_allclose(positions[1], [[5, 6, 7], [5, 6, 6], [5, 6, 8]], atol=1e-9)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda text: text.replace("HIERARCHY", ""), "HIERARCHY"),
        (lambda text: text[: text.index("MOTION")], "MOTION: is missing"),
        (lambda text: text[: text.index("JOINT c") + 20], "MOTION: is missing"),
        (lambda text: text.rsplit(" ", 3)[0], "17 numbers; 2 frames of 10 channels need 20"),
        (lambda text: text.replace("90", "ninety"), "not a number"),
        (lambda text: text.replace("Frames: 2", "Frames: 0"), "Frames"),
        (lambda text: text.replace("Frames: 2", "Frames: nan"), "Frames"),
        (lambda text: text.replace("0.05", "0"), "Frame Time"),
        (lambda text: text.replace("0.05", "1e-320"), "Frame Time"),
        (lambda text: text.replace("CHANNELS 1", "CHANNELS inf"), "CHANNELS: is 'inf'"),
        (lambda text: text.replace("}\n}\nMOTION", "}\nMOTION"), "braces"),
        (lambda text: text.replace("Zrotation", "Wrotation"), "CHANNELS of a"),
        (lambda text: text.replace("OFFSET 1", "OFFSET one"), "'one'"),
        (lambda text: text.replace("CHANNELS 1 X", "CHANNELS X"), "CHANNELS"),
    ],
)
def test_broken_bvh_files_are_refused(edit, message: str):
    with pytest.raises(InvalidInput, match=message):
        parse_bvh(edit(CHAIN))


@pytest.mark.parametrize("unit", [1.0, 0.01, 0.001, 0.0254, 0.0254 / 0.45])
def test_the_unit_is_found_from_the_length_of_the_legs(tmp_path: Path, unit: float):
    motion = swaying()
    text = format_bvh(Motion(motion.positions * (0.01 / unit)))
    (tmp_path / "a.bvh").write_text(text)
    assert largest_error(read_bvh(tmp_path / "a.bvh"), motion) < 2e-3


@pytest.mark.parametrize("size", [0.02, 17.0])
def test_bodies_whose_size_fits_no_unit_are_refused(tmp_path: Path, size: float):
    write_bvh(tmp_path / "a.bvh", Motion(swaying().positions * size))
    with pytest.raises(InvalidInput, match=r"a\.bvh.*legs"):
        read_bvh(tmp_path / "a.bvh")


def test_the_error_about_an_unknown_skeleton_says_what_a_body_has(tmp_path: Path):
    (tmp_path / "a.bvh").write_text(CHAIN)
    with pytest.raises(InvalidInput, match=r"has 3 joints \(a, b, c\), in which no body is found"):
        read_bvh(tmp_path / "a.bvh")
    text = format_bvh(swaying()).replace("JOINT left_foot", "JOINT flipper")
    (tmp_path / "a.bvh").write_text(text)
    assert "left_foot = flipper" in read_bvh_file(tmp_path / "a.bvh").notes[0]


def test_joints_are_recognized_under_other_names(tmp_path: Path):
    motion = swaying()
    mixamo = (
        "Hips LeftUpLeg RightUpLeg Spine LeftLeg RightLeg Spine1 LeftFoot RightFoot Spine2 LeftToeBase RightToeBase "
        "Neck LeftShoulder RightShoulder Head LeftArm RightArm LeftForeArm RightForeArm LeftHand RightHand"
    ).split()
    lines = []
    for line in format_bvh(motion).splitlines():
        word, _, name = line.strip().partition(" ")
        if word in ("ROOT", "JOINT"):
            line = f"{word} mixamorig:{mixamo[JOINT_NAMES.index(name)]}"
        lines.append(line)
    (tmp_path / "a.bvh").write_text("\n".join(lines))
    assert largest_error(read_bvh(tmp_path / "a.bvh"), motion) < 1e-3


def test_missing_and_unreadable_bvh_files_are_refused(tmp_path: Path):
    with pytest.raises(NotFound, match="does not exist"):
        read_bvh(tmp_path / "a.bvh")
    (tmp_path / "a.bvh").write_bytes(b"\xff\xfe\x00binary")
    with pytest.raises(InvalidInput, match="as text"):
        read_bvh(tmp_path / "a.bvh")
    broken = swaying().positions.copy()
    broken[3, 4] = np.nan
    with pytest.raises(InvalidInput, match="not finite"):
        write_bvh(tmp_path / "b.bvh", Motion(broken))
    assert not (tmp_path / "b.bvh").exists()
