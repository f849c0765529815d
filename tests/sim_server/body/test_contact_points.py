"""The contact points are where MuJoCo's bodies touch the floor."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from motion import rotation
from motion.kinematics import REST_OFFSETS
from motion.skeleton import JOINT_NAMES
from sim_server.body.contact_points import (
    CONTACT_POINT_JOINT,
    CONTACT_POINT_PART,
    NUM_BODY_POINTS,
    NUM_CONTACT_POINTS,
    contact_points,
    lowest_points,
)
from sim_server.body.humanoid import BODY_OF_JOINT, NUM_SOLE_POINTS, build_model, sole_points

BODY_JOINTS = np.unique(CONTACT_POINT_JOINT[NUM_SOLE_POINTS:])


def posed(scale: float, seed: int, height: float) -> tuple[mujoco.MjModel, mujoco.MjData, np.ndarray]:
    """Return a body in a random pose with its root at a height, and the lowest points (53, 3) of its contact points."""
    offsets = scale * REST_OFFSETS
    model = build_model(offsets)
    data = mujoco.MjData(model)
    rng = np.random.default_rng(seed)
    joints = rotation.normalized(rng.normal(0, 0.4, (21, 4)) + (1, 0, 0, 0))
    root = rotation.normalized(rng.normal(0, 1, 4))
    data.qpos[:] = np.concatenate([[0, height, 0], root, joints.ravel()])
    mujoco.mj_forward(model, data)
    positions, rotations = data.xpos[BODY_OF_JOINT], data.xquat[BODY_OF_JOINT]
    return model, data, lowest_points(contact_points(model, offsets), positions, rotations)


def depths(model: mujoco.MjModel, data: mujoco.MjData) -> dict[int, float]:
    """Return how deep each joint's geom is in the floor [m]."""
    found: dict[int, float] = {}
    for contact in data.contact:
        joint = int(np.flatnonzero(BODY_OF_JOINT == model.geom_bodyid[max(contact.geom)])[0])
        found[joint] = max(found.get(joint, 0.0), -float(contact.dist))
    return found


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("scale", [0.8, 1.0, 1.15])
def test_every_segment_reaches_as_deep_as_its_lowest_contact_point(scale: float, seed: int) -> None:
    model, data, lowest = posed(scale, seed, height=-3.0)  # all of it is below the floor
    deep = depths(model, data)
    for joint in BODY_JOINTS:
        assert deep[joint] == pytest.approx(-lowest[CONTACT_POINT_JOINT == joint, 1].min(), abs=1e-5)


@pytest.mark.parametrize("seed", [1, 5, 8, 11])  # a left hand, a right one, the seat and the head are lowest
def test_a_falling_body_touches_the_floor_at_its_lowest_contact_point(seed: int) -> None:
    model, data, lowest = posed(1.0, seed, height=3.0)
    drop = lowest[:, 1].min()
    lands = CONTACT_POINT_JOINT[lowest[:, 1].argmin()]
    assert lands in BODY_JOINTS  # the uppers of feet have no contact points
    data.qpos[1] -= drop - 1e-4
    mujoco.mj_forward(model, data)
    assert not data.ncon
    data.qpos[1] -= 2e-4
    mujoco.mj_forward(model, data)
    assert set(depths(model, data)) == {lands}


def test_a_standing_body_touches_the_floor_with_the_points_of_its_soles() -> None:
    model = build_model(REST_OFFSETS)
    data = mujoco.MjData(model)
    data.qpos[3::4] = 1
    mujoco.mj_forward(model, data)
    lowest = lowest_points(contact_points(model, REST_OFFSETS), data.xpos[BODY_OF_JOINT], data.xquat[BODY_OF_JOINT])
    data.qpos[1] -= lowest[:, 1].min() + 0.001
    mujoco.mj_forward(model, data)
    touched = {(round(x, 4), round(z, 4)) for x, _, z in (contact.pos for contact in data.contact)}
    soles = {(round(x, 4), round(z, 4)) for x, _, z in lowest[:NUM_SOLE_POINTS]}
    assert soles <= touched


def test_the_first_points_are_those_of_the_soles_and_each_has_a_joint_and_a_word() -> None:
    points = contact_points(build_model(REST_OFFSETS), REST_OFFSETS)
    assert points.shape == (NUM_CONTACT_POINTS, 4) == (53, 4) and NUM_BODY_POINTS == 41
    np.testing.assert_array_equal(points[:NUM_SOLE_POINTS, :3], sole_points(REST_OFFSETS))
    assert not points[:NUM_SOLE_POINTS, 3].any()
    assert len(CONTACT_POINT_JOINT) == len(CONTACT_POINT_PART) == NUM_CONTACT_POINTS
    for joint, part in zip(CONTACT_POINT_JOINT, CONTACT_POINT_PART, strict=True):
        side = JOINT_NAMES[joint].split("_")[0]
        assert side not in ("left", "right") or part.startswith(side)


def test_the_last_points_alone_are_found_where_they_are_among_all() -> None:
    model, data, lowest = posed(1.0, 0, height=1.0)
    body = contact_points(model, REST_OFFSETS)[NUM_SOLE_POINTS:]
    alone = lowest_points(body, data.xpos[BODY_OF_JOINT], data.xquat[BODY_OF_JOINT])
    np.testing.assert_allclose(alone, lowest[NUM_SOLE_POINTS:])
