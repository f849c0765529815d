"""Convert between joint positions and HumanML3D's 263 features.

Guo et al., "Generating Diverse and Natural 3D Human Motions from Text", CVPR 2022, section 4, and the code published
with the data set. The oddities of that code are kept because published checkpoints, Mean and Std depend on them; those
of the rotations are described in `motion.humanml3d.uniform_skeleton`. One row describes frame t and the step to t + 1,
so T frames have T - 1 rows:

    0         yaw speed: half the rotation angle from t to t + 1, radians (world to body)
    1:3       root velocity in x and z, metres per frame, in the heading frame at t + 1
    3         root height, metres
    4:67      joints 1 to 21 relative to the root's projection on the floor, in the heading frame at t, metres
    67:193    rotations of joints 1 to 21, the first two columns of each matrix
    193:259   velocities of the 22 joints, metres per frame, in the heading frame at t
    259:263   contact of left ankle, left foot, right ankle, right foot

The heading is smoothed over seconds and starts as the identity, so that row 0 contains a jump. Where the heading
crosses 180 degrees, one yaw speed has the wrong sign and the recovered path bends from there on. Everything is computed
in float64 and returned as float32.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from motion import rotation
from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.humanml3d.uniform_skeleton import facing, forward_kinematics, inverse_kinematics, uniform_positions
from motion.motion import DEFAULT_FPS
from motion.skeleton import NUM_JOINTS

NUM_FEATURES = 263
FEATURES_FPS = DEFAULT_FPS
"""Features hold velocities per frame, so they are defined at this rate only."""
YAW_SPEED = slice(0, 1)
ROOT_VELOCITY = slice(1, 3)
ROOT_HEIGHT = slice(3, 4)
JOINT_POSITIONS = slice(4, 67)
JOINT_ROTATIONS = slice(67, 193)
JOINT_VELOCITIES = slice(193, 259)
CONTACTS = slice(259, 263)
BLOCKS = (YAW_SPEED, ROOT_VELOCITY, ROOT_HEIGHT, JOINT_POSITIONS, JOINT_ROTATIONS, JOINT_VELOCITIES, CONTACTS)

CONTACT_JOINTS = (7, 10, 8, 11)
CONTACT_STEP_M2 = 0.002
"""A foot joint is in contact if the square of its step is below this, which is 0.89 m/s at 20 fps."""

_AHEAD = np.array([0.0, 0.0, 1.0])


def positions_to_features(positions: FloatArray, target_offsets: FloatArray | None = None) -> npt.NDArray[np.float32]:
    """Compute the features of a motion.

    Args:
        positions: (frames, 22, 3) joint positions at 20 fps, metres, Y up.
        target_offsets: (22, 3) rest offsets, metres, of the skeleton to which the motion is transferred first.
            HumanML3D uses the skeleton of its clip 000021. By default the motion keeps its own bones.

    Returns:
        Features (frames - 1, 263).

    Raises:
        InvalidInput: `positions` has another shape or fewer than two frames.
    """
    positions = _checked(positions, "positions", (NUM_JOINTS, 3))
    if len(positions) < 2:
        raise InvalidInput.of("positions", f"has {len(positions)} frames; features need at least 2")
    if target_offsets is not None:
        positions = uniform_positions(positions, np.asarray(target_offsets, np.float64))
    return features_of_canonical(canonical_positions(positions))


def features_to_positions(features: FloatArray) -> npt.NDArray[np.float32]:
    """Recover joint positions (frames, 22, 3), metres, from features (frames, 263); same as `recover_from_ric`.

    Args:
        features: (frames, 263) features.

    Raises:
        InvalidInput: `features` has another shape.
    """
    return recover_from_ric(features)


def canonical_positions(positions: FloatArray) -> FloatArray:
    """Move a motion (frames, 22, 3) so that its lowest joint is at y = 0 and it starts at x = z = 0 facing +Z."""
    first = positions[0]
    origin = np.array([first[0, 0], positions[..., 1].min(), first[0, 2]])
    return rotation.rotate(rotation.between(facing(first), _AHEAD), positions - origin)


def features_of_canonical(positions: FloatArray) -> npt.NDArray[np.float32]:
    """Compute features (frames - 1, 263) of positions (frames, 22, 3) that `canonical_positions` returned."""
    rotations = inverse_kinematics(positions, smooth=True)
    heading = rotations[:, 0]
    steps = np.diff(positions, axis=0)
    blocks = [
        yaw_speed(heading),
        rotation.rotate(heading[1:], steps[:, 0])[:, [0, 2]],
        positions[:-1, 0, 1:2],
        body_positions(positions, heading)[:-1, 1:],
        rotation_columns(rotations[:-1, 1:]),
        rotation.rotate(heading[:-1, None], steps),
        contacts(positions),
    ]
    return np.concatenate([block.reshape(len(steps), -1) for block in blocks], axis=1).astype(np.float32)


def yaw_speed(heading: FloatArray) -> FloatArray:
    """Compute half the angles (frames - 1,) between consecutive rotations of `heading` (frames, 4), radians."""
    step = rotation.multiply(heading[1:], rotation.conjugate(heading[:-1]))
    return np.arcsin(np.clip(step[:, 2], -1, 1))


def body_positions(positions: FloatArray, heading: FloatArray) -> FloatArray:
    """Express positions (frames, 22, 3) relative to the root's projection on the floor, in `heading` (frames, 4)."""
    return rotation.rotate(heading[:, None], positions - positions[:, :1] * [1, 0, 1])


