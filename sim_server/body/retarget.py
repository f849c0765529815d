"""Retargeting: from a prepared motion to the reference that the simulation follows.

A reference is a body with the motion's bones and, for each control step, one row with servo targets, the path of the
root and the forces that the motion asks for. A control step leads from one frame to the next, in `SUBSTEPS`
substeps that each have forces of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from sim_server.body.contact_points import contact_points, lowest_points, sole_heights
from sim_server.body.dynamics import centre_of_mass, inverse_dynamics
from sim_server.body.flight import flight_shift
from sim_server.body.humanoid import (
    DAMPING,
    DEPTH_FIRST,
    NUM_SOLE_POINTS,
    SERVO_JOINTS,
    SOLE_M,
    SUBSTEP_S,
    SUBSTEPS,
)
from sim_server.body.preparation_note import PreparationNote
from sim_server.body.prepared_motion import PreparedMotion
from sim_server.body.reference_row import LOOKAHEAD_FRAMES, LOOKAHEAD_JOINTS, ReferenceStep, pack_steps
from sim_server.body.substep_path import angular_velocity, build_substep_path

FOOT_CONTACT_M = 0.015
"""A foot of the reference may carry load where its sole is lower than this."""
BODY_CONTACT_M = 0.04
"""Any other point of the reference may carry load where it is lower than this; it is not placed as exactly."""


@dataclass(frozen=True, eq=False)
class Reference:
    """The reference that the simulation of one motion follows.

    Attributes:
        model: the body.
        offsets: (22, 3) its rest offsets [m].
        rows: (frames - 1, ROW_WIDTH) one row for each control step; read them with `reference_row.view_steps`.
        qpos: (91,) positions at the first frame, as MuJoCo has them.
        qvel: (69,) velocities at the first frame, as MuJoCo has them.
        contact_points: (53, 4) what can touch the floor, as `contact_points.contact_points` returns it.
        positions: (frames, 22, 3) joints of the reference, raised by `humanoid.SOLE_M` [m].
        notes: what was changed of the motion before.
    """

    model: mujoco.MjModel
    offsets: FloatArray
    rows: FloatArray
    qpos: FloatArray
    qvel: FloatArray
    contact_points: FloatArray
    positions: FloatArray
    notes: tuple[PreparationNote, ...] = ()

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.positions)

    @property
    def steps(self) -> int:
        """The number of control steps, one less than there are frames."""
        return len(self.rows)


def _supported(touching: np.ndarray) -> np.ndarray:
    """Return whether a foot is down at each substep, from the feet (frames, 2) that are down at each frame."""
    down = np.any(touching, axis=1)
    before = np.repeat(down[:-1], SUBSTEPS)
    between = np.repeat(down[1:], SUBSTEPS) & (np.arange(len(before)) % SUBSTEPS > 0)
    return np.append(before | between, down[-1])


def retarget(prepared: PreparedMotion, model: mujoco.MjModel) -> Reference:
    """Build the reference that the body of a prepared motion follows.

    Args:
        prepared: the motion.
        model: its body.

    Raises:
        numpy.linalg.LinAlgError: the flight's equations cannot be solved.
    """
    positions = prepared.positions + (0, SOLE_M, 0)
    touching = sole_heights(prepared.positions, prepared.rotations, prepared.offsets) < FOOT_CONTACT_M
    points = contact_points(model, prepared.offsets)
    low = lowest_points(points[NUM_SOLE_POINTS:], positions, prepared.rotations)[..., 1] < BODY_CONTACT_M

    path = build_substep_path(positions, prepared.rotations, prepared.offsets)
    # Only the forces see the ballistic path; the frames that a body is compared with stay as they are.
    shift = flight_shift(centre_of_mass(model, path.joints, path.rotations), _supported(touching), SUBSTEP_S)
    joints = path.joints + shift[:, None]
    root_velocity = np.gradient(joints[:, 0], SUBSTEP_S, axis=0)
    rates = angular_velocity(path.rotations)
    servo_rates = angular_velocity(path.local_rotations[:, SERVO_JOINTS])

    steps = np.arange(len(positions) - 1)
    ends = steps[:, None] * SUBSTEPS + 1 + np.arange(SUBSTEPS)  # feedback and feed-forward look one substep ahead
    lookahead = np.minimum(steps[:, None] + LOOKAHEAD_FRAMES, len(steps))
    dynamics = inverse_dynamics(model, joints, path.rotations, rates, SUBSTEP_S, ends.ravel())
    joint_torque = rotation.rotate(rotation.conjugate(path.rotations[ends.ravel()]), dynamics.torque)[:, SERVO_JOINTS]
    rows = ReferenceStep(
        servo_targets=path.servo_rotations[ends][:, :, SERVO_JOINTS],
        damping_torque=(servo_rates * DAMPING[SERVO_JOINTS, None])[ends],
        root_position=joints[ends, 0],
        root_rotation=path.rotations[ends, 0],
        root_velocity=root_velocity[ends],
        root_angular_velocity=rates[ends, 0],
        wrench=dynamics.wrench,
        centre_of_mass=dynamics.centre_of_mass,
        inertia=dynamics.inertia,
        joint_torque=joint_torque,
        foot_contact=(touching[:-1] | touching[1:]).astype(float),
        body_contact=(low[:-1] | low[1:]).astype(float),
        target_joints=positions[1:],
        lookahead_joints=positions[lookahead][:, :, LOOKAHEAD_JOINTS],
        lookahead_contact=touching[lookahead].astype(float),
    )
    start = np.concatenate([positions[0, 0], path.servo_rotations[0][DEPTH_FIRST].ravel()])
    return Reference(
        model=model,
        offsets=prepared.offsets,
        rows=pack_steps(rows),
        qpos=start,
        qvel=np.concatenate([root_velocity[0], rates[0, 0], servo_rates[0].ravel()]),
        contact_points=points,
        positions=positions,
        notes=prepared.notes,
    )
