"""The trace of a simulated motion: its inputs are simulated once more, and the forces are read off."""

from __future__ import annotations

import mujoco
import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.trace import FEET, Trace
from sim_server.body.contact_points import CONTACT_POINT_JOINT, CONTACT_POINT_PART
from sim_server.body.humanoid import (
    BODY_OF_JOINT,
    CONTROL_FPS,
    DOF_OF_JOINT,
    NUM_CTRL,
    PHYSICS_STEPS,
    SOLE_M,
    SUBSTEPS,
    mjcf,
)
from sim_server.engine.rollout import Path

_PARTS = tuple(dict.fromkeys(CONTACT_POINT_PART))
_PART_OF_POINT = np.array([_PARTS.index(part) for part in CONTACT_POINT_PART])
_FEET = [_PARTS.index(foot) for foot in FEET]
_STEPS = SUBSTEPS * PHYSICS_STEPS
_TORQUE_DOFS = DOF_OF_JOINT[1:, None] + np.arange(3)


def build_trace(path: Path) -> Trace | None:
    """Build the trace of a path: simulate its inputs again, in plain `mj_step`, and read off the forces.

    Args:
        path: the way of a motion; where its state diverged the trace ends.

    Returns:
        The trace; None for a path without control steps.
    """
    steps = len(path.inputs)
    if not steps:
        return None
    reference = path.reference
    inputs = np.repeat(np.concatenate(path.inputs), PHYSICS_STEPS, 0)
    forces, moments, levers = np.zeros((steps, len(_PARTS), 3)), np.zeros((steps, 3)), np.zeros((steps, 2, 3))
    torque = np.zeros((steps, len(_TORQUE_DOFS), 3))
    model, data = reference.model, mujoco.MjData(reference.model)
    data.qpos[:], data.qvel[:] = reference.qpos, reference.qvel
    for index, values in enumerate(inputs):
        data.ctrl[:], data.qfrc_applied[:] = values[:NUM_CTRL], values[NUM_CTRL:]
        step = index // _STEPS
        mujoco.mj_step(model, data)  # leaves the contacts and forces of the state before it
        for part, point, force in _contact_forces(model, data, reference.contact_points):
            forces[step, part] += force / _STEPS
            if part in _FEET:
                levers[step, _FEET.index(part)] += point * force[1] / _STEPS
            else:
                moments[step] += np.cross(point - data.xpos[1], force) / _STEPS
        torque[step] += (data.qfrc_actuator + data.qfrc_applied)[_TORQUE_DOFS] / _STEPS

    feet = forces[:, _FEET, 1:2]
    others = np.delete(forces, _FEET, axis=1).sum(1)
    policies = list(dict.fromkeys(control.policy.name for control in path.controls))
    return Trace(
        fps=CONTROL_FPS,
        timestep_s=model.opt.timestep,
        lift_m=SOLE_M,
        parts=_PARTS,
        policies=tuple(policies),
        contact_force=forces,
        foot_centre=np.divide(levers, feet, out=np.full_like(levers, np.nan), where=feet > 0),
        other_wrench=np.concatenate([others, moments], -1),
        joint_torque=torque,
        assist=path.assist[:steps],
        assist_limit=np.array([control.limit_n for control in path.controls]),
        distance=path.distance[1 : steps + 1],
        actor=np.array([policies.index(control.policy.name) for control in path.controls]),
        qpos=reference.qpos,
        qvel=reference.qvel,
        ctrl=inputs[:, :NUM_CTRL],
        qfrc_applied=inputs[:, NUM_CTRL:],
        model_xml=mjcf(reference.offsets),
    )


def _contact_forces(
    model: mujoco.MjModel, data: mujoco.MjData, contact_points: FloatArray
) -> list[tuple[int, FloatArray, FloatArray]]:
    """Return the part of the body, the place (3,) [m] and the force of the floor (3,) [N] of each contact."""
    found: list[tuple[int, FloatArray, FloatArray]] = []
    local = np.zeros(6)
    for index in range(data.ncon):
        contact = data.contact[index]
        mujoco.mj_contactForce(model, data, index, local)
        force = contact.frame.reshape(3, 3).T @ local[:3]
        # The normal of a contact leads from its first geom to its second; the floor is one of them.
        if model.geom_bodyid[contact.geom2] == 0:
            force = -force
        body = max(model.geom_bodyid[contact.geom1], model.geom_bodyid[contact.geom2])
        found.append((_part(data, int(body), contact.pos, contact_points), contact.pos.copy(), force))
    return found


def _part(data: mujoco.MjData, body: int, place: FloatArray, contact_points: FloatArray) -> int:
    """Return the part of the body to which a place (3,) on one of its segments belongs: that of the nearest point."""
    mine = np.flatnonzero(BODY_OF_JOINT[CONTACT_POINT_JOINT] == body)
    if not len(mine):
        return _PARTS.index("head")  # neck or collar: the head's own sphere lies over them
    points = data.xpos[body] + rotation.rotate(data.xquat[body], contact_points[mine, :3])
    return int(_PART_OF_POINT[mine[np.linalg.norm(points - place, axis=-1).argmin()]])
