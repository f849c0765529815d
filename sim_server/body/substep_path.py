"""A motion between its frames: the smooth path at the rate of the substeps, that forces are computed from.

Root and rotations are interpolated and smoothed, because every frame of a motion would otherwise cause a jolt. Feet
are not: smoothed over, a standing foot would leave the floor a little before every step and slide on it. Ankles and
toes follow monotone cubics (Fritsch and Carlson, "Monotone piecewise cubic interpolation", SIAM Journal on Numerical
Analysis 17, 1980), which stand exactly still between two frames in which a foot stands, and the legs reach from the
smooth pelvis to them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from motion import kinematics, rotation
from motion.array_types import FloatArray
from motion.skeleton import ANKLES, LEGS, TOES
from sim_server.body.humanoid import SUBSTEP_S, SUBSTEPS
from sim_server.body.leg_ik import place_feet

SMOOTHING_S = 0.03
"""Standard deviation of the Gaussian that the path is smoothed with."""
_LEG_JOINTS = [joint for leg in LEGS for joint in leg]


@dataclass(frozen=True)
class SubstepPath:
    """A motion at the rate of the substeps: m = (frames - 1) * `SUBSTEPS` + 1 samples.

    Attributes:
        joints: (m, 22, 3) positions of the joints [m].
        rotations: (m, 22, 4) rotations of the joints in the world.
        local_rotations: (m, 22, 4) rotations of the joints relative to their parents.
        servo_rotations: (m, 22, 4) what the servos aim at: `local_rotations` of the legs, and those of the other joints
            before they were smoothed.
    """

    joints: FloatArray
    rotations: FloatArray
    local_rotations: FloatArray
    servo_rotations: FloatArray


def build_substep_path(positions: FloatArray, rotations: FloatArray, offsets: FloatArray) -> SubstepPath:
    """Bring a rigid motion to the rate of the substeps.

    Args:
        positions: (frames, 22, 3) joint positions [m] at 20 frames/s, at least two frames.
        rotations: (frames, 22, 4) rotations of the joints in the world.
        offsets: (22, 3) rest offsets of the joints [m].
    """
    local = _upsample_rotations(rotation.continuous(kinematics.local_rotations(rotations)))
    time = sample_times(len(positions))
    root = smooth_path(CubicSpline(np.arange(len(positions)), positions[:, 0], bc_type="natural")(time))
    smooth = kinematics.forward_rotations(rotation.normalized(smooth_path(local)))
    joints = kinematics.forward_positions(smooth, root, offsets)

    ankles, feet = _foot_paths(positions, offsets, time)
    joints = place_feet(joints, ankles, feet)
    smooth = kinematics.update_leg_rotations(smooth, joints, offsets)
    smooth_local = rotation.continuous(kinematics.local_rotations(smooth))
    servo = local.copy()
    servo[:, _LEG_JOINTS] = smooth_local[:, _LEG_JOINTS]
    return SubstepPath(kinematics.forward_positions(smooth, root, offsets), smooth, smooth_local, servo)


def sample_times(frames: int) -> FloatArray:
    """Return the times of the samples (m,), in frames."""
    return np.arange((frames - 1) * SUBSTEPS + 1) / SUBSTEPS


def smooth_path(values: FloatArray) -> FloatArray:
    """Smooth samples (m, ...) over time by a Gaussian of `SMOOTHING_S`."""
    return gaussian_filter1d(values, SMOOTHING_S / SUBSTEP_S, axis=0, mode="nearest")


def angular_velocity(rotations: FloatArray) -> FloatArray:
    """Return the angular velocity (m, ..., 3) from each sample's predecessor, in the moving frame [rad/s]."""
    rates = np.empty((*rotations.shape[:-1], 3))
    rates[1:] = rotation.log(rotation.multiply(rotation.conjugate(rotations[:-1]), rotations[1:])) / SUBSTEP_S
    rates[0] = rates[1]
    return rates


def _upsample_rotations(local: FloatArray) -> FloatArray:
    """Bring local rotations (frames, 22, 4) to the rate of the substeps.

    Chords stand in for arcs: between neighbouring frames the two differ by a fraction of a degree.
    """
    share = (np.arange(SUBSTEPS) / SUBSTEPS)[:, None, None]
    between = (1 - share) * local[:-1, None] + share * local[1:, None]
    return rotation.normalized(np.concatenate([between.reshape(-1, *local.shape[1:]), local[-1:]]))


def _foot_paths(positions: FloatArray, offsets: FloatArray, time: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the paths of both ankles (m, 2, 3) and the vectors from ankle to toe (m, 2, 3) [m]."""
    frames = np.arange(len(positions))
    ankles, toes = positions[:, ANKLES], positions[:, TOES]
    paths = PchipInterpolator(frames, np.concatenate([ankles, toes - ankles], 1))(time)
    feet = rotation.normalized(paths[:, 2:]) * np.linalg.norm(offsets[list(TOES)], axis=-1)[:, None]
    return paths[:, :2], feet
