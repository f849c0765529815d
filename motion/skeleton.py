"""The skeleton of all motions: the 22 body joints of SMPL without hands, in HumanML3D's order."""

from __future__ import annotations

import numpy as np

from motion.array_types import FloatArray

JOINT_NAMES: tuple[str, ...] = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
)  # fmt: skip
PARENTS: tuple[int, ...] = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
NUM_JOINTS = len(JOINT_NAMES)
JOINT: dict[str, int] = {name: index for index, name in enumerate(JOINT_NAMES)}
CHILDREN: tuple[tuple[int, ...], ...] = tuple(
    tuple(child for child in range(NUM_JOINTS) if PARENTS[child] == joint) for joint in range(NUM_JOINTS)
)
ANKLES = (7, 8)
TOES = (10, 11)
"""The balls of the feet, which SMPL calls "foot"."""
LEGS = ((1, 4, 7, 10), (2, 5, 8, 11))
"""Hip, knee, ankle and toe of the left and the right leg."""
ARMS = ((13, 16, 18, 20), (14, 17, 19, 21))
"""Collar, shoulder, elbow and wrist of the left and the right arm."""
MIRROR: tuple[int, ...] = (0, 2, 1, 3, 5, 4, 6, 8, 7, 9, 11, 10, 12, 14, 13, 15, 17, 16, 19, 18, 21, 20)
"""Index of the same joint on the other side of the body."""


def bone_lengths(positions: FloatArray) -> FloatArray:
    """Compute the distances from joints 1 to 21 to their parents, (..., 22, 3) -> (..., 21), metres."""
    return np.linalg.norm(positions[..., 1:, :] - positions[..., PARENTS[1:], :], axis=-1)


def mirrored(positions: FloatArray) -> FloatArray:
    """Reflect positions (..., 22, 3) in the plane x = 0 and exchange left and right joints."""
    return positions[..., MIRROR, :] * np.array([-1.0, 1.0, 1.0], positions.dtype)
