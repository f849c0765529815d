"""The rigid fit: the body with constant bones that is closest to joint positions, in the sense of least squares.

Closed-form inverse kinematics starts at the pelvis and goes outwards. Noise of the pelvis then moves the whole body,
and noise of its hips, a hand's breadth apart, turns it. Where positions are noisy, all joints together say better where
the body is.
"""

from __future__ import annotations

import numpy as np

from motion import kinematics
from motion.array_types import FloatArray
from motion.skeleton import PARENTS

# Two joints each whose distance is constant: the ends of the bones, and the corners of pelvis and chest.
_BONES = [(joint, parent) for joint, parent in enumerate(PARENTS) if parent >= 0]
_PAIRS = np.array([*_BONES, (1, 2), (1, 3), (2, 3), (12, 13), (12, 14), (13, 14)])
_SHORTEST_M = 1e-3  # a joint that lies where its parent is has no direction in which it could be moved
_STEPS = 4
_REGULARIZATION = 1e-4  # relative to 2, what a pair has by itself; keeps pairs that say the same apart


def fit_rigid_body(positions: FloatArray, offsets: FloatArray) -> FloatArray:
    """Return the motion of a rigid body that is closest to a motion.

    Each frame minimizes  |x - y|^2  under the constraint that bones, and the sides of pelvis and chest, have their
    lengths; solved by sequential quadratic programming with the constraints linearized, x = y - J'(J J')^-1 (c + J (y -
    x)). What closed-form inverse kinematics makes of it is moved to the mean of the joints.

    Args:
        positions: (frames, 22, 3) joint positions [m].
        offsets: (22, 3) rest pose of the body [m].

    Returns:
        Joint positions (frames, 22, 3) [m] of the rigid body, as `kinematics.forward_positions` makes them.
    """
    first, second = _PAIRS.T
    rest = kinematics.forward_positions(np.tile([1.0, 0, 0, 0], (1, len(PARENTS), 1)), np.zeros((1, 3)), offsets)[0]
    lengths = np.linalg.norm(rest[first] - rest[second], axis=-1)
    keep = lengths > _SHORTEST_M
    first, second, lengths = first[keep], second[keep], lengths[keep]
    pairs, frames = np.arange(len(lengths)), len(positions)
    given = positions.reshape(frames, -1, 1)
    fitted = positions
    for _ in range(_STEPS):
        between = fitted[:, first] - fitted[:, second]
        distances = np.linalg.norm(between, axis=-1)
        directions = between / np.maximum(distances, _SHORTEST_M)[..., None]
        jacobian = np.zeros((frames, len(pairs), *positions.shape[1:]))
        jacobian[:, pairs, first] = directions
        jacobian[:, pairs, second] = -directions
        jacobian = jacobian.reshape(frames, len(pairs), -1)
        transposed = jacobian.swapaxes(1, 2)
        error = (distances - lengths)[..., None] + jacobian @ (given - fitted.reshape(given.shape))
        matrix = jacobian @ transposed + _REGULARIZATION * np.eye(len(pairs))
        fitted = (given - transposed @ np.linalg.solve(matrix, error)).reshape(positions.shape)
    rigid = kinematics.forward_positions(kinematics.global_rotations(fitted, offsets), fitted[:, 0], offsets)
    return rigid + (positions - rigid).mean(1, keepdims=True)
