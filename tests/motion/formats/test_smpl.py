"""SMPL pose files: round trip, conversion of axes, and the body that a licensed model gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from swaying_body import swaying

from motion import kinematics
from motion.errors import InvalidInput, NotFound
from motion.formats.files import read_file
from motion.formats.npz import read_npz, write_npz
from motion.formats.packed import read_packed
from motion.formats.smpl import model_joints, motion_from_smpl, write_smpl
from motion.skeleton import PARENTS


def amass(frames: int = 30, columns: int = 156) -> dict[str, np.ndarray]:
    """Return the arrays of a person who stands and moves along +Y in the world of AMASS, where Z is up."""
    poses = np.zeros((frames, columns))
    poses[:, 0] = np.pi / 2  # stand up: SMPL's own Y becomes the world's Z, and the body faces -Y
    poses[:, 1:3] = 0
    trans = np.zeros((frames, 3))
    trans[:, 1] = np.linspace(0, 1.5, frames)
    return {
        "poses": poses, "trans": trans, "betas": np.zeros(16), "gender": np.array("neutral"),
        "mocap_framerate": np.array(120.0),
    }  # fmt: skip


def test_positions_are_recovered_from_an_smpl_file(tmp_path: Path):
    motion = swaying(fps=30)
    write_smpl(tmp_path / "a.npz", motion)
    again = read_file(tmp_path / "a.npz")
    assert again.layout == "smpl" and again.motions.motions[0].fps == 30
    np.testing.assert_allclose(again.motions.motions[0].positions, motion.positions, atol=1e-4)
    arrays = read_npz(tmp_path / "a.npz")
    assert arrays["poses"].shape == (60, 156) and not arrays["poses"][:, 66:].any()


def test_real_motion_is_recovered_as_far_as_its_bones_are_rigid(data_dir: Path, tmp_path: Path):
    for motion in list(read_packed(data_dir / "generalisation"))[::20]:
        write_smpl(tmp_path / "a.npz", motion)
        again = read_file(tmp_path / "a.npz").motions.motions[0]
        assert np.linalg.norm(again.positions - motion.positions, axis=-1).max() < 2e-3


def test_z_up_is_converted_to_y_up():
    motion = motion_from_smpl("a.npz", amass())
    assert motion.fps == 120
    pelvis, head, left, right, toe, ankle = (motion.positions[:, joint] for joint in (0, 15, 1, 2, 10, 7))
    assert (head - pelvis)[:, 1].min() > 0.4, "upright"
    np.testing.assert_allclose((pelvis[-1] - pelvis[0]), [0, 0, 1.5], atol=1e-5)
    ahead, leftwards = (toe - ankle)[0], (left - right)[0]
    assert ahead[2] < -0.1, "it faced -Y there, which is -Z here"
    assert np.cross([0, 1, 0], ahead) @ leftwards > 0, "its left is still on its left"


def tiny_model(folder: Path) -> dict[str, np.ndarray]:
    """Write a made-up model of 40 vertices with 24 joints, which are means of random vertices, and ten shapes."""
    random = np.random.default_rng(0)
    model = {
        "v_template": random.normal(size=(40, 3)),
        "shapedirs": random.normal(scale=0.01, size=(40, 3, 10)),
        "J_regressor": random.dirichlet(np.ones(40), size=24),
    }
    (folder / "smplh").mkdir()
    np.savez(folder / "smplh" / "SMPLH_NEUTRAL.npz", **model)
    return model


def test_a_model_gives_the_joints_that_smplx_computes(tmp_path: Path):
    torch = pytest.importorskip("torch")
    lbs = pytest.importorskip("smplx.lbs")
    model, betas = tiny_model(tmp_path), np.linspace(-2, 2, 10)
    template, shapes, regressor = (torch.as_tensor(model[key]) for key in ("v_template", "shapedirs", "J_regressor"))
    vertices = template[None] + lbs.blend_shapes(torch.as_tensor(betas)[None], shapes)
    wanted = lbs.vertices2joints(regressor, vertices)[0, :22].numpy()
    np.testing.assert_allclose(model_joints(tmp_path / "smplh" / "SMPLH_NEUTRAL.npz", betas), wanted, atol=1e-12)


def test_a_file_is_read_with_the_model_of_its_gender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tiny_model(tmp_path)
    monkeypatch.setenv("SMPL_MODEL_DIR", str(tmp_path))
    arrays = amass() | {"betas": np.linspace(-1, 1, 16)}
    positions = motion_from_smpl("a.npz", arrays).positions
    rest = model_joints(tmp_path / "smplh" / "SMPLH_NEUTRAL.npz", arrays["betas"])
    lengths = np.linalg.norm(rest[1:] - rest[list(PARENTS[1:])], axis=-1)
    found = np.linalg.norm(positions[0, 1:] - positions[0, list(PARENTS[1:])], axis=-1)
    np.testing.assert_allclose(found, lengths, atol=1e-5)
    with pytest.raises(NotFound, match="no SMPL model for 'female'"):
        motion_from_smpl("a.npz", arrays | {"gender": np.array("female")})


def test_without_a_model_the_mean_body_stands_on_the_floor(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SMPL_MODEL_DIR", raising=False)
    positions = motion_from_smpl("a.npz", amass(columns=72)).positions
    assert positions[..., 1].min() == pytest.approx(0, abs=1e-6)
    found = np.linalg.norm(positions[0, 1:] - positions[0, list(PARENTS[1:])], axis=-1)
    np.testing.assert_allclose(found, np.linalg.norm(kinematics.REST_OFFSETS[1:], axis=-1), atol=1e-5)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"poses": np.zeros((30, 60))}, "72 or more"),
        ({"poses": np.zeros((0, 156)), "trans": np.zeros((0, 3))}, "no frames"),
        ({"trans": np.zeros((29, 3))}, r"\(30, 3\)"),
        ({"mocap_framerate": np.array(0.0)}, "mocap_framerate: is 0"),
        ({"mocap_framerate": np.array("fast")}, "must be a number of frames"),
        ({"rest_joints": np.zeros((24, 3))}, "rest_joints"),
    ],
)
def test_wrong_smpl_arrays_are_refused(changed: dict[str, np.ndarray], message: str):
    with pytest.raises(InvalidInput, match=message):
        motion_from_smpl("a.npz", amass() | changed)


def test_angles_in_degrees_are_refused(tmp_path: Path):
    write_smpl(tmp_path / "a.npz", swaying(30))
    arrays = dict(np.load(tmp_path / "a.npz"))
    write_npz(tmp_path / "b.npz", {**arrays, "poses": np.degrees(arrays["poses"])})
    with pytest.raises(InvalidInput, match=r"poses: are up to [0-9.]+; must be rotation vectors in radians"):
        read_file(tmp_path / "b.npz")


def test_a_frame_without_numbers_spoils_no_other(tmp_path: Path):
    write_smpl(tmp_path / "a.npz", swaying(30))
    arrays = dict(np.load(tmp_path / "a.npz"))
    del arrays["rest_joints"]
    write_npz(tmp_path / "a.npz", arrays)
    arrays["poses"][7] = np.nan
    write_npz(tmp_path / "b.npz", arrays)
    whole, found = (read_file(tmp_path / name).motions.motions[0].positions for name in ("a.npz", "b.npz"))
    sound = np.arange(30) != 7
    np.testing.assert_array_equal(np.isfinite(found).all(axis=(1, 2)), sound)
    np.testing.assert_allclose(found[sound], whole[sound], atol=1e-6)
