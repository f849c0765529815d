"""HumanML3D's skeleton: its rest directions and chains, and how a motion is put on other bone lengths.

From Guo et al., "Generating Diverse and Natural 3D Human Motions from Text", CVPR 2022, and the code published with
HumanML3D. The rotations are that code's, oddities included, because published checkpoints, Mean and Std rest on them;
they are not the joint rotations of SMPL. Rotations for simulation are in `motion.kinematics`.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motion import rotation
from motion.skeleton import JOINT, NUM_JOINTS, PARENTS, bone_lengths

REST_DIRECTIONS = np.array(
    [
        [0, 0, 0], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, -1, 0], [0, 1, 0], [0, -1, 0], [0, -1, 0],
        [0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 1, 0], [1, 0, 0], [-1, 0, 0], [0, 0, 1], [0, -1, 0], [0, -1, 0],
        [0, -1, 0], [0, -1, 0], [0, -1, 0], [0, -1, 0],
    ],
    dtype=np.float64,
)  # fmt: skip
"""(22, 3): where the bone to each joint points in the rest pose, arms hanging down."""

ROTATION_PARENTS: tuple[int, ...] = tuple(0 if joint in (13, 14) else PARENTS[joint] for joint in range(NUM_JOINTS))
"""Whose rotation each joint's is relative to: its parent's, but the collars' is relative to the root, not to spine3."""

HEADING_SIGMA_FRAMES = 20.0

_UP = np.array([0.0, 1.0, 0.0])
_AHEAD = np.array([0.0, 0.0, 1.0])
_IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
_KNEE, _ANKLE = JOINT["right_knee"], JOINT["right_ankle"]
_R_HIP, _L_HIP = JOINT["right_hip"], JOINT["left_hip"]
_R_SHOULDER, _L_SHOULDER = JOINT["right_shoulder"], JOINT["left_shoulder"]


def _ancestry() -> np.ndarray:
    """(22, 21) ones where the bone to joint 1 + column lies between the root and the joint of the row."""
    matrix = np.zeros((NUM_JOINTS, NUM_JOINTS - 1))
    for joint in range(1, NUM_JOINTS):
        matrix[joint] = matrix[PARENTS[joint]]
        matrix[joint, joint - 1] = 1
    return matrix


_ANCESTRY = _ancestry()


def chained(root: np.ndarray, bones: np.ndarray) -> np.ndarray:
    """Joint positions (frames, 22, 3) from the root's (frames, 3) and the vectors (frames, 21, 3) to joints 1 to 21."""
    return root[:, None] + _ANCESTRY @ bones


def measured_offsets(pose: np.ndarray) -> np.ndarray:
    """Rest offsets (22, 3), metres, of a body with the bone lengths of one `pose` (22, 3)."""
    offsets = REST_DIRECTIONS.copy()
    offsets[1:] *= bone_lengths(pose)[:, None]
    return offsets


def leg_length(offsets: np.ndarray) -> float:
    """Right thigh and shin of rest offsets (22, 3), metres."""
    return float(np.linalg.norm(offsets[_KNEE]) + np.linalg.norm(offsets[_ANKLE]))


def scale_ratio(positions: np.ndarray, target_offsets: np.ndarray) -> float:
    """Leg length of the target over that of the motion's first frame: by what its root path is scaled."""
    return leg_length(target_offsets) / leg_length(measured_offsets(positions[0]))


def uniform_positions(positions: np.ndarray, target_offsets: np.ndarray) -> np.ndarray:
    """The motion (frames, 22, 3) on a skeleton with the bone lengths of `target_offsets` (22, 3).

    Bones keep their directions, the root path is scaled by `scale_ratio`. (HumanML3D goes by way of rotations, which
    turn each rest direction into the bone's and so come to the same.)
    """
    bones = positions[:, 1:] - positions[:, PARENTS[1:]]
    lengths = np.linalg.norm(target_offsets[1:], axis=-1)
    root = positions[:, 0] * scale_ratio(positions, target_offsets)
    return chained(root, rotation.normalized(bones) * lengths[:, None])


def facing(positions: np.ndarray) -> np.ndarray:
    """Where the body faces (..., 3), horizontal, length one: up x (right minus left of hips plus shoulders)."""
    across = positions[..., _R_HIP, :] - positions[..., _L_HIP, :]
    across = across + positions[..., _R_SHOULDER, :] - positions[..., _L_SHOULDER, :]
    return rotation.normalized(rotation.cross(_UP, rotation.normalized(across)))


def heading_rotations(positions: np.ndarray, smooth: bool) -> np.ndarray:
    """The turns (frames, 4) that take the heading to +Z, world to body.

    As in HumanML3D's inverse kinematics, where the names of the hips are swapped: hips are subtracted from shoulders
    (right minus left of each), so this is not `facing`. `smooth` filters the heading with a Gaussian of 20 frames.
    The first is the identity, whatever the heading.
    """
    across = positions[:, _L_HIP] - positions[:, _R_HIP]
    across = across + positions[:, _R_SHOULDER] - positions[:, _L_SHOULDER]
    heading = rotation.cross(_UP, rotation.normalized(across))
    if smooth:
        heading = gaussian_filter1d(heading, HEADING_SIGMA_FRAMES, axis=0, mode="nearest")
    turns = rotation.between(heading, _AHEAD)
    turns[0] = _IDENTITY
    return turns


def inverse_kinematics(positions: np.ndarray, smooth: bool = False) -> np.ndarray:
    """HumanML3D's rotations (frames, 22, 4) of a motion (frames, 22, 3); joint 0 holds `heading_rotations`.

    A bone's rotation in the world is the smallest from its rest direction to its own; what is given is relative to
    `ROTATION_PARENTS`, for joints next to the root to the heading rotation.
    """
    bones = positions[:, 1:] - positions[:, PARENTS[1:]]
    heading = heading_rotations(positions, smooth)
    world = np.concatenate([heading[:, None], rotation.between(REST_DIRECTIONS[1:], bones)], axis=1)
    local = rotation.multiply(rotation.conjugate(world[:, ROTATION_PARENTS[1:]]), world[:, 1:])
    return np.concatenate([heading[:, None], local], axis=1)


def forward_kinematics(matrices: np.ndarray, root: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Joint positions (frames, 22, 3) from rotations (frames, 22, 3, 3) as of `inverse_kinematics`.

    Args:
        root: (frames, 3) metres.
        offsets: (22, 3) rest offsets, metres.
    """
    world = matrices.copy()
    for joint in range(1, NUM_JOINTS):
        world[:, joint] = world[:, ROTATION_PARENTS[joint]] @ matrices[:, joint]
    return chained(root, np.einsum("fjab,jb->fja", world[:, 1:], offsets[1:]))
