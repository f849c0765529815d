"""The contact distribution against a solver, and its torques against MuJoCo."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
from scipy.optimize import nnls

from motion import rotation
from motion.kinematics import REST_OFFSETS
from sim_server.body.contact_distribution import (
    FRICTION_EDGES,
    REGULARIZATION,
    WRENCH_WEIGHT,
    contact_matrix,
    distribute_wrench,
)
from sim_server.body.humanoid import (
    BODY_OF_JOINT,
    NUM_DOFS,
    NUM_SOLE_POINTS,
    ROOT_DOFS,
    SOLE_POINT_JOINT,
    build_model,
    sole_points,
)
from sim_server.body.reference_row import ROW_WIDTH, ReferenceStep, view_steps
from sim_server.engine import controller
from sim_server.engine.controller import BodyState, compute_control

NO_WRENCH = np.zeros((1, 6))


def contact_problem(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return random contact matrices and weighted wrenches."""
    rng = np.random.default_rng(0)
    arms = rng.normal(0, 0.25, (count, NUM_SOLE_POINTS, 3)) + (0, -0.9, 0)
    matrix = contact_matrix(arms, rng.random((count, NUM_SOLE_POINTS)) < 0.5)
    wrench = rng.normal(0, (200, 300, 200, 50, 50, 50), (count, 6)) + (0, 600, 0, 0, 0, 0)
    return matrix, wrench * WRENCH_WEIGHT


def test_the_distribution_agrees_with_nnls() -> None:
    matrix, wrenches = contact_problem(200)
    _, duals = distribute_wrench(matrix, wrenches, np.zeros((200, 6)))
    errors = []
    for edges, wrench, dual in zip(matrix, wrenches, duals, strict=True):
        system = np.concatenate([edges.T, np.sqrt(REGULARIZATION) * np.eye(len(edges))])
        solution, _ = nnls(system, np.concatenate([wrench, np.zeros(len(edges))]))
        errors.append(np.abs(wrench - edges.T @ solution - dual).max())
    assert np.percentile(errors, 95) < 0.1  # newtons, of hundreds
    assert max(errors) < 20


def test_the_distribution_of_a_row_does_not_depend_on_the_other_rows() -> None:
    matrix, wrenches = contact_problem(20)
    forces, dual = distribute_wrench(matrix, wrenches, np.zeros((20, 6)))
    for row in range(20):
        alone = distribute_wrench(matrix[[row]], wrenches[[row]], np.zeros((1, 6)))
        assert np.array_equal(forces[row], alone[0][0]) and np.array_equal(dual[row], alone[1][0])


def posed_body(seed: int) -> tuple[mujoco.MjModel, mujoco.MjData, BodyState, ReferenceStep]:
    """Return a resting body in a random pose, and a reference whose root is where the body's is."""
    model = build_model(REST_OFFSETS)
    data = mujoco.MjData(model)
    rotations = rotation.normalized(np.random.default_rng(seed).normal(0, 0.2, (22, 4)) + (1, 0, 0, 0))
    data.qpos[:] = np.concatenate([[0, 1, 0], rotations.ravel()])
    mujoco.mj_forward(model, data)
    reference = view_steps(np.zeros((1, ROW_WIDTH)))
    reference.root_position[:], reference.root_rotation[:] = data.xpos[1], data.xquat[1]
    body = BodyState(data.xpos[None].copy(), data.xquat[None].copy(), np.zeros((1, NUM_DOFS)))
    return model, data, body, reference


def test_the_torques_of_the_legs_carry_the_contact_forces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controller, "CONTACT_HEIGHT_M", 99.0)
    monkeypatch.setattr(controller, "SERVO_LIMIT", np.full(NUM_DOFS - ROOT_DOFS, 1e9))
    model, data, body, reference = posed_body(1)
    reference.foot_contact[:] = 1
    reference.wrench[:] = (50, 700, 20, 5, 3, 2)
    soles = sole_points(REST_OFFSETS)[None]
    forces = compute_control(body, reference, soles, np.array([1e9]), np.zeros((1, 6)), NO_WRENCH)

    bodies = BODY_OF_JOINT[SOLE_POINT_JOINT]
    points = data.xpos[bodies] + rotation.rotate(data.xquat[bodies], soles[0])
    matrix = contact_matrix((points - data.xpos[1])[None], np.ones((1, NUM_SOLE_POINTS), bool))
    edges, _ = distribute_wrench(matrix, reference.wrench * WRENCH_WEIGHT, np.zeros((1, 6)))
    carried = np.zeros(NUM_DOFS)
    pushes = edges.reshape(NUM_SOLE_POINTS, 4) @ FRICTION_EDGES
    for point, body_id, push in zip(points, bodies, pushes, strict=True):
        mujoco.mj_applyFT(model, data, push, np.zeros(3), point, int(body_id), carried)
    np.testing.assert_allclose(forces.applied[0, ROOT_DOFS:], -carried[ROOT_DOFS:], atol=1e-8)


def test_without_contact_the_assist_is_the_whole_wrench_up_to_its_limit() -> None:
    _, _, body, reference = posed_body(2)
    reference.wrench[:] = (10, 686, -5, 1, 2, 3)
    soles = sole_points(REST_OFFSETS)[None]
    free, limited = (
        compute_control(body, reference, soles, np.array([limit]), np.zeros((1, 6)), NO_WRENCH)
        for limit in (1e9, 100.0)
    )
    np.testing.assert_allclose(free.assist, reference.wrench, atol=0.05)
    assert np.linalg.norm(limited.assist[0, :3]) == pytest.approx(100)


def test_the_wrench_of_a_policy_is_added_and_the_mask_switches_the_controller_off() -> None:
    _, _, body, reference = posed_body(2)
    reference.joint_torque[:] = 3.0
    soles = sole_points(REST_OFFSETS)[None]
    pushed = compute_control(body, reference, soles, np.array([1e9]), np.zeros((1, 6)), np.full((1, 6), 20.0))
    np.testing.assert_allclose(pushed.assist, np.full((1, 6), 20.0), atol=0.05)
    off = compute_control(body, reference, soles, np.array([0.0]), np.zeros((1, 6)), NO_WRENCH, np.array([False]))
    assert not off.applied.any()
