"""HumanML3D's skeleton, its kinematics, and the transfer of a motion to other bone lengths.

From Guo et al., "Generating Diverse and Natural 3D Human Motions from Text", CVPR 2022, and the code published with
HumanML3D. The rotations reproduce that code with its oddities, because published checkpoints, Mean and Std depend on
them. They are not the joint rotations of SMPL; rotations for simulation are in `motion.kinematics`.
"""

from __future__ import annotations

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.skeleton import JOINT, NUM_JOINTS, PARENTS, bone_lengths

REST_DIRECTIONS = np.array(
    [
        [0, 0, 0], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, -1, 0], [0, 1, 0], [0, -1, 0], [0, -1, 0],
        [0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 1, 0], [1, 0, 0], [-1, 0, 0], [0, 0, 1], [0, -1, 0], [0, -1, 0],
        [0, -1, 0], [0, -1, 0], [0, -1, 0], [0, -1, 0],
    ],
    dtype=np.float64,
)  # fmt: skip
"""(22, 3) unit vectors of the bone to each joint in the rest pose, in which the arms hang down."""

ROTATION_PARENTS: tuple[int, ...] = tuple(0 if joint in (13, 14) else PARENTS[joint] for joint in range(NUM_JOINTS))
"""The joint that each rotation is relative to: the parent, except that the collars are relative to the root."""

HEADING_SIGMA_FRAMES = 20.0
"""Standard deviation of the Gaussian that smooths the heading."""

_UP = np.array([0.0, 1.0, 0.0])
_AHEAD = np.array([0.0, 0.0, 1.0])
_IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
_KNEE, _ANKLE = JOINT["right_knee"], JOINT["right_ankle"]
_R_HIP, _L_HIP = JOINT["right_hip"], JOINT["left_hip"]
_R_SHOULDER, _L_SHOULDER = JOINT["right_shoulder"], JOINT["left_shoulder"]


def _ancestry() -> FloatArray:
    """Build a (22, 21) matrix with ones where the bone to joint `column + 1` leads from the root to joint `row`."""
    matrix = np.zeros((NUM_JOINTS, NUM_JOINTS - 1))
    for joint in range(1, NUM_JOINTS):
        matrix[joint] = matrix[PARENTS[joint]]
        matrix[joint, joint - 1] = 1
    return matrix


_ANCESTRY = _ancestry()


def positions_from_bones(root: FloatArray, bones: FloatArray) -> FloatArray:
    """Sum bone vectors from the root outwards.

    Args:
        root: (frames, 3) positions of the root, metres.
        bones: (frames, 21, 3) vectors from the parents to joints 1 to 21, metres.

    Returns:
        Joint positions (frames, 22, 3), metres.
    """
    return root[:, None] + _ANCESTRY @ bones


def measured_offsets(pose: FloatArray) -> FloatArray:
    """Return the rest offsets (22, 3) of a body with the bone lengths of `pose` (22, 3), metres."""
    offsets = REST_DIRECTIONS.copy()
    offsets[1:] *= bone_lengths(pose)[:, None]
    return offsets


def leg_length(offsets: FloatArray) -> float:
    """Return the length of the right thigh plus the right shin of rest offsets (22, 3), metres."""
    return float(np.linalg.norm(offsets[_KNEE]) + np.linalg.norm(offsets[_ANKLE]))


def scale_ratio(positions: FloatArray, target_offsets: FloatArray) -> float:
    """Return the factor that scales the root path: leg length of the target over that of the motion's first frame.

    Args:
        positions: (frames, 22, 3) joint positions, metres.
        target_offsets: (22, 3) rest offsets of the target skeleton, metres.
    """
    return leg_length(target_offsets) / leg_length(measured_offsets(positions[0]))


