"""Retargeting: from a prepared motion to the reference that the simulation follows.

A reference is a body with the motion's bones and, for each control step, one row with servo targets, the path of the
root and the forces that the motion asks for. The simulation takes `SUBSTEPS` physics steps for each frame of the
motion; one control step leads from one frame to the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d

from motion import kinematics, rotation
from motion.array_types import FloatArray
from sim_server.body.dynamics import centre_of_mass, inverse_dynamics
from sim_server.body.flight import flight_shift
from sim_server.body.humanoid import (
    DAMPING,
    DEPTH_FIRST,
    SERVO_JOINTS,
    SOLE_M,
    SUBSTEP_S,
    SUBSTEPS,
    build_model,
    sole_points,
)
from sim_server.body.reference_row import LOOKAHEAD_FRAMES, LOOKAHEAD_JOINTS, ReferenceStep, pack_steps
from sim_server.preparation import PreparedMotion
from sim_server.preparation.foot_contacts import sole_heights

_SMOOTHING_S = 0.03  # standard deviation of the filter on the path that accelerations are taken from
_CONTACT_M = 0.015  # a foot of the reference may carry load where its sole is lower than this


@dataclass(frozen=True, eq=False)
class Reference:
    """The reference that the simulation of one motion follows.

    Attributes:
        model: the body.
        rows: (frames - 1, ROW_WIDTH) one row for each control step; read them with `reference_row.view_steps`.
        qpos: (91,) positions at the first frame, as MuJoCo has them.
        qvel: (69,) velocities at the first frame, as MuJoCo has them.
        sole_points: (12, 3) points of the soles in the frames of their segments [m].
        positions: (frames, 22, 3) joints of the reference, raised by `humanoid.SOLE_M` [m].
    """

    model: mujoco.MjModel
    rows: FloatArray
    qpos: FloatArray
    qvel: FloatArray
    sole_points: FloatArray
    positions: FloatArray

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.positions)

    @property
    def steps(self) -> int:
        """The number of control steps, one less than there are frames."""
        return len(self.rows)


def _upsample(local: np.ndarray, root: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bring local rotations and the root's path to the substep rate.

    Chords stand in for arcs: between neighbouring frames the two differ by a fraction of a degree.

    Returns:
        Both with (frames - 1) * SUBSTEPS + 1 samples.
    """
    frames = len(local)
    between = np.empty((frames - 1, SUBSTEPS, *local.shape[1:]))
    for substep in range(SUBSTEPS):
        share = substep / SUBSTEPS
        between[:, substep] = (1 - share) * local[:-1] + share * local[1:]
    rotations = rotation.normalized(np.concatenate([between.reshape(-1, *local.shape[1:]), local[-1:]]))
    time = np.arange((frames - 1) * SUBSTEPS + 1) / SUBSTEPS
    return rotations, CubicSpline(np.arange(frames), root, bc_type="natural")(time)


def _smooth(values: np.ndarray) -> np.ndarray:
    return gaussian_filter1d(values, _SMOOTHING_S / SUBSTEP_S, axis=0, mode="nearest")


def _angular_velocity(rotations: np.ndarray) -> np.ndarray:
    """Return the angular velocity (n, ..., 3) from each sample's predecessor, in the moving frame [rad/s]."""
    rates = np.empty((*rotations.shape[:-1], 3))
    rates[1:] = rotation.log(rotation.multiply(rotation.conjugate(rotations[:-1]), rotations[1:])) / SUBSTEP_S
    rates[0] = rates[1]
    return rates


def _supported(touching: np.ndarray) -> np.ndarray:
    """Return whether a foot is down at each substep, from the feet (frames, 2) that are down at each frame."""
    down = np.any(touching, axis=1)
    before = np.repeat(down[:-1], SUBSTEPS)
    between = np.repeat(down[1:], SUBSTEPS) & (np.arange(len(before)) % SUBSTEPS > 0)
    return np.append(before | between, down[-1])


def retarget(prepared: PreparedMotion) -> Reference:
    """Build a body for a prepared motion, and the reference that it follows.

    Raises:
        ValueError: MuJoCo cannot build the body.
        mujoco.FatalError: MuJoCo refuses its mass or inertia.
        numpy.linalg.LinAlgError: the flight's equations cannot be solved.
    """
    model = build_model(prepared.offsets)
    positions = prepared.positions + (0, SOLE_M, 0)
    frame_rotations = rotation.continuous(kinematics.local_rotations(prepared.rotations))
    local, path = _upsample(frame_rotations, positions[:, 0])
    touching = sole_heights(prepared.positions, prepared.rotations, prepared.offsets) < _CONTACT_M

    # Forces are computed from a smoothed path; otherwise every frame of the motion would cause a jolt.
    smooth_local = rotation.normalized(_smooth(local))
    rotations, smooth_path = kinematics.forward_rotations(smooth_local), _smooth(path)
    smooth_joints = kinematics.forward_positions(rotations, smooth_path, prepared.offsets)
    # Only the forces see the ballistic path; the frames that a body is compared with stay as they are.
    shift = flight_shift(centre_of_mass(model, smooth_joints, rotations), _supported(touching), SUBSTEP_S)
    root, joints = smooth_path + shift, smooth_joints + shift[:, None]
    root_velocity = np.gradient(root, SUBSTEP_S, axis=0)
    angular_velocity = _angular_velocity(rotations)
    servo_rates = _angular_velocity(smooth_local[:, SERVO_JOINTS])

    steps = np.arange(len(positions) - 1)
    first = steps * SUBSTEPS + 1  # feedback and feed-forward of a control step look one substep ahead
    ends = first[:, None] + np.arange(SUBSTEPS)
    lookahead = np.minimum(steps[:, None] + LOOKAHEAD_FRAMES, len(steps))
    dynamics = inverse_dynamics(model, joints, rotations, angular_velocity, SUBSTEP_S, first)
    rows = ReferenceStep(
        servo_targets=local[ends][:, :, SERVO_JOINTS],
        damping_torque=(servo_rates * DAMPING[SERVO_JOINTS, None])[ends],
        root_position=root[first],
        root_rotation=rotations[first, 0],
        root_velocity=root_velocity[first],
        root_angular_velocity=angular_velocity[first, 0],
        wrench=dynamics.wrench,
        centre_of_mass=dynamics.centre_of_mass,
        inertia=dynamics.inertia,
        joint_torque=rotation.rotate(rotation.conjugate(rotations[first]), dynamics.torque)[:, SERVO_JOINTS],
        foot_contact=(touching[:-1] | touching[1:]).astype(float),
        target_joints=positions[1:],
        lookahead_joints=positions[lookahead][:, :, LOOKAHEAD_JOINTS],
        lookahead_contact=touching[lookahead].astype(float),
    )
    return Reference(
        model=model,
        rows=pack_steps(rows),
        qpos=np.concatenate([positions[0, 0], local[0][DEPTH_FIRST].ravel()]),
        qvel=np.concatenate([root_velocity[0], angular_velocity[0, 0], servo_rates[0].ravel()]),
        sole_points=sole_points(prepared.offsets),
        positions=positions,
    )
