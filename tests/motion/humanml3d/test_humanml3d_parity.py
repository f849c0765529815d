"""Every stage of the features agrees with numbers recorded from the code published with HumanML3D.

The tolerances are those in the README of the recordings; the published code computes in single precision.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from recordings import Recordings

from motion.humanml3d import features as humanml3d
from motion.humanml3d import uniform_skeleton

RECORDINGS = Recordings().glob("hml_features_*.npz")
ATOL = 1e-5
ROTATION_ATOL = 5e-5
CONTACT_UNSURE_M2 = 5e-7  # so near to the threshold, single precision decides

if not RECORDINGS:
    pytest.skip("no recorded numbers hml_features_*.npz (set PLUMB_PARITY)", allow_module_level=True)


@pytest.fixture(scope="module", params=RECORDINGS, ids=lambda path: path.stem.removeprefix("hml_features_"))
def clip(request: pytest.FixtureRequest) -> dict[str, np.ndarray]:
    return loaded(request.param)


@pytest.fixture(scope="module")
def published() -> dict[str, np.ndarray]:
    """Return the clip that the data set itself publishes together with its features."""
    for path in RECORDINGS:
        if "official_new_joint_vecs" in (recorded := loaded(path)):
            return recorded
    pytest.skip("no recording holds the published sample")


def loaded(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def canonical(clip: dict[str, np.ndarray]) -> np.ndarray:
    uniform = uniform_skeleton.uniform_positions(clip["joints_in"].astype(np.float64), clip["target_offsets"])
    return humanml3d.canonical_positions(uniform)


def assert_features(result: np.ndarray, recorded: np.ndarray, positions: np.ndarray, rows: int | None = None):
    for block in humanml3d.BLOCKS[:-1]:
        tolerance = ROTATION_ATOL if block == humanml3d.JOINT_ROTATIONS else ATOL
        np.testing.assert_allclose(result[:rows, block], recorded[:rows, block], atol=tolerance, rtol=0)
    steps = (np.diff(positions[:, humanml3d.CONTACT_JOINTS], axis=0) ** 2).sum(-1)
    sure = np.abs(steps - humanml3d.CONTACT_STEP_M2) > CONTACT_UNSURE_M2
    contacts = result[:, humanml3d.CONTACTS], recorded[:, humanml3d.CONTACTS]
    np.testing.assert_array_equal(contacts[0][sure][:rows], contacts[1][sure][:rows])


def test_parity_hml_skeleton_and_constants(parity_dir: Recordings):
    summary = json.loads((parity_dir / "hml_features_summary.json").read_text())
    np.testing.assert_array_equal(uniform_skeleton.REST_DIRECTIONS, summary["raw_offsets"])
    parents = dict.fromkeys(range(22), -1)
    for chain in summary["kinematic_chain"]:
        parents |= dict(zip(chain[1:], [0, *chain[1:-1]], strict=True))
    assert uniform_skeleton.ROTATION_PARENTS[1:] == tuple(parents[joint] for joint in range(1, 22))
    assert summary["constants"]["feet_threshold"] == humanml3d.CONTACT_STEP_M2


def test_parity_hml_scale_ratio(clip: dict[str, np.ndarray]):
    ratio = uniform_skeleton.scale_ratio(clip["joints_in"].astype(np.float64), clip["target_offsets"])
    assert ratio == pytest.approx(float(clip["scale_ratio"]), abs=ATOL)


def test_parity_hml_inverse_kinematics(clip: dict[str, np.ndarray]):
    rotations = uniform_skeleton.inverse_kinematics(clip["joints_in"].astype(np.float64))
    np.testing.assert_allclose(rotations, clip["ik_quat_in"], atol=ROTATION_ATOL, rtol=0)


def test_parity_hml_uniform_positions(clip: dict[str, np.ndarray]):
    uniform = uniform_skeleton.uniform_positions(clip["joints_in"].astype(np.float64), clip["target_offsets"])
    np.testing.assert_allclose(uniform, clip["joints_uniform"], atol=ATOL, rtol=0)


def test_parity_hml_canonical_positions(clip: dict[str, np.ndarray]):
    np.testing.assert_allclose(canonical(clip), clip["joints_canonical"], atol=ATOL, rtol=0)


def test_parity_hml_heading(clip: dict[str, np.ndarray]):
    heading = uniform_skeleton.heading_rotations(canonical(clip), smooth=True)
    np.testing.assert_allclose(heading, clip["root_quat_smooth"], atol=ATOL, rtol=0)


def test_parity_hml_body_positions(clip: dict[str, np.ndarray]):
    positions = canonical(clip)
    heading = uniform_skeleton.heading_rotations(positions, smooth=True)
    np.testing.assert_allclose(humanml3d.body_positions(positions, heading), clip["joints_rifke"], atol=ATOL, rtol=0)


def test_parity_hml_features(clip: dict[str, np.ndarray]):
    features = humanml3d.positions_to_features(clip["joints_in"], clip["target_offsets"])
    assert features.dtype == np.float32
    assert_features(features, clip["features"], canonical(clip))


@pytest.mark.parametrize(("features", "recovered"), [("features", "rec"), ("features_perturbed", "recp")])
def test_parity_hml_recovered_positions(clip: dict[str, np.ndarray], features: str, recovered: str):
    heading, root = humanml3d.recover_root(clip[features].astype(np.float64))
    np.testing.assert_allclose(heading, clip[f"{recovered}_root_quat"], atol=ATOL, rtol=0)
    np.testing.assert_allclose(root, clip[f"{recovered}_root_pos"], atol=ATOL, rtol=0)
    ric = humanml3d.recover_from_ric(clip[features])
    np.testing.assert_allclose(ric, clip[f"{recovered}_joints_ric"], atol=ATOL, rtol=0)
    rot = humanml3d.recover_from_rot(clip[features], clip["target_offsets"])
    np.testing.assert_allclose(rot, clip[f"{recovered}_joints_rot"], atol=ATOL, rtol=0)


def test_parity_hml_own_offsets(published: dict[str, np.ndarray]):
    positions = published["joints_in"].astype(np.float64)
    own = uniform_skeleton.measured_offsets(positions[0])
    np.testing.assert_allclose(own, published["target_offsets_own"], atol=1e-6, rtol=0)
    canonical_own = humanml3d.canonical_positions(uniform_skeleton.uniform_positions(positions, own))
    np.testing.assert_allclose(canonical_own, published["joints_canonical_own_offsets"], atol=ATOL, rtol=0)
    features = humanml3d.positions_to_features(positions, own)
    assert_features(features, published["features_own_offsets"], canonical_own)
    # The published features were computed from one frame more, which influences the filtered heading of 80 frames.
    assert_features(features, published["official_new_joint_vecs"][: len(features)], canonical_own, rows=89)


def test_parity_hml_published_sample(published: dict[str, np.ndarray]):
    vectors = published["official_new_joint_vecs"]
    np.testing.assert_allclose(humanml3d.recover_from_ric(vectors), published["joints_in"], atol=ATOL, rtol=0)
    rot = humanml3d.recover_from_rot(vectors, published["target_offsets"])
    np.testing.assert_allclose(rot, published["official_recover_from_rot"], atol=ATOL, rtol=0)


def test_parity_hml_mean_std(parity_dir: Recordings):
    with np.load(parity_dir / "hml_mean_std.npz", allow_pickle=False) as recorded:
        clips = [np.load(parity_dir / str(name), allow_pickle=False)["features"] for name in recorded["files"]]
        mean, std = humanml3d.mean_std(clips)
        np.testing.assert_allclose(mean, recorded["mean"], atol=ATOL, rtol=0)
        np.testing.assert_allclose(std, recorded["std"], atol=ATOL, rtol=0)
