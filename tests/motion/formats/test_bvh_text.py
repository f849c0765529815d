"""The text of `.bvh` files is read as exporters write it, and what cannot be read is refused in a sentence."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from foreign_rigs import foreign_bvh, tree
from swaying_body import swaying
from test_skeletons import MIXAMO, TOOLS

from motion.errors import InvalidInput
from motion.formats.bvh import format_bvh
from motion.formats.files import read_file
from motion.formats.rigs.bvh_reading import BvhReading, read_bvh_file
from motion.motion import Motion

MOTION = swaying(frames=10)
TEXT = foreign_bvh(MOTION, tree(MIXAMO))


def read(folder: Path, content: str | bytes) -> BvhReading:
    path = folder / "a.bvh"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_bvh_file(path)


def error_mm(motion: Motion, frames: int = 10) -> float:
    return 1000 * float(np.linalg.norm(motion.positions[:frames] - MOTION.positions[:frames], axis=-1).max())


def rows_of(text: str) -> tuple[list[str], list[str]]:
    lines = text.splitlines()
    start = lines.index("MOTION") + 3
    return lines[:start], lines[start:]


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("rotation", "Rotation").replace("position", "POSITION"),
        lambda text: text.replace("JOINT", "Joint").replace("ROOT", "root").replace("OFFSET", "Offset"),
        lambda text: text.replace("HIERARCHY", "Hierarchy").replace("MOTION", "Motion").replace("CHANNELS", "channels"),
        lambda text: text.replace("End Site", "End site"),
        lambda text: text.replace("End Site", "END SITE"),
        lambda text: text.replace("End Site", "EndSite"),
        lambda text: text.replace("End Site", "End Site the end"),
        lambda text: text.replace("Frames: ", "Frames:").replace("Time: ", "Time:"),
        lambda text: text.replace("Frames: ", "Frames :\t").replace("Frame Time: ", "Frame  Time :   "),
        lambda text: text.replace("Frames: 10", "frames:    0010   ").replace("Frame Time", "frame time"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: "\n \n" + text + "\n\n\n",
        lambda text: "# exported by a tool\n// HIERARCHY follows\n" + text,
        lambda text: text.replace("{", "\n\n{\n"),
        lambda text: re.sub(r"\s*\n\s*\{", " {", text),
        lambda text: " ".join(text.split()),
        lambda text: re.sub(r"(JOINT|ROOT) ", r"\1 MOTION JOINT:", text),
        lambda text: re.sub(r"(JOINT|ROOT) (\w+)", r"\1 End Site \2", text),
        lambda text: re.sub(r"(\d)\.(\d)", r"\1,\2", text),
        lambda text: re.sub(r"(\.\d+) ", r"\1, ", text),
        lambda text: re.sub(r"(\d\.\d+)", r"\1e+00", text),
        lambda text: text.replace("rotation", "_rot"),
    ],
)
def test_spellings_of_exporters_are_read(tmp_path: Path, edit):
    reading = read(tmp_path, edit(TEXT))
    assert error_mm(reading.motions[0]) < 0.1 and not reading.notes


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8-sig", "Hüfte"),
        ("utf-16", "Hüfte"),
        ("utf-16-le", "Hips"),
        ("utf-16-be", "Hips"),
        ("latin-1", "Cabeça é Hüfte"),
        ("cp1252", "“Hüfte”"),
        ("shift_jis", "左足の付け根"),
    ],
)
def test_files_in_other_encodings_are_read(tmp_path: Path, encoding: str, name: str):
    head, rows = rows_of(TEXT)
    text = "\n".join([*head, *rows]).replace("ROOT Hips", f"ROOT {name}:Hips")
    assert error_mm(read(tmp_path, text.encode(encoding)).motions[0]) < 0.1


def test_japanese_names_in_shift_jis_are_understood(tmp_path: Path):
    text = foreign_bvh(MOTION, tree(TOOLS["MikuMikuDance"]))
    reading = read(tmp_path, text.encode("shift_jis"))
    assert error_mm(reading.motions[0]) < 0.1 and not reading.notes


@pytest.mark.parametrize(
    ("change", "frames", "words"),
    [
        (lambda rows: [*rows, rows[-1], rows[-1]], 12, "states 10 frames and there are 12 rows; 12 frames were read"),
        (lambda rows: rows[:7], 7, "states 10 frames and there are 7 rows; 7 frames were read"),
        (lambda rows: [*rows[:8], rows[8][: len(rows[8]) // 2]], 8, "cut short"),
    ],
)
def test_rows_that_the_header_does_not_state_are_told(tmp_path: Path, change, frames: int, words: str):
    head, rows = rows_of(TEXT)
    reading = read(tmp_path, "\n".join([*head, *change(rows)]))
    assert len(reading.motions[0]) == frames and words in reading.notes[0]
    assert error_mm(reading.motions[0], min(frames, 10)) < 0.1


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda text: text.replace("Frames: 10", "Frames: 10000000"), "Frames: is 10000000; must be at most"),
        (lambda text: text.replace("Frames: 10", "Frames: 900000"), "900000 frames of 69 channels need"),
        (lambda text: "\n".join([*rows_of(text)[0], *rows_of(text)[1][:3]]), "truncated"),
        (lambda text: text.replace(rows_of(text)[1][4], "1 2 3"), "row 5 has 3"),
        (lambda text: text.replace("CHANNELS 3 Z", "CHANNELS 4 Z", 1), "are 3 for 4"),
        (lambda text: text.replace("OFFSET 0.000000", "OFFSET", 1), "must be three numbers"),
        (lambda text: text.replace("{", "", 1), "must have '{' here"),
        (lambda text: text.replace("JOINT LeftLeg", "JINT LeftLeg"), "has 'JINT'"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(tmp_path: Path, edit, message: str):
    with pytest.raises(InvalidInput, match=message):
        read(tmp_path, edit(TEXT))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path):
    for content in (b"\x00" * 400, b"\xff\xfe\x00binary", bytes(range(256)) * 4):
        with pytest.raises(InvalidInput, match=r"as text|HIERARCHY"):
            read(tmp_path, content)


def test_positions_that_are_zero_below_the_root_are_added_to_the_offsets(tmp_path: Path):
    motion = swaying(frames=10)
    text = TEXT.replace("CHANNELS 3 Zrotation", "CHANNELS 6 Xposition Yposition Zposition Zrotation")
    head, rows = rows_of(text)
    values = np.array([row.split() for row in rows], float).reshape(10, 23, 3)
    wide = np.concatenate([np.insert(values[:, 2:], np.arange(21), 0, axis=1)], axis=1)
    values = np.concatenate([values[:, :2], wide], axis=1).reshape(10, -1)
    rows = [" ".join(map(str, row)) for row in values]
    reading = read(tmp_path, "\n".join([*head, *rows]))
    assert error_mm(reading.motions[0]) < 0.1 and len(motion) == 10


def two_bodies(second: Motion, prefix: str = "B:") -> str:
    head, rows = rows_of(TEXT)
    names = {joint: prefix + name for joint, name in MIXAMO.items()}
    other_head, other_rows = rows_of(foreign_bvh(second, tree(names)))
    hierarchy = [*head[:-3], *other_head[1:-3]]
    return "\n".join([*hierarchy, *head[-3:], *(f"{a} {b}" for a, b in zip(rows, other_rows, strict=True))])


def test_two_bodies_in_one_file_are_two_motions(tmp_path: Path):
    second = swaying(frames=10, seed=3)
    second = second.with_positions(second.positions + np.float32((1, 0, 0)))
    (tmp_path / "duet.bvh").write_text(two_bodies(second))
    file = read_file(tmp_path / "duet.bvh")
    assert not file.single and list(file.motions.ids) == ["duet_1", "duet_2"]
    assert any("2 bodies" in note for note in file.notes)
    assert error_mm(file.motions.motions[0]) < 0.1
    assert np.abs(file.motions.motions[1].positions - second.positions).max() < 1e-4


def test_a_prop_beside_a_body_is_left_out_and_told(tmp_path: Path):
    head, rows = rows_of(TEXT)
    prop = ["ROOT ball", "{", "OFFSET 0 0 0", "CHANNELS 3 Xposition Yposition Zposition", "}"]
    text = "\n".join([*head[:-3], *prop, *head[-3:], *(f"{row} 1 2 3" for row in rows)])
    reading = read(tmp_path, text)
    assert len(reading.motions) == 1 and error_mm(reading.motions[0]) < 0.1
    assert reading.notes == ("ball is no body and was left out",)


def test_our_own_files_are_read_without_a_note(tmp_path: Path):
    assert not read(tmp_path, format_bvh(MOTION)).notes
