"""The wrench that no contact supplies, in each frame of a motion as it is.

Bones are made rigid, as preparation makes them, and nothing else is moved: the floor is y = 0, as the definition of a
motion says, because a score that looked for the floor would find no fault with a body that hangs in the air. Inverse
dynamics gives the wrench that the world has to exert on the root. The points of soles and body that are near the floor
and stand there carry what they can inside their friction cones, and the rest is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from motion import kinematics, rotation
from motion.array_types import BoolArray, FloatArray
from motion.toe_placement import with_feet
from sim_server.body.contact_distribution import FRICTION_EDGES, WRENCH_WEIGHT, contact_matrix, distribute_wrench
from sim_server.body.contact_points import CONTACT_POINT_PART, contact_points, lowest_points
from sim_server.body.dynamics import inverse_dynamics
from sim_server.body.humanoid import CONTROL_FPS, SOLE_M, SUBSTEP_S, SUBSTEPS, build_model
from sim_server.body.substep_path import angular_velocity, sample_times, smooth_path

REACH_M = 0.05
"""Points that are lower than this can carry; generators and trackers rarely place a foot better."""
STILL_M_S = 0.5
"""Points that move faster along the floor cannot; it is the speed from which `skate_ratio` counts a toe as sliding."""

_BLOCK_FRAMES = 512  # whose contacts are solved at once; a long motion needs no more memory
_PADDING = 8  # samples, more than smoothing reaches, and fewer than the shortest motion has

PARTS = tuple(dict.fromkeys(CONTACT_POINT_PART))
"""The parts of the body that can touch the floor, in everyday words."""
_PART_OF_POINT = np.array([PARTS.index(part) for part in CONTACT_POINT_PART])


@dataclass(frozen=True, eq=False)
class MissingWrench:
    """What is missing in each frame of a motion at `CONTROL_FPS`, and where the body is near the floor.

    Attributes:
        wrench: (frames, 6) missing force [N] and torque about the root [N m], in the world frame.
        height: (frames, parts) height of the lowest point of each of the `PARTS` over the floor [m].
        speed: (frames, parts) speed along the floor of the slowest point of each part that is in reach of the floor
            [m/s]; infinite where none is.
        load: (frames, parts) what the floor carries at each part, upwards [N].
    """

    wrench: FloatArray
    height: FloatArray
    speed: FloatArray
    load: FloatArray

    @property
    def in_reach(self) -> BoolArray:
        """Whether a point of each part is in reach of the floor, (frames, parts)."""
        return self.height < REACH_M


def missing_wrench(positions: FloatArray) -> MissingWrench:
    """Compute the wrench that no contact supplies.

    Args:
        positions: (frames, 22, 3) joint positions [m], Y up, floor at 0, at `CONTROL_FPS`; at least two frames.

    Raises:
        ValueError: MuJoCo cannot build the body.
        mujoco.FatalError: MuJoCo refuses its mass or inertia.
    """
    joints = with_feet(np.asarray(positions, np.float64))
    offsets = kinematics.estimate_offsets(joints)
    rotations = kinematics.global_rotations(joints, offsets)
    rigid = kinematics.forward_positions(rotations, joints[:, 0], offsets) + (0, SOLE_M, 0)
    model = build_model(offsets)
    path, turned = _smooth_path(rigid, rotations, offsets)
    frames = _PADDING + np.arange(len(rigid)) * SUBSTEPS
    wrench = inverse_dynamics(model, path, turned, angular_velocity(turned), SUBSTEP_S, frames).wrench
    points = lowest_points(contact_points(model, offsets), rigid, rotations)
    speed = _speeds(points)
    near = points[..., 1] < REACH_M
    edges, missing = _distribute(points - path[frames, :1], near & (speed < STILL_M_S), wrench)
    return MissingWrench(
        wrench=missing,
        height=_by_part(points[..., 1], np.minimum, np.inf),
        speed=_by_part(np.where(near, speed, np.inf), np.minimum, np.inf),
        load=_by_part(edges @ FRICTION_EDGES[:, 1], np.add, 0.0),
    )


def _smooth_path(positions: FloatArray, rotations: FloatArray, offsets: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Bring a rigid motion to the rate of the physics steps, and smooth it as a correction does.

    Before and after the motion it goes on as its point reflection does, at an even pace. Otherwise smoothing would let
    a body that walks through the first frame start there at once.

    Args:
        positions: (frames, 22, 3) joints [m].
        rotations: (frames, 22, 4) rotations of the joints in the world.
        offsets: (22, 3) rest offsets [m].

    Returns:
        Joints (m, 22, 3) [m] and rotations (m, 22, 4) in the world, at the times `sample_times`, with `_PADDING` more
        samples on both sides.
    """
    times = sample_times(len(positions))
    root = CubicSpline(np.arange(len(positions)), positions[:, 0], bc_type="natural")(times)
    # Chords stand in for arcs: between neighbouring frames the two differ by a fraction of a degree.
    before = np.minimum(times.astype(int), len(positions) - 2)
    share = (times - before)[:, None, None]
    steady = rotation.continuous(rotations)
    between = (1 - share) * steady[before] + share * steady[before + 1]
    turned = rotation.normalized(smooth_path(_padded(between)))
    return kinematics.forward_positions(turned, smooth_path(_padded(root)), offsets), turned


