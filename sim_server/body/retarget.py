"""From a prepared motion to what the simulation follows: a body with the motion's bones, and per control step the
servo targets, the root's path, and the forces that the motion asks for.

The simulation runs at `SUBSTEPS` times the rate of the motion's frames; one control step leads from one frame to the
next. Everything a control step needs lies in one row of `Reference.rows`, so that a batch of motions is fed by
copying one row a motion.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import mujoco
import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d

from motion import kinematics, rotation
from sim_server.body.dynamics import centre_of_mass, inverse_dynamics
from sim_server.body.flight import flight_shift
from sim_server.body.humanoid import DAMPING, DEPTH_FIRST, SOLE_M, SUBSTEP_S, build_model, sole_points
from sim_server.preparation import Prepared
from sim_server.preparation.foot_contacts import sole_heights

CONTROL_FPS = 20.0
SUBSTEPS = 3
assert abs(SUBSTEPS * SUBSTEP_S * CONTROL_FPS - 1) < 1e-12

_SMOOTHING_S = 0.03  # of the path that accelerations are taken from
_CONTACT_M = 0.015  # a foot of the reference whose sole is lower than this is meant to carry load


class StepFields(NamedTuple):
    """One value per field of a control step; widths in `_WIDTHS`. All in the world's frame unless said otherwise.

    `servo` orientation targets at the end of each substep, local, depth-first (3, 21, 4); `servo_rate` damping times
    reference angular velocity, child frame (3, 63), N m; `root`, `root_turn`, `root_velocity`, `root_spin` (spin in
    the root's own frame); `wrench`, `centre`, `inertia`, `torque` of `dynamics.InverseDynamics`, the torque in the
    child's frame, depth-first; `contact` 1 where the left, the right foot may carry load, as it is
    down when the step begins or ends; `goal` the reference's joints at the end of the step (22, 3); `soon` its
    `SOON_JOINTS` `SOON_FRAMES` later (2, 8, 3), and `soon_contact` (2, 2) what its feet will do then.
    """

    servo: np.ndarray
    servo_rate: np.ndarray
    root: np.ndarray
    root_turn: np.ndarray
    root_velocity: np.ndarray
    root_spin: np.ndarray
    wrench: np.ndarray
    centre: np.ndarray
    inertia: np.ndarray
    torque: np.ndarray
    contact: np.ndarray
    goal: np.ndarray
    soon: np.ndarray
    soon_contact: np.ndarray


SOON_FRAMES = (3, 8)
SOON_JOINTS = (0, 7, 8, 10, 11, 15, 20, 21)  # what a policy needs to know of the time to come
_WIDTHS = (252, 189, 3, 4, 3, 3, 6, 3, 9, 63, 2, 66, 48, 4)
_EDGES = np.cumsum([0, *_WIDTHS])
ROW_WIDTH = int(_EDGES[-1])


def fields_of(rows: np.ndarray) -> StepFields:
    """Views of rows (..., ROW_WIDTH) by field, each (..., width)."""
    return StepFields(*(rows[..., start:stop] for start, stop in pairwise(_EDGES)))


@dataclass(frozen=True, eq=False)
class Reference:
    """What the simulation of one motion follows.

    Attributes:
        model: the body.
        rows: (frames - 1, ROW_WIDTH) one row a control step.
        qpos, qvel: the state at the first frame.
        sole: (12, 3) the sole's points in their segments' frames.
        positions: (frames, 22, 3) the joints of the reference itself, raised by `SOLE_M`.
    """

    model: mujoco.MjModel
    rows: np.ndarray
    qpos: np.ndarray
    qvel: np.ndarray
    sole: np.ndarray
    positions: np.ndarray

    def __len__(self) -> int:
        return len(self.positions)


def _upsampled(local: np.ndarray, root: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Local rotations and root path at the substep rate: (frames, ...) -> ((frames - 1) * SUBSTEPS + 1, ...).

    Chords stand in for arcs: between neighbouring frames the two are within a fraction of a degree.
    """
    frames = len(local)
    between = np.empty((frames - 1, SUBSTEPS, *local.shape[1:]))
    for substep in range(SUBSTEPS):
        share = substep / SUBSTEPS
        between[:, substep] = (1 - share) * local[:-1] + share * local[1:]
    turns = rotation.normalized(np.concatenate([between.reshape(-1, *local.shape[1:]), local[-1:]]))
    time = np.arange((frames - 1) * SUBSTEPS + 1) / SUBSTEPS
    return turns, CubicSpline(np.arange(frames), root, bc_type="natural")(time)


def _smoothed(values: np.ndarray) -> np.ndarray:
    return gaussian_filter1d(values, _SMOOTHING_S / SUBSTEP_S, axis=0, mode="nearest")


def _rates(turns: np.ndarray) -> np.ndarray:
    """Angular velocity (n, ..., 3) in the moving frame, from each sample's predecessor."""
    rate = np.empty((*turns.shape[:-1], 3))
    rate[1:] = rotation.log(rotation.multiply(rotation.conjugate(turns[:-1]), turns[1:])) / SUBSTEP_S
    rate[0] = rate[1]
    return rate


def _supported(touching: np.ndarray) -> np.ndarray:
    """Where a foot is down, at the substep rate, from the feet that are at each frame (frames, 2)."""
    down = np.any(touching, axis=1)
    before = np.repeat(down[:-1], SUBSTEPS)
    between = np.repeat(down[1:], SUBSTEPS) & (np.arange(len(before)) % SUBSTEPS > 0)
    return np.append(before | between, down[-1])


def retarget(prepared: Prepared) -> Reference:
    """The reference of a prepared motion, on a body of its own."""
    model = build_model(prepared.offsets)
    positions = prepared.positions + (0, SOLE_M, 0)
    local = rotation.continuous(kinematics.local_rotations(prepared.turns))
    local, root = _upsampled(local, positions[:, 0])

    touching = sole_heights(prepared.positions, prepared.turns, prepared.offsets) < _CONTACT_M

    # The path that forces are computed from is smoothed, or every frame of the motion would be a blow.
    smooth = rotation.normalized(_smoothed(local))
    turns, root = kinematics.chained(smooth), _smoothed(root)
    joints = kinematics.placed(turns, root, prepared.offsets)
    # What flies is to fall freely, for the forces' sake; what it is compared with stays as it was.
    shift = flight_shift(centre_of_mass(model, joints, turns), _supported(touching), SUBSTEP_S)
    root, joints = root + shift, joints + shift[:, None]
    root_velocity = np.gradient(root, SUBSTEP_S, axis=0)
    spins = _rates(turns)

    steps = np.arange(len(positions) - 1)
    first = steps * SUBSTEPS + 1  # where feedback and feed-forward of a control step look: one substep ahead
    ends = first[:, None] + np.arange(SUBSTEPS)
    soon = np.minimum(steps[:, None] + SOON_FRAMES, len(steps))
    dynamics = inverse_dynamics(model, joints, turns, spins, SUBSTEP_S, first)
    rates = _rates(smooth[:, DEPTH_FIRST[1:]])
    rows = StepFields(
        servo=local[ends][:, :, DEPTH_FIRST[1:]],
        servo_rate=(rates * DAMPING[DEPTH_FIRST[1:], None])[ends],
        root=root[first],
        root_turn=turns[first, 0],
        root_velocity=root_velocity[first],
        root_spin=spins[first, 0],
        wrench=dynamics.wrench,
        centre=dynamics.centre,
        inertia=dynamics.inertia,
        torque=rotation.rotate(rotation.conjugate(turns[first]), dynamics.torque)[:, DEPTH_FIRST[1:]],
        contact=(touching[:-1] | touching[1:]).astype(float),
        goal=positions[1:],
        soon=positions[soon][:, :, SOON_JOINTS],
        soon_contact=touching[soon].astype(float),
    )
    table = np.concatenate([np.reshape(field, (len(steps), -1)) for field in rows], axis=1)
    qpos = np.concatenate([positions[0, 0], local[0][DEPTH_FIRST].ravel()])
    qvel = np.concatenate([root_velocity[0], spins[0, 0], rates[0].ravel()])
    return Reference(model, table, qpos, qvel, sole_points(prepared.offsets), positions)
