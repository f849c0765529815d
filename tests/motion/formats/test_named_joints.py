"""Positions with the names of their joints, in any naming, and without toes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rig_files import MIXAMO
from swaying_body import sway

from motion.errors import InvalidInput
from motion.formats.files import read_file
from motion.skeleton import JOINT, JOINT_NAMES, TOES

MOTION = sway()


def write(folder: Path, positions: np.ndarray, names: list[str]) -> Path:
    np.savez(folder / "a.npz", positions=positions, joint_names=np.array(names), fps=20)
    return folder / "a.npz"


@pytest.mark.parametrize("names", [list(JOINT_NAMES), MIXAMO, [f"mixamorig:{name}" for name in MIXAMO]])
def test_a_skeleton_without_toes_gets_them_ahead_of_its_ankles(tmp_path: Path, names: list[str]):
    kept = [joint for joint in range(22) if joint not in TOES]
    file = read_file(write(tmp_path, MOTION.positions[:, kept], [names[joint] for joint in kept]))
    (read,) = file.motions.motions
    assert (read.positions[:, kept] == MOTION.positions[:, kept]).all()
    foot = read.positions[:, list(TOES)] - read.positions[:, [JOINT["left_ankle"], JOINT["right_ankle"]]]
    assert (foot[..., 2] > 0.08).all()  # the body faces +Z
    assert any("no left_foot and right_foot" in note for note in file.notes)


def test_gaps_in_the_motion_do_not_hide_missing_toes(tmp_path: Path):
    kept = [joint for joint in range(22) if joint not in TOES]
    positions = MOTION.positions[:, kept].copy()
    positions[5, 3] = np.nan
    file = read_file(write(tmp_path, positions, [JOINT_NAMES[joint] for joint in kept]))
    assert np.isfinite(file.motions.motions[0].positions).all()


def test_a_skeleton_that_lacks_more_is_refused(tmp_path: Path):
    kept = [joint for joint in range(22) if joint not in (*TOES, JOINT["left_knee"])]
    with pytest.raises(InvalidInput, match="knee"):
        read_file(write(tmp_path, MOTION.positions[:, kept], [JOINT_NAMES[joint] for joint in kept]))


def test_as_many_names_as_joints_are_needed(tmp_path: Path):
    with pytest.raises(InvalidInput, match="for 21 joint names"):
        read_file(write(tmp_path, MOTION.positions, list(JOINT_NAMES[:-1])))
