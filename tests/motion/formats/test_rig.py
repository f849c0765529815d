"""A motion comes back on the rig that it came on, and can be put on another one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rig_files import changed, rig_text
from swaying_body import swaying

from motion import rotation
from motion.errors import InvalidInput
from motion.formats.files import output_for, read_file, read_rig, write_motion
from motion.formats.motion_file import MotionFile
from motion.formats.rigs.bvh_document import BvhDocument, parse_bvh
from motion.motion import Motion
from motion.resample import resample_motion
from motion.skeleton import mirrored

RIGS = [
    {},
    {"order": "XYZ", "unit_m": 1.0},
    {"order": "YZX", "unit_m": 0.0254},
    {"order": "ZYX", "with_root": True},
    {"moving": True},
    {"knee_axes": "X"},
]


def written(tmp_path: Path, **kind: object) -> tuple[MotionFile, BvhDocument, str]:
    text = rig_text(**kind)  # pyright: ignore[reportArgumentType]
    (tmp_path / "rig.bvh").write_text(text)
    return read_file(tmp_path / "rig.bvh"), parse_bvh(text), text


def back(tmp_path: Path, source: MotionFile, motion: Motion) -> tuple[BvhDocument, str, list[str]]:
    output = output_for(source, tmp_path / "back.bvh")
    output.write(source.motions.with_motions([motion]))
    text = (tmp_path / "back.bvh").read_text()
    return parse_bvh(text), text, output.notes


def columns_of(document: BvhDocument, name: str) -> slice:
    start = 0
    for node in document.nodes:
        if node.name == name:
            return slice(start, start + len(node.channels))
        start += len(node.channels)
    raise AssertionError(name)


def largest_error(a: Motion, b: Motion) -> float:
    return float(np.linalg.norm(a.positions - b.positions, axis=-1).max())


@pytest.mark.parametrize("kind", RIGS)
def test_an_untouched_motion_comes_back_as_the_same_file(tmp_path: Path, kind: dict):
    source, document, text = written(tmp_path, **kind)
    again, back_text, notes = back(tmp_path, source, source.motions.motions[0])
    assert back_text[: back_text.index("MOTION")] == text[: text.index("MOTION")]
    np.testing.assert_allclose(again.values, document.values, atol=2e-6)
    assert again.frame_time == document.frame_time and not notes


@pytest.mark.parametrize("kind", RIGS[:5])
def test_a_corrected_motion_is_carried_within_a_tenth_of_a_millimetre(tmp_path: Path, kind: dict):
    source, document, text = written(tmp_path, **kind)
    (motion,) = source.motions.motions
    corrected = motion.with_positions(changed(motion.positions.astype(float)))
    again, back_text, notes = back(tmp_path, source, corrected)
    assert back_text[: back_text.index("MOTION")] == text[: text.index("MOTION")] and not notes
    assert largest_error(read_file(tmp_path / "back.bvh").motions.motions[0], corrected) < 1e-4
    for name in ("LeftHandIndex1", "RightHandIndex1", "HeadTop_End", "LeftHand", "Head"):
        columns = columns_of(document, name)
        np.testing.assert_allclose(again.values[:, columns], document.values[:, columns], atol=2e-6)


def test_only_the_joints_of_the_bones_that_moved_change(tmp_path: Path):
    source, document, _ = written(tmp_path)
    (motion,) = source.motions.motions
    positions = motion.positions.astype(float)
    elbow, wrist = positions[:, 18], positions[:, 20]
    positions[:, 20] = elbow + rotation.rotate(rotation.exp(np.array([0.1, 0.3, 0.2])), wrist - elbow)
    again, _, _ = back(tmp_path, source, motion.with_positions(positions))
    moved = np.abs(again.values - document.values).max(0) > 1e-4
    forearm = columns_of(document, "LeftForeArm")
    assert moved[forearm].all() and not np.delete(moved, np.arange(forearm.start, forearm.stop)).any()


def test_a_bone_keeps_its_twist(tmp_path: Path):
    text = rig_text()
    document = parse_bvh(text)
    columns = columns_of(document, "LeftForeArm")
    turned = document.values.copy()
    turned[:, columns] += [0, 70, 0]
    rows = "\n".join(" ".join(f"{value:.6f}" for value in row) for row in turned)
    (tmp_path / "rig.bvh").write_text(text[: text.index("0.05\n") + 5] + rows + "\n")
    source = read_file(tmp_path / "rig.bvh")
    (motion,) = source.motions.motions
    corrected = motion.with_positions(changed(motion.positions.astype(float), size=0.02))
    again, _, _ = back(tmp_path, source, corrected)
    assert np.abs(again.values[:, columns] - turned[:, columns]).max() < 20


def test_another_rate_resamples_the_channels_of_all_joints(tmp_path: Path):
    source, document, text = written(tmp_path)
    fast = resample_motion(source.motions.motions[0], 60)
    again, back_text, _ = back(tmp_path, source, fast)
    assert back_text[: back_text.index("MOTION")] == text[: text.index("MOTION")]
    assert again.frame_time == pytest.approx(1 / 60) and len(again.values) == len(fast)
    finger = columns_of(document, "LeftHandIndex1")
    np.testing.assert_allclose(again.values[::3, finger], document.values[: len(again.values[::3]), finger], atol=1e-3)
    assert largest_error(read_file(tmp_path / "back.bvh").motions.motions[0], fast) < 2e-3


@pytest.mark.parametrize("mirror", [False, True])
def test_the_world_of_the_file_comes_back(tmp_path: Path, mirror: bool):
    source, document, _ = written(tmp_path)
    (motion,) = source.motions.motions
    positions = mirrored(motion.positions) if mirror else motion.positions
    turned = rotation.rotate(rotation.exp(np.array([-np.pi / 2, 0.3, 0.0])), 1.7 * positions) + [0.3, 0.8, -2.0]
    read = replace(source, motions=source.motions.with_motions([motion.with_positions(turned)]))
    again, _, notes = back(tmp_path, read, read.motions.motions[0])
    np.testing.assert_allclose(again.values, document.values, atol=2e-6)
    assert not notes


def test_one_bad_frame_and_a_part_of_the_frames_do_not_matter(tmp_path: Path):
    source, document, _ = written(tmp_path)
    (motion,) = source.motions.motions
    mended = motion.positions.copy()
    mended[10] += 1.0  # what was bridged when the file was read
    part = replace(
        source,
        motions=source.motions.with_motions([motion.with_positions(mended[5:30])]),
        origins=tuple(origin and origin.cut(5, 30) for origin in source.origins),
    )
    again, _, _ = back(tmp_path, part, part.motions.motions[0])
    same = np.delete(np.arange(25), 5)
    np.testing.assert_allclose(again.values[same], document.values[5:30][same], atol=2e-6)


def test_what_the_rig_cannot_carry_is_told(tmp_path: Path):
    source, _, _ = written(tmp_path)
    (motion,) = source.motions.motions
    _, _, notes = back(tmp_path, source, motion.with_positions(1.1 * motion.positions))
    assert len(notes) == 1 and "more than 1 mm off" in notes[0]
    broken = motion.positions.copy()
    broken[3, 4] = np.nan
    with pytest.raises(InvalidInput, match="not finite"):
        back(tmp_path, source, motion.with_positions(broken))


def test_a_motion_can_be_written_on_the_rig_of_another_file(tmp_path: Path):
    _, _, text = written(tmp_path, order="XYZ", unit_m=1.0)
    rig = read_rig(tmp_path / "rig.bvh")
    positions = changed(swaying().positions.astype(float), size=0.3)
    write_motion(tmp_path / "walk.npz", Motion(positions, fps=30))
    source = read_file(tmp_path / "walk.npz")
    output = output_for(source, tmp_path / "on_rig", rig=rig)
    assert output.path.name == "on_rig.bvh"
    output.write(source.motions)
    assert (tmp_path / "on_rig.bvh").read_text()[: text.index("MOTION")] == text[: text.index("MOTION")]
    result = read_file(tmp_path / "on_rig.bvh").motions.motions[0]
    assert largest_error(result, source.motions.motions[0]) < 1e-4 and result.fps == 30
    with pytest.raises(InvalidInput, match=r"must end in \.bvh"):
        output_for(source, tmp_path / "on_rig.npz", rig=rig)
    with pytest.raises(InvalidInput, match=r"must be a \.bvh file"):
        read_rig(tmp_path / "walk.npz")


def test_a_rig_of_another_size_keeps_the_directions_of_the_bones(tmp_path: Path):
    write_motion(tmp_path / "child.bvh", Motion(0.7 * swaying().positions))
    rig = read_rig(tmp_path / "child.bvh")
    motion = Motion(changed(swaying().positions.astype(float), size=0.3))
    write_motion(tmp_path / "walk.npz", motion)
    source = read_file(tmp_path / "walk.npz")
    output = output_for(source, tmp_path / "on_rig.bvh", rig=rig)
    output.write(source.motions)
    result = read_file(tmp_path / "on_rig.bvh").motions.motions[0]
    assert largest_error(result, motion.with_positions(0.7 * motion.positions)) < 5e-4
    assert "0.7 times as long" in output.notes[0]


def test_ends_of_limbs_that_are_end_sites_are_carried_too(tmp_path: Path):
    motion = swaying()
    write_motion(tmp_path / "a.bvh", motion)
    lines = (tmp_path / "a.bvh").read_text().splitlines()
    document = parse_bvh("\n".join(lines) + "\n")
    gone = ("left_foot", "right_foot", "left_wrist", "right_wrist", "head")
    kept = np.ones(document.values.shape[1], bool)
    for name in gone:
        kept[columns_of(document, name)] = False
        start = next(number for number, line in enumerate(lines) if line.split() == ["JOINT", name])
        depth = lines[start].count("\t")
        end = next(number for number in range(start, len(lines)) if lines[number] == "\t" * depth + "}")
        offset = lines[start + 2]
        lines[start : end + 1] = ["\t" * depth + "End Site", "\t" * depth + "{", offset, "\t" * depth + "}"]
    head = lines[: next(number for number, line in enumerate(lines) if line.startswith("Frame Time")) + 1]
    rows = [" ".join(f"{value:.6f}" for value in row) for row in document.values[:, kept]]
    (tmp_path / "rig.bvh").write_text("\n".join([*head, *rows]) + "\n")
    source = read_file(tmp_path / "rig.bvh")
    (read,) = source.motions.motions
    corrected = read.with_positions(changed(read.positions.astype(float)))
    _, _, notes = back(tmp_path, source, corrected)
    assert largest_error(read_file(tmp_path / "back.bvh").motions.motions[0], corrected) < 1e-4 and not notes


def test_several_bodies_go_back_into_their_file(tmp_path: Path):
    text = rig_text()
    head, _, tail = text.partition("MOTION\n")
    body = head.replace("HIERARCHY\n", "")
    first, second, *rows = tail.splitlines()
    rows = [f"{row} {' '.join([str(float(row.split()[0]) + 150), *row.split()[1:]])}" for row in rows]
    both = "\n".join(["HIERARCHY", body + body + "MOTION", first, second, *rows]) + "\n"
    (tmp_path / "two.bvh").write_text(both)
    source = read_file(tmp_path / "two.bvh")
    assert len(source.motions) == 2
    one, other = source.motions.motions
    corrected = one.with_positions(changed(one.positions.astype(float)))
    output_for(source, tmp_path / "back.bvh").write(source.motions.with_motions([corrected, other]))
    again = read_file(tmp_path / "back.bvh").motions.motions
    assert largest_error(again[0], corrected) < 1e-4 and largest_error(again[1], other) < 1e-6
    before, after = parse_bvh(both), parse_bvh((tmp_path / "back.bvh").read_text())
    assert after.hierarchy.split() == before.hierarchy.split()
    half = before.values.shape[1] // 2
    np.testing.assert_allclose(after.values[:, half:], before.values[:, half:], atol=2e-6)


def test_a_rig_that_stands_along_another_axis_carries_the_motions_of_others(tmp_path: Path):
    _, document, text = written(tmp_path, with_root=True)
    rows = document.values.copy()
    rows[:, document.nodes[0].channels.index("Xrotation")] = 90.0  # Z is up in this file
    head = text[: text.index("0.05\n") + 5]
    (tmp_path / "rig.bvh").write_text(head + "\n".join(" ".join(f"{v:.6f}" for v in row) for row in rows) + "\n")
    motion = Motion(changed(swaying().positions.astype(float), size=0.3))
    write_motion(tmp_path / "walk.npz", motion)
    source = read_file(tmp_path / "walk.npz")
    output_for(source, tmp_path / "on_rig.bvh", rig=read_rig(tmp_path / "rig.bvh")).write(source.motions)
    assert largest_error(read_file(tmp_path / "on_rig.bvh").motions.motions[0], motion) < 1e-4
