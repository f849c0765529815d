"""What generators and trackers write: every order of axes, MDM's results, SMPL under any names."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from swaying_body import swaying

from motion import rotation
from motion.errors import InvalidInput
from motion.formats.files import output_for, read_file, read_motions
from motion.formats.npz import write_npz
from motion.formats.packed import read_packed
from motion.formats.read_options import ReadOptions
from motion.formats.smpl import write_smpl
from motion.humanml3d.features import positions_to_features

_FRAMES = 60


def _positions(joints: int = 22) -> np.ndarray:
    """Return a body with further joints of its hands and face behind the first 22."""
    positions = swaying(_FRAMES).positions
    more = [positions[:, 20 + index % 2] + np.float32(0.01 * (1 + index)) for index in range(joints - 22)]
    return np.stack([*positions.transpose(1, 0, 2), *more], axis=1)


@pytest.fixture
def smpl(tmp_path: Path) -> dict[str, np.ndarray]:
    """Return the poses and the translation of a body, and the positions that they give."""
    write_smpl(tmp_path / "body.npz", swaying(_FRAMES))
    arrays = dict(np.load(tmp_path / "body.npz"))
    del arrays["rest_joints"]
    write_npz(tmp_path / "body.npz", arrays)
    positions = read_file(tmp_path / "body.npz").motions.motions[0].positions
    return {"poses": arrays["poses"], "trans": arrays["trans"], "positions": positions}


@pytest.mark.parametrize(
    "arrange",
    [
        lambda p: p[None],
        lambda p: p.transpose(1, 2, 0),
        lambda p: p[None].transpose(0, 2, 3, 1),
        lambda p: p.reshape(_FRAMES, 66),
        lambda p: p.reshape(1, _FRAMES, 66),
        lambda p: p.astype(np.float64),
    ],
)
def test_one_motion_is_read_in_any_order_of_axes(tmp_path: Path, arrange: Callable[[np.ndarray], np.ndarray]):
    np.save(tmp_path / "a.npy", arrange(_positions()))
    found = read_file(tmp_path / "a.npy")
    assert found.layout == "npy" and found.motions.ids == ["a"]
    np.testing.assert_array_equal(found.motions.motions[0].positions, _positions())


@pytest.mark.parametrize("arrange", [lambda p: p, lambda p: p.transpose(0, 2, 3, 1)])
def test_several_motions_are_a_set(tmp_path: Path, arrange: Callable[[np.ndarray], np.ndarray]):
    np.save(tmp_path / "a.npy", arrange(np.stack([_positions(), _positions() + 1])))
    found = read_file(tmp_path / "a.npy")
    assert not found.single and found.motions.ids == ["a_0", "a_1"]
    np.testing.assert_array_equal(found.motions.motions[1].positions, _positions() + 1)


@pytest.mark.parametrize("joints", [24, 52, 55, 127])
@pytest.mark.parametrize("flat", [False, True])
def test_the_joints_of_smpl_begin_with_humanml3ds(tmp_path: Path, joints: int, flat: bool):
    array = _positions(joints)
    np.save(tmp_path / "a.npy", array.reshape(_FRAMES, -1) if flat else array)
    found = read_file(tmp_path / "a.npy")
    assert f"{joints} joints" in " ".join(found.notes)
    np.testing.assert_array_equal(found.motions.motions[0].positions, _positions())


@pytest.mark.parametrize("columns", [66, 72, 156])
@pytest.mark.parametrize("flat", [False, True])
def test_poses_without_a_translation_are_told_from_positions(tmp_path: Path, smpl, columns: int, flat: bool):
    if columns == 66 and not flat:
        pytest.skip("(frames, 22, 3) are positions")
    poses = smpl["poses"][:, :columns]
    np.save(tmp_path / "a.npy", poses if flat else poses.reshape(_FRAMES, -1, 3))
    found = read_file(tmp_path / "a.npy")
    assert found.layout == "smpl" and "no translation" in " ".join(found.notes)
    moved = found.motions.motions[0].positions - found.motions.motions[0].positions[:, :1]
    np.testing.assert_allclose(moved, smpl["positions"] - smpl["positions"][:, :1], atol=1e-4)


def test_features_are_read_with_an_axis_of_motions(tmp_path: Path):
    features = positions_to_features(_positions()).astype(np.float32)
    for name, array in (("a", features[None]), ("b", np.stack([features, features])), ("c", features.T[None, :, None])):
        np.save(tmp_path / f"{name}.npy", array)
        assert read_file(tmp_path / f"{name}.npy").content == "features"
    assert read_file(tmp_path / "b.npy").motions.ids == ["b_0", "b_1"]


@pytest.mark.parametrize("key", ["joints", "joints3d", "keypoints3d", "motion", "arr_0", "my_motion"])
def test_positions_are_found_under_other_names(tmp_path: Path, key: str):
    np.savez(tmp_path / "a.npz", **{key: _positions(), "betas": np.zeros(10), "fps": 30})
    found = read_file(tmp_path / "a.npz")
    assert found.motions.motions[0].fps == 30 and found.layout == "npz"
    np.testing.assert_array_equal(found.motions.motions[0].positions, _positions())


def _results(repetitions: int = 1) -> dict[str, object]:
    motion = np.stack([_positions(), _positions() + 1] * repetitions).transpose(0, 2, 3, 1)
    return {
        "motion": motion, "text": ["a walk", "a run"], "lengths": np.array([_FRAMES, 40] * repetitions),
        "num_samples": 2, "num_repetitions": repetitions,
    }  # fmt: skip


@pytest.mark.parametrize("repetitions", [1, 3])
def test_results_of_mdm_become_a_set_with_captions_and_lengths(tmp_path: Path, repetitions: int):
    np.save(tmp_path / "results.npy", _results(repetitions), allow_pickle=True)  # pyright: ignore[reportArgumentType]
    found = read_file(tmp_path / "results.npy")
    assert [len(motion) for motion in found.motions] == [_FRAMES, 40] * repetitions
    assert found.motions.captions == (("a walk",), ("a run",)) * repetitions
    output_for(found, tmp_path / "set").write(found.motions)
    assert read_packed(tmp_path / "set").content_id() == found.motions.content_id()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"lengths": np.array([60, 61])}, "lengths: are"),
        ({"lengths": np.array([60])}, "must be 2 whole numbers from 1 to 60"),
        ({"motion": np.zeros((2, 25, 6, 60))}, "rot6d"),
        ({"motion": np.zeros((2, 21, 3, 60))}, "KIT-ML"),
        ({"motion": np.zeros((2, 251, 1, 60))}, "KIT-ML"),
        ({"motion": "walk"}, "holds motion, text, lengths"),
    ],
)
def test_wrong_results_are_refused_in_a_sentence(tmp_path: Path, changed: dict[str, object], message: str):
    np.save(tmp_path / "a.npy", _results() | changed, allow_pickle=True)  # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidInput, match=message):
        read_file(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((50, 21, 3), "21 joints, the skeleton of KIT-ML"),
        ((50, 251), "KIT-ML"),
        ((50, 17, 3), "Human3.6M"),
        ((50, 24, 6), "rot6d"),
        ((50, 17, 2), "points in an image"),
        ((50,), r"must be \(frames, 22, 3\)"),
    ],
)
def test_other_skeletons_are_refused_by_name(tmp_path: Path, shape: tuple[int, ...], message: str):
    np.save(tmp_path / "a.npy", np.zeros(shape))
    with pytest.raises(InvalidInput, match=message):
        read_file(tmp_path / "a.npy")


def test_smpl_is_read_under_all_names(tmp_path: Path, smpl):
    poses, trans = smpl["poses"], smpl["trans"]
    matrices = rotation.to_matrix(rotation.exp(poses[:, :66].reshape(_FRAMES, 22, 3)))
    params = {"global_orient": poses[:, :3], "body_pose": poses[:, 3:66], "transl": trans}
    files = {
        "smplx.npz": params,
        "parts.npz": {"root_orient": poses[:, :3], "pose_body": poses[:, 3:66], "trans": trans},
        "joints.npz": {"poses": poses[:, :72].reshape(_FRAMES, 24, 3), "trans": trans},
        "batch.npz": {"poses": poses[None], "trans": trans[None]},
        "matrices.npz": {"global_orient": matrices[:, :1], "body_pose": matrices[:, 1:], "transl": trans},
        "aist.pkl": {"smpl_poses": poses[:, :72], "smpl_trans": trans * 90, "smpl_scaling": np.array([90.0])},
        "gvhmr.npy": {"smpl_params_global": params, "smpl_params_incam": {**params, "transl": trans + 9}},
        "wham.pkl": {0: {"pose": poses[:, :72] * 0.5, "pose_world": poses[:, :72], "trans_world": trans}},
        "motionx.npy": np.concatenate([poses[:, :66], np.zeros((_FRAMES, 243)), trans, np.zeros((_FRAMES, 10))], 1),
    }
    for name, value in files.items():
        if name.endswith(".npz"):
            write_npz(tmp_path / name, value)
        elif name.endswith(".npy"):
            np.save(tmp_path / name, value, allow_pickle=True)
        else:
            (tmp_path / name).write_bytes(pickle.dumps(value))
        found = read_file(tmp_path / name)
        assert found.layout == "smpl", name
        assert sum("no frame rate" in note for note in found.notes) == 1, (name, found.notes)
        np.testing.assert_allclose(found.motions.motions[0].positions, smpl["positions"], atol=1e-4, err_msg=name)
    assert read_file(tmp_path / "smplx.npz", options=ReadOptions(input_fps=25)).motions.motions[0].fps == 25


def test_several_people_of_a_tracker_are_a_set(tmp_path: Path, smpl):
    body = {"pose_world": smpl["poses"][:, :72], "trans_world": smpl["trans"]}
    (tmp_path / "wham.pkl").write_bytes(pickle.dumps({0: body, 4: body}))
    assert read_file(tmp_path / "wham.pkl").motions.ids == ["wham_0", "wham_4"]


@pytest.mark.filterwarnings("ignore")
def test_a_list_and_a_dictionary_of_motions_are_sets(tmp_path: Path):
    motions = np.empty(2, dtype=object)
    motions[:] = [_positions(), _positions()[:40]]
    np.save(tmp_path / "list.npy", motions, allow_pickle=True)
    assert [len(motion) for motion in read_motions(tmp_path / "list.npy")] == [_FRAMES, 40]
    np.savez(tmp_path / "named.npz", walk=_positions(), run=_positions()[:40])
    assert read_motions(tmp_path / "named.npz").ids == ["walk", "run"]
