"""The distribution over contacts against a solver, and its torques against MuJoCo."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
from scipy.optimize import nnls

from motion import rotation
from motion.kinematics import REST_OFFSETS, chained, placed
from sim_server.body.dynamics import inverse_dynamics
from sim_server.body.humanoid import BODY_OF_JOINT, DEPTH_FIRST, SOLE_POINT_JOINT, build_model, sole_points
from sim_server.body.retarget import ROW_WIDTH, fields_of
from sim_server.engine import controller
from sim_server.engine.controller import BodyState, command, distribute


def contact_problem(count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    arms = rng.normal(0, 0.25, (count, 12, 3)) + (0, -0.9, 0)
    matrix = controller._contact_matrix(arms, rng.random((count, 12)) < 0.5)
    wanted = rng.normal(0, (200, 300, 200, 50, 50, 50), (count, 6)) + (0, 600, 0, 0, 0, 0)
    return matrix, wanted * controller._WEIGHT


def test_distribution_agrees_with_nnls() -> None:
    matrix, wanted = contact_problem(200)
    _, dual = distribute(matrix, wanted, np.zeros((200, 6)))
    errors = []
    for edges, goal, residual in zip(matrix, wanted, dual, strict=True):
        system = np.concatenate([edges.T, np.sqrt(controller._RHO) * np.eye(48)])
        solution, _ = nnls(system, np.concatenate([goal, np.zeros(48)]))
        errors.append(np.abs(goal - edges.T @ solution - residual).max())
    assert np.percentile(errors, 95) < 0.1  # newtons, of hundreds
    assert max(errors) < 20


def test_rows_do_not_feel_each_other() -> None:
    matrix, wanted = contact_problem(20)
    forces, dual = distribute(matrix, wanted, np.zeros((20, 6)))
    for row in range(20):
        alone = distribute(matrix[[row]], wanted[[row]], np.zeros((1, 6)))
        assert np.array_equal(forces[row], alone[0][0]) and np.array_equal(dual[row], alone[1][0])


def posed_body(seed: int) -> tuple[mujoco.MjModel, mujoco.MjData]:
    model = build_model(REST_OFFSETS)
    data = mujoco.MjData(model)
    turns = rotation.normalized(np.random.default_rng(seed).normal(0, 0.2, (22, 4)) + (1, 0, 0, 0))
    data.qpos[:] = np.concatenate([[0, 1, 0], turns.ravel()])
    mujoco.mj_forward(model, data)
    return model, data


def test_leg_torques_carry_the_contact_forces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controller, "TOUCH_M", 99.0)
    monkeypatch.setattr(controller, "_SERVO_LIMIT", np.full(63, 1e9))
    model, data = posed_body(1)
    state = BodyState(data.xpos[None].copy(), data.xquat[None].copy(), np.zeros((1, 69)))
    step = fields_of(np.zeros((1, ROW_WIDTH)))
    step.contact[:] = 1
    step.root[:], step.root_turn[:] = data.xpos[1], data.xquat[1]
    step.wrench[:] = (50, 700, 20, 5, 3, 2)
    sole = sole_points(REST_OFFSETS)[None]
    given = command(state, step, sole, np.array([1e9]), np.zeros((1, 6)), np.zeros((1, 6)))

    bodies = BODY_OF_JOINT[SOLE_POINT_JOINT]
    points = data.xpos[bodies] + rotation.rotate(data.xquat[bodies], sole[0])
    matrix = controller._contact_matrix((points - data.xpos[1])[None], np.ones((1, 12), bool))
    edges, _ = distribute(matrix, step.wrench * controller._WEIGHT, np.zeros((1, 6)))
    carried = np.zeros(69)
    for point, body, force in zip(points, bodies, edges.reshape(12, 4) @ controller._EDGES, strict=True):
        mujoco.mj_applyFT(model, data, force, np.zeros(3), point, int(body), carried)
    np.testing.assert_allclose(given.applied[0, 6:], -carried[6:], atol=1e-8)


def test_without_contact_the_residual_is_all_that_is_wanted() -> None:
    _, data = posed_body(2)
    state = BodyState(data.xpos[None].copy(), data.xquat[None].copy(), np.zeros((1, 69)))
    step = fields_of(np.zeros((1, ROW_WIDTH)))
    step.root[:], step.root_turn[:], step.wrench[:] = data.xpos[1], data.xquat[1], (10, 686, -5, 1, 2, 3)
    sole = sole_points(REST_OFFSETS)[None]
    free = command(state, step, sole, np.array([1e9]), np.zeros((1, 6)), np.zeros((1, 6)))
    np.testing.assert_allclose(free.residual, step.wrench, atol=0.05)
    cut = command(state, step, sole, np.array([100.0]), np.zeros((1, 6)), np.zeros((1, 6)))
    assert np.linalg.norm(cut.residual[0, :3]) == pytest.approx(100)


def test_inverse_dynamics_agrees_with_mujoco() -> None:
    """On a smooth random path, without armature: every joint's torque and the root's wrench."""
    model = build_model(REST_OFFSETS)
    rng = np.random.default_rng(4)
    dt, samples = 1 / 240, 121
    time = np.arange(samples) * dt
    waves = rng.normal(0, 0.3, (22, 3)), rng.uniform(1, 4, (22, 3)), rng.uniform(0, 6, (22, 3))
    local = rotation.exp(waves[0] * np.sin(waves[1] * time[:, None, None] + waves[2]))
    root = np.stack([0.3 * np.sin(2 * time), 1 + 0.1 * np.cos(3 * time), 0.5 * time], -1)
    turns = chained(local)
    joints = placed(turns, root, REST_OFFSETS)
    qpos = np.concatenate([root, local[:, DEPTH_FIRST].reshape(samples, -1)], 1)
    qvel = np.zeros((samples, 69))
    for index in range(1, samples - 1):
        mujoco.mj_differentiatePos(model, qvel[index], 2 * dt, qpos[index - 1], qpos[index + 1])
    qacc = np.gradient(qvel, dt, axis=0)
    spins = np.zeros((samples, 22, 3))
    steps = rotation.log(rotation.multiply(rotation.conjugate(turns[:-2]), turns[2:])) / (2 * dt)
    # The chord's spin is that of the middle, seen from the frame before it.
    spins[1:-1] = rotation.rotate(rotation.multiply(rotation.conjugate(turns[1:-1]), turns[:-2]), steps)
    at = np.arange(20, 100, 10)
    ours = inverse_dynamics(model, joints, turns, spins, dt, at)

    model.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_CONTACT) | int(mujoco.mjtDisableBit.mjDSBL_ACTUATION)
    model.opt.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    model.dof_armature[:] = 0
    data = mujoco.MjData(model)
    for row, index in enumerate(at):
        data.qpos[:], data.qvel[:], data.qacc[:] = qpos[index], qvel[index], qacc[index]
        mujoco.mj_inverse(model, data)
        np.testing.assert_allclose(ours.wrench[row, :3], data.qfrc_inverse[:3], atol=1.0)
        moment = rotation.rotate(turns[index, 0], data.qfrc_inverse[3:6])
        np.testing.assert_allclose(ours.wrench[row, 3:], moment, atol=1.0)
        torque = rotation.rotate(rotation.conjugate(turns[index]), ours.torque[row])[DEPTH_FIRST[1:]]
        np.testing.assert_allclose(torque.ravel(), data.qfrc_inverse[6:], atol=1.0)


def test_a_standing_body_needs_its_weight_and_a_falling_one_nothing() -> None:
    model = build_model(REST_OFFSETS)
    samples, dt = 31, 1 / 60
    turns = np.tile([1.0, 0, 0, 0], (samples, 22, 1))
    still = np.tile([0.0, 1.0, 0.0], (samples, 1))
    time = np.arange(samples) * dt
    falling = still - 0.5 * 9.81 * time[:, None] ** 2 * (0, 1, 0)
    for path, force in ((still, 70 * 9.81), (falling, 0.0)):
        joints = placed(turns, path, REST_OFFSETS)
        found = inverse_dynamics(model, joints, turns, np.zeros((samples, 22, 3)), dt, np.array([15]))
        np.testing.assert_allclose(found.wrench[0, :3], (0, force, 0), atol=0.05)
