"""Every pair of formats that can carry a motion gives it back within a tenth of a millimetre."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from glb_reader import Glb
from swaying_body import swaying

from motion.formats.files import output_for, read_file
from motion.formats.motion_file import Form, Layout, MotionFile, set_of_one
from motion.motion import Motion

FORMATS: dict[str, tuple[str, Form, Layout]] = {
    "bvh": ("a.bvh", "positions", "bvh"),
    "npy": ("a.npy", "positions", "npy"),
    "npz": ("a.npz", "positions", "npz"),
    "smpl": ("s.npz", "smpl", "smpl"),
    "packed": ("set", "positions", "packed"),
}
RIGID_ONLY = {"smpl"}
"""Formats that hold rotations of bones with fixed lengths, and so cannot carry bones that change theirs."""


def rigid() -> Motion:
    return swaying(name="sway")


def bending(size_m: float) -> Motion:
    noise = np.random.default_rng(1).normal(scale=size_m, size=(60, 22, 3))
    return swaying(name="sway").with_positions(swaying().positions + noise)


def write(folder: Path, motion: Motion, name: str) -> Path:
    file, form, layout = FORMATS[name]
    source = MotionFile(folder / file, "packed" if layout == "packed" else "npz", set_of_one(motion))
    output = output_for(source, folder / file, form)
    output.write(source.motions)
    return folder / file


MOTIONS = {"rigid": rigid(), "bending slightly": bending(1e-4), "bending": bending(0.01)}
CASES = [
    (kind, first, second)
    for kind, first, second in product(MOTIONS, FORMATS, [*FORMATS, "glb"])
    if kind == "rigid" or not {first, second} & RIGID_ONLY
]


@pytest.mark.parametrize(("kind", "first", "second"), CASES)
def test_a_motion_is_carried_from_one_format_to_another(tmp_path: Path, kind: str, first: str, second: str):
    motion = MOTIONS[kind]
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    source = read_file(write(tmp_path / "1", motion, first))
    (read,) = source.motions.motions
    assert np.linalg.norm(read.positions - motion.positions, axis=-1).max() < 1e-4
    single = replace(source, layout="npz" if source.layout == "packed" else source.layout)
    if second == "glb":
        output_for(single, tmp_path / "2" / "a.glb").write(source.motions)
        positions = Glb((tmp_path / "2" / "a.glb").read_bytes()).joint_matrices()[:, :, :3, 3]
    else:
        file, form, _ = FORMATS[second]
        asked = source if second == "packed" and not source.single else single
        if second == "packed" and source.single:
            write(tmp_path / "2", read, second)
        else:
            output_for(asked, tmp_path / "2" / file, form).write(source.motions)
        positions = read_file(tmp_path / "2" / file).motions.motions[0].positions
    assert np.linalg.norm(positions - motion.positions, axis=-1).max() < 1e-4
