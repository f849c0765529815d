"""The forces of the controller against MuJoCo, and the limits of the assist."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from motion import rotation
from motion.kinematics import REST_OFFSETS
from sim_server.body.contact_distribution import (
    FRICTION_EDGES,
    WRENCH_WEIGHT,
    contact_matrix,
    distribute_wrench,
)
from sim_server.body.contact_points import CONTACT_POINT_JOINT, contact_points, lowest_points
from sim_server.body.humanoid import BODY_OF_JOINT, NUM_DOFS, NUM_SOLE_POINTS, ROOT_DOFS, build_model
from sim_server.body.reference_row import ROW_WIDTH, SubstepReference, view_steps
from sim_server.engine import controller
from sim_server.engine.body_state import BodyState
from sim_server.engine.controller import compute_control

NO_WRENCH = np.zeros((1, 6))
POINTS = contact_points(build_model(REST_OFFSETS), REST_OFFSETS)[None]
ANY_HEIGHT_M = 99.0


def posed_body(seed: int) -> tuple[mujoco.MjModel, mujoco.MjData, BodyState, SubstepReference]:
    """Return a resting body in a random pose, and a reference whose root is where the body's is."""
    model = build_model(REST_OFFSETS)
    data = mujoco.MjData(model)
    rotations = rotation.normalized(np.random.default_rng(seed).normal(0, 0.2, (22, 4)) + (1, 0, 0, 0))
    data.qpos[:] = np.concatenate([[0, 1, 0], rotations.ravel()])
    mujoco.mj_forward(model, data)
    reference = view_steps(np.zeros((1, ROW_WIDTH))).substep(0)
    reference.root_position[:], reference.root_rotation[:] = data.xpos[1], data.xquat[1]
    body = BodyState(data.xpos[None].copy(), data.xquat[None].copy(), np.zeros((1, NUM_DOFS)))
    return model, data, body, reference


@pytest.mark.parametrize("lying", [False, True], ids=["feet", "feet, hands and trunk"])
def test_the_torques_of_the_joints_carry_the_contact_forces(monkeypatch: pytest.MonkeyPatch, lying: bool) -> None:
    monkeypatch.setattr(controller, "CONTACT_HEIGHT_M", ANY_HEIGHT_M)
    monkeypatch.setattr(controller, "BODY_CONTACT_HEIGHT_M", ANY_HEIGHT_M)
    monkeypatch.setattr(controller, "SERVO_LIMIT", np.full(NUM_DOFS - ROOT_DOFS, 1e9))
    model, data, body, reference = posed_body(1)
    carrying = np.arange(len(CONTACT_POINT_JOINT)) < NUM_SOLE_POINTS
    if lying:
        carrying[NUM_SOLE_POINTS::5] = True
        reference.body_contact[:] = carrying[NUM_SOLE_POINTS:]
    reference.foot_contact[:] = 1
    reference.wrench[:] = (50, 700, 20, 5, 3, 2)
    forces = compute_control(body, reference, POINTS, np.array([1e9]), np.zeros((1, 6)), NO_WRENCH)

    bodies = BODY_OF_JOINT[CONTACT_POINT_JOINT][carrying]
    points = lowest_points(POINTS[0], data.xpos[BODY_OF_JOINT], data.xquat[BODY_OF_JOINT])[carrying]
    matrix = contact_matrix((points - data.xpos[1])[None], np.ones((1, len(points)), bool))
    edges, _ = distribute_wrench(matrix, reference.wrench * WRENCH_WEIGHT, np.zeros((1, 6)))
    carried = np.zeros(NUM_DOFS)
    pushes = edges.reshape(-1, 4) @ FRICTION_EDGES
    for point, body_id, push in zip(points, bodies, pushes, strict=True):
        mujoco.mj_applyFT(model, data, push, np.zeros(3), point, int(body_id), carried)
    np.testing.assert_allclose(forces.applied[0, ROOT_DOFS:], -carried[ROOT_DOFS:], atol=1e-8)


def test_without_contact_the_assist_is_the_whole_wrench_up_to_its_limit() -> None:
    _, _, body, reference = posed_body(2)
    reference.wrench[:] = (10, 686, -5, 1, 2, 3)
    free, limited = (
        compute_control(body, reference, POINTS, np.array([limit]), np.zeros((1, 6)), NO_WRENCH)
        for limit in (1e9, 100.0)
    )
    np.testing.assert_allclose(free.assist, reference.wrench, atol=0.05)
    assert np.linalg.norm(limited.assist[0, :3]) == pytest.approx(100)


def test_the_wrench_of_a_policy_is_added_and_the_mask_switches_the_controller_off() -> None:
    _, _, body, reference = posed_body(2)
    reference.joint_torque[:] = 3.0
    pushed = compute_control(body, reference, POINTS, np.array([1e9]), np.zeros((1, 6)), np.full((1, 6), 20.0))
    np.testing.assert_allclose(pushed.assist, np.full((1, 6), 20.0), atol=0.05)
    off = compute_control(body, reference, POINTS, np.array([0.0]), np.zeros((1, 6)), NO_WRENCH, np.array([False]))
    assert not off.applied.any()
