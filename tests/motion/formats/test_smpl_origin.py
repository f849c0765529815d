"""An SMPL file comes back as itself: names, body, hands and columns stay, and only the motion changes."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from swaying_body import swaying

from motion import rotation
from motion.formats.files import output_for, read_file
from motion.formats.npz import write_npz
from motion.formats.read_options import ReadOptions
from motion.formats.smpl import write_smpl
from motion.resample import resample_motion

_FRAMES = 40


def _arrays(folder: Path, columns: int = 156, kind: type = np.float64) -> dict[str, np.ndarray]:
    """Return the arrays of a file like those of AMASS, with hands that move."""
    write_smpl(folder / "body.npz", swaying(_FRAMES))
    arrays = dict(np.load(folder / "body.npz"))
    hands = 0.3 * np.sin(np.arange(_FRAMES)[:, None] / 5 + np.arange(165 - 66))
    poses = np.concatenate([arrays["poses"][:, :66], hands], axis=1)[:, :columns]
    return {
        "poses": poses.astype(kind), "trans": arrays["trans"].astype(kind), "betas": np.linspace(-1, 1, 16),
        "gender": np.array("female"), "mocap_framerate": np.array(20.0), "dmpls": np.ones((_FRAMES, 8)),
        "marker_labels": np.array(["a", "b"]),
    }  # fmt: skip


def _named(arrays: dict[str, np.ndarray], names: str) -> dict[str, np.ndarray]:
    poses, trans, rest = arrays["poses"], arrays["trans"], {"betas": arrays["betas"], "gender": arrays["gender"]}
    matrices = rotation.to_matrix(rotation.exp(poses[:, :66].reshape(len(poses), 22, 3)))
    return {
        "amass": arrays,
        "stage ii": arrays | {"root_orient": poses[:, :3], "pose_body": poses[:, 3:66], "pose_hand": poses[:, 66:]},
        "smplx": rest | {"global_orient": poses[:, :3], "body_pose": poses[:, 3:66], "transl": trans},
        "smpl": rest | {"global_orient": poses[:, :3], "body_pose": poses[:, 3:72], "transl": trans},
        "joints": rest | {"poses": poses[:, :72].reshape(-1, 24, 3), "trans": trans},
        "batch": rest | {"poses": poses[None], "trans": trans[None], "fps": np.array(20)},
        "matrices": rest | {"global_orient": matrices[:, :1], "body_pose": matrices[:, 1:], "transl": trans},
        "aist": {"smpl_poses": poses[:, :72], "smpl_trans": trans * 90, "smpl_scaling": np.array([90.0])},
    }[names]


_NAMES = ["amass", "stage ii", "smplx", "smpl", "joints", "batch", "matrices", "aist"]


@pytest.mark.parametrize("names", _NAMES)
def test_a_motion_that_does_not_change_keeps_every_number(tmp_path: Path, names: str):
    arrays = _named(_arrays(tmp_path), names)
    write_npz(tmp_path / "a.npz", arrays)
    source = read_file(tmp_path / "a.npz")
    output_for(source, tmp_path / "b.npz").write(source.motions)
    again = np.load(tmp_path / "b.npz")
    assert set(again.files) == set(arrays)
    for key, array in arrays.items():
        np.testing.assert_array_equal(again[key], array)
        assert again[key].dtype == array.dtype


@pytest.mark.parametrize("names", _NAMES)
def test_a_motion_that_changes_is_written_under_the_same_names(tmp_path: Path, names: str):
    arrays = _named(_arrays(tmp_path), names)
    write_npz(tmp_path / "a.npz", arrays)
    source = read_file(tmp_path / "a.npz")
    (motion,) = source.motions
    turned = rotation.rotate(rotation.exp(np.array([0.1, 0.3, 0.0])), motion.positions.astype(np.float64))
    changed = motion.with_positions(turned + np.array([0.5, 0, 0.2]))
    output_for(source, tmp_path / "b.npz").write(source.motions.with_motions([changed]))
    again = np.load(tmp_path / "b.npz")
    assert {key: again[key].shape for key in again.files} == {key: array.shape for key, array in arrays.items()}
    for key in {"betas", "gender", "dmpls", "pose_hand", "smpl_scaling"} & set(arrays):
        np.testing.assert_array_equal(again[key], arrays[key])
    off = read_file(tmp_path / "b.npz").motions.motions[0].positions - changed.positions
    off[..., 1] -= off[..., 1].mean()  # a body without a model is put on the floor when it is read
    assert np.linalg.norm(off, axis=-1).max() < 2e-3


@pytest.mark.parametrize("columns", [72, 156, 165])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_columns_of_hands_jaw_and_eyes_stay(tmp_path: Path, columns: int, kind: type):
    arrays = _arrays(tmp_path, columns, kind)
    write_npz(tmp_path / "a.npz", arrays)
    source = read_file(tmp_path / "a.npz")
    (motion,) = source.motions
    changed = motion.with_positions(
        motion.positions + np.array([0, 0.1, 0], np.float32) * np.arange(_FRAMES)[:, None, None]
    )
    output_for(source, tmp_path / "b.npz").write(source.motions.with_motions([changed]))
    again = np.load(tmp_path / "b.npz")
    assert again["poses"].dtype == kind and again["poses"].shape == (_FRAMES, columns)
    np.testing.assert_array_equal(again["poses"][:, 66:], arrays["poses"][:, 66:])
    np.testing.assert_allclose(again["trans"][:, 2] - arrays["trans"][:, 2], 0.1 * np.arange(_FRAMES), atol=1e-5)


def test_the_hands_follow_another_rate(tmp_path: Path):
    arrays = _arrays(tmp_path)
    write_npz(tmp_path / "a.npz", arrays)
    source = read_file(tmp_path / "a.npz")
    (motion,) = source.motions
    faster = resample_motion(motion, 40)
    output_for(source, tmp_path / "b.npz").write(source.motions.with_motions([faster]))
    again = np.load(tmp_path / "b.npz")
    assert again["mocap_framerate"] == 40 and again["poses"].shape == (len(faster), 156)
    assert again["dmpls"].shape == (len(faster), 8) and again["betas"].shape == (16,)
    np.testing.assert_allclose(again["poses"][::2, 66:], arrays["poses"][:, 66:], atol=1e-12)
    off = read_file(tmp_path / "b.npz").motions.motions[0].positions - faster.positions
    off[..., 1] -= off[..., 1].mean()
    assert np.linalg.norm(off, axis=-1).max() < 0.02


def test_a_part_of_the_frames_has_its_own_hands(tmp_path: Path):
    arrays = _arrays(tmp_path)
    write_npz(tmp_path / "a.npz", arrays)
    source = read_file(tmp_path / "a.npz", options=ReadOptions(frames="10:30"))
    output_for(source, tmp_path / "b.npz").write(source.motions)
    again = np.load(tmp_path / "b.npz")
    np.testing.assert_array_equal(again["poses"], arrays["poses"][10:30])
    np.testing.assert_array_equal(again["betas"], arrays["betas"])


def test_a_body_that_stands_along_y_is_found_and_goes_back_along_y(tmp_path: Path):
    arrays = _arrays(tmp_path)
    write_npz(tmp_path / "z.npz", arrays)
    wanted = read_file(tmp_path / "z.npz")
    turn = np.array([np.sqrt(0.5), -np.sqrt(0.5), 0.0, 0.0])  # (x, y, z) -> (x, z, -y)
    root = rotation.multiply(turn, rotation.exp(arrays["poses"][:, :3]))
    pelvis = np.array([0.0, -0.22, 0.03])
    arrays["poses"][:, :3] = rotation.log(root)
    arrays["trans"] = rotation.rotate(turn, arrays["trans"] + pelvis) - pelvis
    write_npz(tmp_path / "y.npz", arrays)
    found = read_file(tmp_path / "y.npz")
    assert "Y up" in " ".join(found.notes) and not any("up" in note for note in wanted.notes)
    np.testing.assert_allclose(found.motions.motions[0].positions, wanted.motions.motions[0].positions, atol=1e-5)
    told = read_file(tmp_path / "y.npz", options=ReadOptions(up="y"))
    np.testing.assert_array_equal(told.motions.motions[0].positions, found.motions.motions[0].positions)
    moved = found.motions.motions[0].with_positions(
        found.motions.motions[0].positions + np.array([0, 0.5, 0], np.float32)
    )
    output_for(found, tmp_path / "b.npz").write(found.motions.with_motions([moved]))
    again = np.load(tmp_path / "b.npz")
    np.testing.assert_allclose(again["trans"] - arrays["trans"], np.tile([0, 0.5, 0], (_FRAMES, 1)), atol=1e-5)


def test_a_pickle_of_poses_comes_back_as_npz_with_the_same_names(tmp_path: Path):
    arrays = _named(_arrays(tmp_path), "aist")
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(arrays))
    source = read_file(tmp_path / "a.pkl")
    output_for(source, tmp_path / "b").write(source.motions)
    assert set(np.load(tmp_path / "b.npz").files) == set(arrays)
