"""Binary glTF files follow the specification and play back the motion that was written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from glb_reader import Glb
from swaying_body import swaying, swaying_set

from motion.errors import InvalidInput
from motion.formats.files import output_for, read_file, write_motion
from motion.formats.glb import format_glb, write_glb
from motion.formats.packed import write_packed
from motion.formats.scenes.body_shapes import body_shapes, triangulate
from motion.kinematics import REST_OFFSETS
from motion.motion import Motion
from motion.skeleton import JOINT_NAMES, PARENTS


def noisy() -> Motion:
    motion = swaying()
    noise = np.random.default_rng(1).normal(scale=0.02, size=motion.positions.shape)
    return motion.with_positions(motion.positions + noise)


@pytest.mark.parametrize("motion", [swaying(name="sway"), swaying(fps=29.97), noisy()])
def test_the_animation_plays_the_motion(motion: Motion):
    glb = Glb(format_glb(motion))
    np.testing.assert_allclose(glb.joint_matrices()[:, :, :3, 3], motion.positions, atol=1e-4)
    (animation,) = glb.document["animations"]
    for sampler in animation["samplers"]:
        times = glb.array(sampler["input"])
        assert (np.diff(times) > 0).all() and len(glb.array(sampler["output"])) == len(motion)
        assert sampler["interpolation"] == "LINEAR"
    assert times[-1] == pytest.approx(motion.duration, rel=1e-6)
    for channel in animation["channels"]:
        if channel["target"]["path"] == "rotation":
            q = glb.array(animation["samplers"][channel["sampler"]]["output"])
            np.testing.assert_allclose(np.linalg.norm(q, axis=1), 1, atol=1e-6)
            assert ((q[1:] * q[:-1]).sum(1) > 0).all()  # a player interpolates the short way


def test_a_rigid_body_is_animated_by_rotations_and_the_path_of_the_pelvis():
    document = Glb(format_glb(swaying(name="sway"))).document
    (animation,) = document["animations"]
    paths = [(channel["target"]["node"], channel["target"]["path"]) for channel in animation["channels"]]
    assert sorted(paths) == sorted([(0, "translation")] + [(joint, "rotation") for joint in range(22)])
    assert animation["name"] == "sway"
    for joint, name in enumerate(JOINT_NAMES):
        assert document["nodes"][joint]["name"] == name
        assert joint == 0 or joint in document["nodes"][PARENTS[joint]]["children"]


def test_the_skin_follows_one_joint_at_each_vertex_and_surrounds_it():
    motion = swaying()
    glb = Glb(format_glb(motion))
    document = glb.document
    (primitive,) = document["meshes"][0]["primitives"]
    arrays = {name: glb.array(index) for name, index in primitive["attributes"].items()}
    indices = glb.array(primitive["indices"])
    count = len(arrays["POSITION"])
    assert all(len(array) == count for array in arrays.values())
    assert indices.max() == count - 1 and len(indices) % 3 == 0
    np.testing.assert_array_equal(arrays["WEIGHTS_0"], np.tile([1, 0, 0, 0], (count, 1)))
    assert set(arrays["JOINTS_0"][:, 0]) == set(range(22)) and not arrays["JOINTS_0"][:, 1:].any()
    np.testing.assert_allclose(np.linalg.norm(arrays["NORMAL"], axis=1), 1, atol=1e-6)
    inverse = glb.array(document["skins"][0]["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
    joints = arrays["JOINTS_0"][:, 0]
    matrices = (glb.joint_matrices() @ inverse)[:, joints]
    vertices = np.einsum("fvij,vj->fvi", matrices, np.c_[arrays["POSITION"], np.ones(count)])[..., :3]
    distance = np.linalg.norm(vertices - motion.positions[:, joints], axis=-1)
    assert distance.max() < 0.7
    assert np.abs(vertices[..., 1].min() - motion.positions[..., 1].min()) < 0.15


def test_every_shape_is_closed_and_faces_outwards():
    for shape in body_shapes(REST_OFFSETS):
        vertices, normals, triangles = triangulate(shape)
        a, b, c = (vertices[triangles[:, k]] for k in range(3))
        faces = np.cross(b - a, c - a)
        middle = vertices.mean(0)
        assert (np.einsum("ij,ij->i", faces, (a + b + c) / 3 - middle) > 0).all()
        assert (np.einsum("ij,ij->i", faces, normals[triangles[:, 0]]) > 0).all()
        np.testing.assert_allclose(faces.sum(0), 0, atol=1e-9)  # the area vectors of a closed surface cancel


def test_a_glb_file_holds_positions_only(tmp_path: Path):
    write_motion(tmp_path / "a.bvh", swaying())
    source = read_file(tmp_path / "a.bvh")
    assert output_for(source, tmp_path / "a.glb").write(source.motions) == [tmp_path / "a.glb"]
    Glb((tmp_path / "a.glb").read_bytes())
    for form, message in (("features", "cannot hold features"), ("smpl", "cannot hold SMPL")):
        with pytest.raises(InvalidInput, match=message):
            output_for(source, tmp_path / "a.glb", form)


def test_equal_motions_give_equal_bytes_and_broken_ones_are_refused(tmp_path: Path):
    motion = swaying()
    assert format_glb(motion) == format_glb(replace(motion))
    broken = motion.positions.copy()
    broken[3, 4] = np.nan
    with pytest.raises(InvalidInput, match="not finite"):
        write_glb(tmp_path / "a.glb", Motion(broken))
    assert not (tmp_path / "a.glb").exists()


def test_a_set_becomes_one_file_with_an_animation_for_each_motion(tmp_path: Path):
    motions = swaying_set()
    larger = motions.motions[1].with_positions(1.2 * motions.motions[1].positions)
    write_packed(tmp_path / "set", motions.with_motions([motions.motions[0], larger, motions.motions[2]]))
    source = read_file(tmp_path / "set")
    output_for(source, tmp_path / "set.glb").write(source.motions)
    glb = Glb((tmp_path / "set.glb").read_bytes())
    assert [animation["name"] for animation in glb.document["animations"]] == source.motions.ids
    for number, motion in enumerate(source.motions):
        played = glb.joint_matrices(number)[:, :, :3, 3]
        np.testing.assert_allclose(played, motion.positions, atol=1e-4)
