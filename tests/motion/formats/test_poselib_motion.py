"""Motions of poselib: the joints are where its quaternions say, in the world or from the parent, with Y up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from swaying_body import swaying

from motion import kinematics, rotation
from motion.errors import InvalidInput
from motion.formats.files import read_file
from motion.formats.read_options import ReadOptions
from motion.orientation import turn_from_y
from motion.skeleton import JOINT_NAMES, PARENTS

_SIDE = (
    "{0}_thigh {0}_shin {0}_foot {0}_toe {0}_clavicle {0}_upper_arm {0}_lower_arm {0}_hand".split(),
    "hip knee ankle foot collar shoulder elbow wrist".split(),
)
_NAMES = {"pelvis": "pelvis", "spine1": "torso", "spine2": "spine_2", "spine3": "chest", "neck": "neck", "head": "head"}
_TO_Z_UP = np.array([np.sqrt(0.5), np.sqrt(0.5), 0, 0])


def poselib(local: bool = True) -> dict[str, Any]:
    """Return the dictionary of a swaying body, with Z up."""
    names = dict(_NAMES)
    for side in ("left", "right"):
        names |= {f"{side}_{ours}": name.format(side) for name, ours in zip(*_SIDE, strict=True)}
    positions = swaying().positions.astype(np.float64)
    offsets = kinematics.estimate_offsets(positions)
    world = rotation.multiply(_TO_Z_UP, kinematics.global_rotations(positions, offsets))
    turned = world.copy()
    if local:
        parents = list(PARENTS[1:])
        turned[:, 1:] = rotation.multiply(rotation.conjugate(world[:, parents]), world[:, 1:])
    return {
        "rotation": {"arr": turned[..., [1, 2, 3, 0]], "context": {"dtype": "float64"}},
        "root_translation": {"arr": turn_from_y(positions[:, 0], "z"), "context": {"dtype": "float64"}},
        "skeleton_tree": {
            "node_names": [names[joint] for joint in JOINT_NAMES],
            "parent_indices": {"arr": np.array(PARENTS), "context": {"dtype": "int64"}},
            "local_translation": {"arr": offsets, "context": {"dtype": "float64"}},
        },
        "is_local": local, "fps": 60.0, "__name__": "SkeletonMotion",
    }  # fmt: skip


def save(path: Path, value: dict[str, Any]) -> Path:
    np.save(path, value, allow_pickle=True)  # pyright: ignore[reportArgumentType]
    return path


@pytest.mark.parametrize("local", [True, False])
def test_positions_are_recovered_with_y_up(tmp_path: Path, local: bool):
    found = read_file(save(tmp_path / "a.npy", poselib(local)))
    (motion,) = found.motions
    assert motion.fps == 60 and found.single
    np.testing.assert_allclose(motion.positions, swaying().positions, atol=1e-5)
    assert "Z is up in motions of poselib" in " ".join(found.notes)


def test_the_user_may_name_another_axis(tmp_path: Path):
    (motion,) = read_file(save(tmp_path / "a.npy", poselib()), options=ReadOptions(up="y")).motions
    np.testing.assert_allclose(motion.positions, turn_from_y(swaying().positions, "z"), atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda each: each.update(rotation=np.zeros((60, 21, 4))), r"rotation: is float64 \(60, 21, 4\)"),
        (lambda each: each["skeleton_tree"].update(parent_indices=np.arange(22)), "are no tree"),
        (lambda each: each["skeleton_tree"].update(parent_indices=None), "parent_indices: is object"),
        (lambda each: each["skeleton_tree"].update(node_names=[f"p{i}" for i in range(3)]), r"must be numbers \(3\)"),
    ],
)
def test_damage_is_refused_in_a_sentence(tmp_path: Path, change: Any, message: str):
    value = poselib()
    change(value)
    with pytest.raises(InvalidInput, match=message):
        read_file(save(tmp_path / "a.npy", value))


def test_a_rate_that_the_dictionary_states_is_not_told_as_assumed(tmp_path: Path):
    found = read_file(save(tmp_path / "a.npy", poselib()))
    assert found.facts["rate"] == "60 fps (stated)" and "frame rate" not in " ".join(found.notes)