def rotation_columns(rotations: FloatArray) -> FloatArray:
    """Convert quaternions (..., 4) to the first two columns of their matrices, (..., 6) (Zhou et al., CVPR 2019)."""
    matrices = rotation.to_matrix(rotations)
    return np.concatenate([matrices[..., 0], matrices[..., 1]], axis=-1)


def columns_to_matrices(columns: FloatArray) -> FloatArray:
    """Convert two columns (..., 6) to rotation matrices (..., 3, 3) by Gram-Schmidt, starting with the first."""
    x = rotation.normalized(columns[..., :3])
    z = rotation.normalized(rotation.cross(x, columns[..., 3:]))
    return np.stack([x, rotation.cross(z, x), z], axis=-1)


def contacts(positions: FloatArray) -> FloatArray:
    """Detect which of `CONTACT_JOINTS` stand still from t to t + 1.

    The step in all three directions counts; heights are not considered.

    Args:
        positions: (frames, 22, 3) joint positions at 20 fps, metres.

    Returns:
        Zeros and ones (frames - 1, 4).
    """
    steps = np.diff(positions[:, CONTACT_JOINTS], axis=0)
    return ((steps**2).sum(-1) < CONTACT_STEP_M2).astype(np.float64)


def recover_root(features: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Recover the path of the root by summing yaw speeds and velocities.

    Args:
        features: (frames, 263) features.

    Returns:
        Headings (frames, 4), quaternions from world to body, and root positions (frames, 3), metres. The path starts
        at x = z = 0 with the identity as heading.
    """
    half_angle = np.concatenate([[0.0], np.cumsum(features[:-1, 0])])
    heading = rotation.about_y(2 * half_angle)
    step = np.zeros((len(features), 3))
    step[1:, [0, 2]] = features[:-1, ROOT_VELOCITY]
    root = np.cumsum(rotation.rotate(rotation.conjugate(heading), step), axis=0)
    root[:, 1] = features[:, 3]
    return heading, root


def recover_from_ric(features: FloatArray) -> npt.NDArray[np.float32]:
    """Recover joint positions from the root's path and the joint positions in the features, as most of the field does.

    Args:
        features: (frames, 263) features.

    Returns:
        Joint positions (frames, 22, 3), metres.

    Raises:
        InvalidInput: `features` has another shape.
    """
    features = _checked(features, "features", (NUM_FEATURES,))
    heading, root = recover_root(features)
    body = features[:, JOINT_POSITIONS].reshape(-1, NUM_JOINTS - 1, 3)
    joints = rotation.rotate(rotation.conjugate(heading)[:, None], body) + root[:, None] * [1, 0, 1]
    return np.concatenate([root[:, None], joints], axis=1).astype(np.float32)


def recover_from_rot(features: FloatArray, offsets: FloatArray) -> npt.NDArray[np.float32]:
    """Recover joint positions from the root's path and the joint rotations in the features.

    As in the published code the kinematic chain starts from the heading as stored, which is from world to body. An
    error in the heading therefore rotates the result in the direction opposite to that of `recover_from_ric`.

    Args:
        features: (frames, 263) features.
        offsets: (22, 3) rest offsets of the skeleton, metres.

    Returns:
        Joint positions (frames, 22, 3), metres.

    Raises:
        InvalidInput: `features` has another shape.
    """
    features = _checked(features, "features", (NUM_FEATURES,))
    heading, root = recover_root(features)
    local = columns_to_matrices(features[:, JOINT_ROTATIONS].reshape(-1, NUM_JOINTS - 1, 6))
    matrices = np.concatenate([rotation.to_matrix(heading)[:, None], local], axis=1)
    return forward_kinematics(matrices, root, np.asarray(offsets, np.float64)).astype(np.float32)


def mean_std(features: Sequence[FloatArray]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Compute mean and standard deviation for normalization, as in HumanML3D's files Mean.npy and Std.npy.

    Args:
        features: arrays (frames, 263); all their rows are used.

    Returns:
        Mean and standard deviation, (263,) each. The deviation is averaged within each of `BLOCKS`; a block that never
        changes has 0.

    Raises:
        InvalidInput: an array has another shape, or there are no rows.
    """
    rows = np.concatenate([_checked(clip, "features", (NUM_FEATURES,)) for clip in features] or [np.zeros((0, 1))])
    if not len(rows):
        raise InvalidInput.of("features", "has no rows; mean and deviation need at least one")
    std = rows.std(axis=0)
    for block in BLOCKS:
        std[block] = std[block].mean()
    return rows.mean(axis=0).astype(np.float32), std.astype(np.float32)


def _checked(array: FloatArray, field: str, shape: tuple[int, ...]) -> FloatArray:
    array = np.asarray(array, np.float64)
    if array.ndim != 1 + len(shape) or array.shape[1:] != shape:
        wanted = ", ".join(["frames", *map(str, shape)])
        raise InvalidInput.of(field, f"has shape {array.shape}; must be ({wanted})")
    return array
