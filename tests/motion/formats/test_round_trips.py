"""Every form of the table gives back what the table says that it keeps, and so does every pair of forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from fbx_writer import FbxScene, binary, skeleton
from swaying_body import swaying
from usda_reader import usda_positions

from motion.formats.files import output_for, read_file
from motion.formats.format_table import FORMATS, FormatEntry, format_table
from motion.formats.motion_file import MotionFile, set_of_one
from motion.motion import Motion

DOCS = Path(__file__).resolve().parents[3] / "docs" / "formats.md"


def rigid(fps: float = 20.0) -> Motion:
    return swaying(name="a", fps=fps)


def bending(size_m: float) -> Motion:
    noise = np.random.default_rng(1).normal(scale=size_m, size=(60, 22, 3))
    return rigid().with_positions(rigid().positions + noise)


def write_fbx(folder: Path, motion: Motion) -> Path:
    pytest.importorskip("ufbx")
    (folder / "a.fbx").write_bytes(binary(FbxScene(skeleton(motion), fps=motion.fps)))
    return folder / "a.fbx"


ONLY_READ: dict[str, Callable[[Path, Motion], Path]] = {"`NAME.fbx`": write_fbx}
"""How a test writes the forms that are only read."""
NOT_HERE = {
    "`.npy`, `.npz`, `.pkl`, `.pt` of other generators and trackers": "many forms, in test_generator_results.py",
    "`NAME.amc` with its `.asf`": "in test_asf_amc.py",
    "HumanML3D's folder": "in test_humanml3d_folder.py",
    "`NAME.html`, `.mp4`, `.gif`": "to look at, in tests/motion/viewing",
}
MOTIONS = {"rigid": rigid(), "bending slightly": bending(1e-4), "bending": bending(0.01)}
FROM = [entry for entry in FORMATS if entry.is_read and (entry.out or entry.form in ONLY_READ)]
TO = [entry for entry in FORMATS if entry.out]


def can_carry(entry: FormatEntry, kind: str) -> bool:
    if entry.form in ONLY_READ:
        return kind == "rigid"
    return entry.carries == "any motion" or (entry.carries == "rigid bodies" and kind == "rigid")


PAIRS = [
    (kind, first, second)
    for kind, first, second in product(MOTIONS, FROM, TO)
    if can_carry(first, kind) and can_carry(second, kind)
]


def write(folder: Path, source: MotionFile, entry: FormatEntry) -> Path:
    """Write the motions of a file in a form, and return what is to be read."""
    assert entry.out
    if entry.form.startswith("MDM"):  # one motion is a set of one
        source = replace(source, path=folder / "results.npy", layout="packed")
    form = entry.form_of_arrays if not entry.form.startswith("packed") else None
    output_for(source, folder / entry.out, form).write(source.motions)
    return folder / (entry.written_to or entry.out)


def as_source(folder: Path, motion: Motion, entry: FormatEntry) -> MotionFile:
    layout = "packed" if entry.form.startswith("packed") else "npz"
    return MotionFile(folder / "source", layout, set_of_one(motion))


def read_back(path: Path) -> Motion:
    if path.suffix == ".usda":
        positions, fps = usda_positions(path)
        return Motion(positions.astype(np.float32), fps=fps)
    return read_file(path).motions.motions[0]


def distance_m(a: Motion, b: Motion) -> float:
    assert len(a) == len(b)
    return float(np.linalg.norm(a.positions - b.positions, axis=-1).max())


def identify(value: object) -> str:
    return value.form.replace("`", "") if isinstance(value, FormatEntry) else str(value)


@pytest.mark.parametrize(("kind", "first", "second"), PAIRS, ids=identify)
def test_a_motion_is_carried_from_one_form_to_another(
    tmp_path: Path, kind: str, first: FormatEntry, second: FormatEntry
):
    motion = MOTIONS[kind]
    one, two = tmp_path / "1", tmp_path / "2"
    one.mkdir()
    two.mkdir()
    if first.form in ONLY_READ:
        path = ONLY_READ[first.form](one, motion)
    else:
        path = write(one, as_source(one, motion, first), first)
    source = read_file(path)
    (read,) = source.motions.motions
    assert distance_m(read, motion) < 1e-4
    if second.form.startswith("packed") and source.single:
        source = replace(source, layout="packed", origins=())
    elif not second.form.startswith("packed") and not source.single:
        source = replace(source, layout="npz", members=())
    assert distance_m(read_back(write(two, source, second)), motion) < 1e-4


@pytest.mark.parametrize("entry", TO, ids=identify)
def test_a_form_keeps_the_rate_and_the_captions_that_the_table_says(tmp_path: Path, entry: FormatEntry):
    motion = rigid(fps=30.0)
    path = write(tmp_path, as_source(tmp_path, motion, entry), entry)
    assert read_back(path).fps == (30.0 if entry.keeps_rate else 20.0)
    if entry.is_read:
        captions = read_file(path).motions.captions[0]
        assert captions == ((motion.caption,) if entry.keeps_captions else ())


@pytest.mark.parametrize("entry", [entry for entry in TO if entry.carries == "changed"], ids=identify)
def test_forms_that_change_a_motion_keep_how_the_body_moves(tmp_path: Path, entry: FormatEntry):
    path = write(tmp_path, as_source(tmp_path, rigid(), entry), entry)
    read = read_back(path)
    assert len(read) == len(rigid()) - 1
    lengths = [np.linalg.norm(each.positions[:59, 4] - each.positions[:59, 7], axis=-1) for each in (read, rigid())]
    assert np.abs(lengths[0] - lengths[1]).max() < 1e-3


def test_no_form_of_the_table_is_forgotten():
    assert {entry.form for entry in FORMATS} == {entry.form for entry in (*FROM, *TO)} | set(NOT_HERE)


def test_the_documents_have_the_table():
    assert format_table() in DOCS.read_text(encoding="utf-8")
