"""SMPL poses in dictionaries of trackers: the world before the camera, images as frames, people apart."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from swaying_body import swaying

from motion import rotation
from motion.errors import InvalidInput
from motion.formats.bodies.smpl_keys import find_scheme
from motion.formats.files import read_file
from motion.formats.npz import write_npz
from motion.formats.smpl import write_smpl

_FRAMES = 30
_HALF_ABOUT_X = np.array([0.0, 1, 0, 0])


@pytest.fixture
def smpl(tmp_path: Path) -> dict[str, np.ndarray]:
    """Return the poses and the translation of a body with Z up, and the positions that they give."""
    write_smpl(tmp_path / "body.npz", swaying(_FRAMES))
    arrays = dict(np.load(tmp_path / "body.npz"))
    del arrays["rest_joints"]
    write_npz(tmp_path / "body.npz", arrays)
    positions = read_file(tmp_path / "body.npz").motions.motions[0].positions
    return {"poses": arrays["poses"][:, :72], "trans": arrays["trans"], "positions": positions}


def in_camera(smpl: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return poses and translation in the axes of a camera: X to the right of the image, Y down, Z away from it."""
    poses = smpl["poses"].copy()
    to_y_up = rotation.exp(np.array([-np.pi / 2, 0, 0]))
    turn = rotation.multiply(_HALF_ABOUT_X, to_y_up)
    poses[:, :3] = rotation.log(rotation.multiply(turn, rotation.exp(poses[:, :3])))
    return {"poses": poses, "trans": rotation.rotate(turn, smpl["trans"])}


def saved(path: Path, value: Any) -> Path:
    path.write_bytes(pickle.dumps(value))
    return path


def shape_of(positions: np.ndarray) -> np.ndarray:
    """Return distances between joints of all frames, which no rotation of the world changes."""
    return np.linalg.norm(positions[:, :, None] - positions[:, None], axis=-1)


def test_the_poses_of_glamr_are_those_of_the_world(tmp_path: Path, smpl):
    camera = in_camera(smpl)
    person = {
        "smpl_pose": smpl["poses"][:, 3:], "smpl_orient_cam": camera["poses"][:, :3], "root_trans_cam": camera["trans"],
        "smpl_orient_world": smpl["poses"][:, :3], "root_trans_world": smpl["trans"], "smpl_beta": np.zeros((30, 10)),
    }  # fmt: skip
    found = read_file(saved(tmp_path / "a.pkl", {"seq_name": "a", "person_data": {0: person}, "gt": {}}))
    assert found.layout == "smpl" and "translation" not in " ".join(found.notes)
    np.testing.assert_allclose(found.motions.motions[0].positions, smpl["positions"], atol=1e-4)


def test_a_body_without_its_root_is_no_whole_body(tmp_path: Path, smpl):
    body = smpl["poses"][:, 3:72]
    assert find_scheme({"smpl_pose": body}) is None
    write_npz(tmp_path / "a.npz", {"poses": body, "trans": smpl["trans"]})
    with pytest.raises(InvalidInput, match=r"poses: are float\d\d \(30, 69\); must be \(frames, 72 or more\)"):
        read_file(tmp_path / "a.npz")


@pytest.mark.parametrize("form", ["ROMP", "TRAM", "VIBE"])
def test_a_body_in_the_axes_of_a_camera_stands(tmp_path: Path, smpl, form: str):
    camera = in_camera(smpl)
    matrices = rotation.to_matrix(rotation.exp(camera["poses"].reshape(_FRAMES, 24, 3)))
    files = {
        "ROMP": {"smpl_thetas": camera["poses"], "cam_trans": camera["trans"]},
        "TRAM": {"pred_rotmat": matrices, "pred_trans": camera["trans"][:, None]},
        "VIBE": {1: {"pose": camera["poses"], "pred_cam": np.zeros((_FRAMES, 3)), "trans": camera["trans"]}},
    }
    found = read_file(saved(tmp_path / "a.pkl", files[form]))
    (motion,) = found.motions
    assert not any("stands" in note or "lies" in note for note in found.notes)
    assert (motion.positions[:, 15, 1] - motion.positions[:, 0, 1]).min() > 0.3
    np.testing.assert_allclose(shape_of(motion.positions), shape_of(smpl["positions"]), atol=1e-4)


def images(smpl: dict[str, np.ndarray], people: int = 1) -> dict[str, Any]:
    camera = in_camera(smpl)
    return {
        f"{frame:05d}.png": {
            "global_orient": np.repeat(camera["poses"][[frame], :3], people, 0),
            "body_pose": np.repeat(camera["poses"][[frame], 3:], people, 0),
            "cam_trans": np.repeat(camera["trans"][[frame]], people, 0),
            "center_preds": np.zeros((people, 2)), "verts": np.zeros((people, 5, 3)),
        }
        for frame in reversed(range(_FRAMES))
    }  # fmt: skip


def test_one_dictionary_for_each_image_is_one_motion(tmp_path: Path, smpl):
    found = read_file(saved(tmp_path / "a.pkl", {"results": images(smpl)}))
    (motion,) = found.motions
    assert found.single and len(motion) == _FRAMES
    np.testing.assert_allclose(shape_of(motion.positions), shape_of(smpl["positions"]), atol=1e-4)
    step = np.linalg.norm(np.diff(motion.positions[:, 0], axis=0), axis=-1)
    np.testing.assert_allclose(step, np.linalg.norm(np.diff(smpl["positions"][:, 0], axis=0), axis=-1), atol=1e-4)


def test_several_people_in_an_image_are_no_frames(tmp_path: Path, smpl):
    with pytest.raises(InvalidInput, match="holds 3 people in one image; must be one person in each image"):
        read_file(saved(tmp_path / "a.pkl", {"results": images(smpl, 3)}))


def test_only_the_camera_is_read_where_the_world_is_lacking(tmp_path: Path, smpl):
    camera = in_camera(smpl)
    incam = {
        "global_orient": camera["poses"][:, :3], "body_pose": camera["poses"][:, 3:66], "transl": camera["trans"]
    }  # fmt: skip
    (motion,) = read_file(saved(tmp_path / "a.pkl", {"smpl_params_incam": incam})).motions
    assert (motion.positions[:, 15, 1] - motion.positions[:, 0, 1]).min() > 0.3


@pytest.mark.parametrize("axis", ["x", "z"])
def test_a_body_that_stands_otherwise_than_before_a_camera_is_told(tmp_path: Path, smpl, axis: str):
    camera = in_camera(smpl)
    turn = rotation.exp(np.pi / 2 * np.eye(3)[{"x": 2, "z": 0}[axis]])
    root = rotation.multiply(np.broadcast_to(turn, (_FRAMES, 4)), rotation.exp(camera["poses"][:, :3]))
    poses = np.concatenate([rotation.log(root), camera["poses"][:, 3:]], axis=1)
    found = read_file(saved(tmp_path / "a.pkl", {"smpl_thetas": poses, "cam_trans": 0 * camera["trans"]}))
    assert any("-Y up" in note and "(--up says another)" in note for note in found.notes), found.notes