def _padded(samples: FloatArray) -> FloatArray:
    sides = [(_PADDING, _PADDING)] + [(0, 0)] * (samples.ndim - 1)
    return np.pad(samples, sides, mode="reflect", reflect_type="odd")


def _distribute(arms: FloatArray, carrying: BoolArray, wrench: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distribute the wrench (frames, 6) over points (frames, points, 3) relative to the root.

    Returns:
        Forces along the edges of the friction pyramids (frames, points, 4) [N], and what is missing (frames, 6).
    """
    frames, points = carrying.shape
    edges = np.zeros((frames, points, len(FRICTION_EDGES)))
    missing = wrench.copy()
    for start in range(0, frames, _BLOCK_FRAMES):
        block = slice(start, start + _BLOCK_FRAMES)
        used = np.flatnonzero(carrying[block].any(0))  # leaving out the others changes nothing but the time it takes
        if len(used):
            matrix = contact_matrix(arms[block][:, used], carrying[block][:, used])
            forces, missing[block] = _distribute_exactly(matrix, wrench[block])
            edges[block, used] = forces.reshape(len(forces), len(used), -1)
    return edges, missing


def _distribute_exactly(matrix: FloatArray, wrench: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distribute wrenches (n, 6) over the edges of friction pyramids; see `distribute_wrench`.

    The distribution holds forces down a little, so that a standing body would miss some newtons. Asking a second time
    for what was missing takes that out. It is one step of Bregman iteration (Osher et al., "An iterative regularization
    method for total variation-based image restoration", Multiscale Modeling and Simulation 4, 2005).

    Returns:
        Forces along the edges (n, edges) [N], and what is missing (n, 6).
    """
    asked = wrench * WRENCH_WEIGHT
    _, dual = distribute_wrench(matrix, asked, np.zeros_like(wrench))
    forces, again = distribute_wrench(matrix, asked + dual, dual)
    return forces, (again - dual) / WRENCH_WEIGHT


def _speeds(points: FloatArray) -> FloatArray:
    """Return the horizontal speed (frames, points) [m/s]: the slower of the steps to a frame and from it.

    So a foot stands in the frame in which it is put down, and in the one in which it is lifted.
    """
    steps = np.linalg.norm(np.diff(points[..., [0, 2]], axis=0), axis=-1) * CONTROL_FPS
    return np.minimum(np.concatenate([steps[:1], steps]), np.concatenate([steps, steps[-1:]]))


def _by_part(values: FloatArray, combine: np.ufunc, start: float) -> FloatArray:
    """Combine values of points (frames, points) to values of parts (frames, parts)."""
    combined = np.full((len(PARTS), len(values)), start)
    combine.at(combined, _PART_OF_POINT, values.T)
    return combined.T