def uniform_positions(positions: FloatArray, target_offsets: FloatArray) -> FloatArray:
    """Transfer a motion to a skeleton with other bone lengths.

    Bones keep their directions, and the root path is scaled by `scale_ratio`. HumanML3D computes rotations first and
    applies them to the rest directions, which gives the same result.

    Args:
        positions: (frames, 22, 3) joint positions, metres.
        target_offsets: (22, 3) rest offsets of the target skeleton, metres.

    Returns:
        Joint positions (frames, 22, 3), metres.
    """
    bones = positions[:, 1:] - positions[:, PARENTS[1:]]
    lengths = np.linalg.norm(target_offsets[1:], axis=-1)
    root = positions[:, 0] * scale_ratio(positions, target_offsets)
    return positions_from_bones(root, rotation.normalized(bones) * lengths[:, None])


def facing(positions: FloatArray) -> FloatArray:
    """Compute the horizontal unit vectors (..., 3) that bodies (..., 22, 3) face, from hips and shoulders."""
    across = positions[..., _R_HIP, :] - positions[..., _L_HIP, :]
    across = across + positions[..., _R_SHOULDER, :] - positions[..., _L_SHOULDER, :]
    return rotation.normalized(rotation.cross(_UP, rotation.normalized(across)))


def heading_rotations(positions: FloatArray, smooth: bool) -> FloatArray:
    """Compute the rotations about +Y that map the body's heading to +Z, as HumanML3D's inverse kinematics does.

    The heading is not `facing`: the published code swaps the names of the hips, so that their difference enters with
    the wrong sign. The first rotation is the identity whatever the heading.

    Args:
        positions: (frames, 22, 3) joint positions, metres.
        smooth: filter the heading with a Gaussian of `HEADING_SIGMA_FRAMES`.

    Returns:
        Quaternions (frames, 4), from world to body.
    """
    across = positions[:, _L_HIP] - positions[:, _R_HIP]
    across = across + positions[:, _R_SHOULDER] - positions[:, _L_SHOULDER]
    heading = rotation.cross(_UP, rotation.normalized(across))
    if smooth:
        from scipy.ndimage import gaussian_filter1d  # slow to import, and only needed here

        heading = gaussian_filter1d(heading, HEADING_SIGMA_FRAMES, axis=0, mode="nearest")
    rotations = rotation.between(heading, _AHEAD)
    rotations[0] = _IDENTITY
    return rotations


def inverse_kinematics(positions: FloatArray, smooth: bool = False) -> FloatArray:
    """Compute HumanML3D's rotations of a motion.

    The world rotation of a bone is the smallest one from its rest direction to its direction. The result is relative to
    the rotation of `ROTATION_PARENTS`; for the root that is the heading rotation.

    Args:
        positions: (frames, 22, 3) joint positions, metres.
        smooth: smooth the heading, see `heading_rotations`.

    Returns:
        Quaternions (frames, 22, 4); joint 0 holds the heading rotations.
    """
    bones = positions[:, 1:] - positions[:, PARENTS[1:]]
    heading = heading_rotations(positions, smooth)
    world = np.concatenate([heading[:, None], rotation.between(REST_DIRECTIONS[1:], bones)], axis=1)
    local = rotation.multiply(rotation.conjugate(world[:, ROTATION_PARENTS[1:]]), world[:, 1:])
    return np.concatenate([heading[:, None], local], axis=1)


def forward_kinematics(matrices: FloatArray, root: FloatArray, offsets: FloatArray) -> FloatArray:
    """Compute joint positions from HumanML3D's rotations.

    Args:
        matrices: (frames, 22, 3, 3) rotations in the convention of `inverse_kinematics`.
        root: (frames, 3) positions of the root, metres.
        offsets: (22, 3) rest offsets, metres.

    Returns:
        Joint positions (frames, 22, 3), metres.
    """
    world = matrices.copy()
    for joint in range(1, NUM_JOINTS):
        world[:, joint] = world[:, ROTATION_PARENTS[joint]] @ matrices[:, joint]
    return positions_from_bones(root, np.einsum("fjab,jb->fja", world[:, 1:], offsets[1:]))
