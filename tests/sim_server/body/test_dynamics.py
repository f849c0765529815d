"""Inverse dynamics against MuJoCo's own."""

from __future__ import annotations

import mujoco
import numpy as np

from motion import rotation
from motion.kinematics import REST_OFFSETS, forward_positions, forward_rotations
from motion.physics import GRAVITY_M_S2
from sim_server.body.dynamics import inverse_dynamics
from sim_server.body.humanoid import DEPTH_FIRST, MASS_KG, NUM_DOFS, ROOT_DOFS, SERVO_JOINTS, build_model


def test_inverse_dynamics_agrees_with_mujoco() -> None:
    """Compare every joint's torque and the root's wrench on a smooth random path, without armature."""
    model = build_model(REST_OFFSETS)
    rng = np.random.default_rng(4)
    dt, samples = 1 / 240, 121
    time = np.arange(samples) * dt
    waves = rng.normal(0, 0.3, (22, 3)), rng.uniform(1, 4, (22, 3)), rng.uniform(0, 6, (22, 3))
    local = rotation.exp(waves[0] * np.sin(waves[1] * time[:, None, None] + waves[2]))
    root = np.stack([0.3 * np.sin(2 * time), 1 + 0.1 * np.cos(3 * time), 0.5 * time], -1)
    rotations = forward_rotations(local)
    joints = forward_positions(rotations, root, REST_OFFSETS)
    qpos = np.concatenate([root, local[:, DEPTH_FIRST].reshape(samples, -1)], 1)
    qvel = np.zeros((samples, NUM_DOFS))
    for index in range(1, samples - 1):
        mujoco.mj_differentiatePos(model, qvel[index], 2 * dt, qpos[index - 1], qpos[index + 1])
    qacc = np.gradient(qvel, dt, axis=0)
    angular_velocity = np.zeros((samples, 22, 3))
    chords = rotation.log(rotation.multiply(rotation.conjugate(rotations[:-2]), rotations[2:])) / (2 * dt)
    # A chord has the angular velocity of its middle, seen from the frame before it.
    to_middle = rotation.multiply(rotation.conjugate(rotations[1:-1]), rotations[:-2])
    angular_velocity[1:-1] = rotation.rotate(to_middle, chords)
    compared = np.arange(20, 100, 10)
    ours = inverse_dynamics(model, joints, rotations, angular_velocity, dt, compared)

    model.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_CONTACT) | int(mujoco.mjtDisableBit.mjDSBL_ACTUATION)
    model.opt.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    model.dof_armature[:] = 0
    data = mujoco.MjData(model)
    for row, index in enumerate(compared):
        data.qpos[:], data.qvel[:], data.qacc[:] = qpos[index], qvel[index], qacc[index]
        mujoco.mj_inverse(model, data)
        np.testing.assert_allclose(ours.wrench[row, :3], data.qfrc_inverse[:3], atol=1.0)
        moment = rotation.rotate(rotations[index, 0], data.qfrc_inverse[3:ROOT_DOFS])
        np.testing.assert_allclose(ours.wrench[row, 3:], moment, atol=1.0)
        torque = rotation.rotate(rotation.conjugate(rotations[index]), ours.torque[row])[SERVO_JOINTS]
        np.testing.assert_allclose(torque.ravel(), data.qfrc_inverse[ROOT_DOFS:], atol=1.0)


def test_a_standing_body_needs_its_weight_and_a_falling_one_nothing() -> None:
    model = build_model(REST_OFFSETS)
    samples, dt = 31, 1 / 60
    rotations = np.tile([1.0, 0, 0, 0], (samples, 22, 1))
    still = np.tile([0.0, 1.0, 0.0], (samples, 1))
    time = np.arange(samples) * dt
    falling = still - 0.5 * GRAVITY_M_S2 * time[:, None] ** 2 * (0, 1, 0)
    for path, force in ((still, MASS_KG * GRAVITY_M_S2), (falling, 0.0)):
        joints = forward_positions(rotations, path, REST_OFFSETS)
        found = inverse_dynamics(model, joints, rotations, np.zeros((samples, 22, 3)), dt, np.array([15]))
        np.testing.assert_allclose(found.wrench[0, :3], (0, force, 0), atol=0.05)
