"""The layout of the simulated body."""

from __future__ import annotations

from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

from motion.formats.scenes.body_shapes import body_shapes
from motion.kinematics import REST_OFFSETS
from motion.skeleton import JOINT_NAMES
from sim_server.body import humanoid
from sim_server.body.humanoid import (
    MASS_KG,
    NUM_CTRL,
    NUM_DOFS,
    NUM_QPOS,
    SEGMENT_MASS_KG,
    SOLE_M,
    build_model,
    default_model,
    mjcf,
    sole_points,
)


def test_the_named_sizes_are_those_of_the_model() -> None:
    model = default_model()
    assert (model.nbody, model.nq, model.nv, model.nu) == (23, NUM_QPOS, NUM_DOFS, NUM_CTRL)
    assert (NUM_QPOS, NUM_DOFS, NUM_CTRL) == (91, 69, 84)


def test_the_segments_have_the_mass_of_the_body() -> None:
    assert SEGMENT_MASS_KG.sum() == pytest.approx(MASS_KG)
    assert build_model(REST_OFFSETS).body_mass.sum() == pytest.approx(MASS_KG, rel=1e-4)


def test_the_sole_lies_below_the_ball_of_the_foot() -> None:
    points = sole_points(REST_OFFSETS)
    ball = REST_OFFSETS[10][1]
    assert points[:4, 1] == pytest.approx(ball - SOLE_M)
    assert points[8:, 1] == pytest.approx(-SOLE_M)


def test_the_shapes_that_files_show_are_those_of_the_model() -> None:
    offsets = 1.1 * REST_OFFSETS
    geoms = {geom.get("name"): geom for geom in ElementTree.fromstring(mjcf(offsets)).iter("geom")}
    for name, shape in zip(JOINT_NAMES, body_shapes(offsets), strict=True):
        geom = geoms[name]
        size = np.array(geom.get("size", "").split(), float)
        if geom.get("type") == "box":
            ends, expected = [shape.first, shape.second], [np.array(geom.get("pos", "").split(), float), size]
        elif geom.get("type") == "sphere":
            centre = np.array(geom.get("pos", "").split(), float)
            ends, expected = [shape.first, shape.second], [centre, centre]
        else:
            ends, expected = [shape.first, shape.second], np.array(geom.get("fromto", "").split(), float).reshape(2, 3)
        assert (shape.kind == "box") == (geom.get("type") == "box")
        np.testing.assert_allclose(ends, expected, atol=1e-5)  # they are printed with five decimals
        assert shape.kind == "box" or shape.radius == pytest.approx(size[0], abs=1e-5)


def test_a_body_for_which_there_is_no_memory_is_not_an_odd_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(humanoid, "mjcf", lambda _: "no XML")
    with pytest.raises(ValueError, match="XML"):
        build_model(1.01 * REST_OFFSETS)

    def fail(xml: str) -> None:
        raise ValueError("Error: engine error: Could not allocate memory")

    monkeypatch.setattr(humanoid.mujoco, "MjModel", SimpleNamespace(from_xml_string=fail))
    with pytest.raises(MemoryError, match="Could not allocate memory"):
        build_model(1.02 * REST_OFFSETS)
