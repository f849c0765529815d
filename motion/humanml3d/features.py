"""HumanML3D's 263 features of a motion, both ways.

Guo et al., "Generating Diverse and Natural 3D Human Motions from Text", CVPR 2022, section 4, and the code published
with the data set, whose oddities are kept because published checkpoints, Mean and Std rest on them: see
`motion.humanml3d.uniform_skeleton` for those of rotations. One row describes frame t and the step to t + 1, so T frames
have T - 1 rows:

    0         yaw speed: half the angle turned from t to t + 1, radians (body against world)
    1:3       root velocity in x and z, metres a frame, turned by the heading at t + 1
    3         root height, metres
    4:67      joints 1 to 21 relative to the root's place on the floor, turned to face +Z, metres
    67:193    rotations of joints 1 to 21, the first two columns of each matrix
    193:259   velocities of the 22 joints, metres a frame, turned by the heading at t
    259:263   contact of left ankle, left foot, right ankle, right foot

The heading is smoothed over seconds and starts as the identity, so row 0 holds a jump, and a heading that crosses half
a turn flips the sign of one yaw speed: from there the recovered path bends. Everything is computed in float64 and
given as float32.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from motion import rotation
from motion.errors import InvalidInput
from motion.humanml3d.uniform_skeleton import facing, forward_kinematics, inverse_kinematics, uniform_positions
from motion.skeleton import NUM_JOINTS

NUM_FEATURES = 263
FEATURES_FPS = 20.0
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
"""A foot joint is in contact when its step, squared, is below this; at 20 fps 0.89 m/s."""

_AHEAD = np.array([0.0, 0.0, 1.0])


def positions_to_features(positions: np.ndarray, target_offsets: np.ndarray | None = None) -> npt.NDArray[np.float32]:
    """Features (frames - 1, 263) of a motion (frames, 22, 3): metres, Y up, 20 fps.

    Args:
        target_offsets: rest offsets (22, 3), metres, of the skeleton to put the motion on first, as HumanML3D does with
            that of its clip 000021. By default the motion keeps its own bones.

    Raises:
        InvalidInput: not (frames, 22, 3), or fewer than two frames.
    """
    positions = _checked(positions, "positions", (NUM_JOINTS, 3))
    if len(positions) < 2:
        raise InvalidInput.of("positions", f"has {len(positions)} frames; features take at least 2")
    if target_offsets is not None:
        positions = uniform_positions(positions, np.asarray(target_offsets, np.float64))
    return features_of_canonical(canonical_positions(positions))


def features_to_positions(features: np.ndarray) -> npt.NDArray[np.float32]:
    """Joint positions (frames, 22, 3), metres, of features (frames, 263), by way of the joint positions among them.

    Raises:
        InvalidInput: not (frames, 263).
    """
    return recover_from_ric(features)


def canonical_positions(positions: np.ndarray) -> np.ndarray:
    """The motion (frames, 22, 3) with its lowest joint at y = 0 and, at first, its root at x = z = 0 facing +Z."""
    first = positions[0]
    origin = np.array([first[0, 0], positions[..., 1].min(), first[0, 2]])
    return rotation.rotate(rotation.between(facing(first), _AHEAD), positions - origin)


def features_of_canonical(positions: np.ndarray) -> npt.NDArray[np.float32]:
    """Features (frames - 1, 263) of `canonical_positions` (frames, 22, 3)."""
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


def yaw_speed(heading: np.ndarray) -> np.ndarray:
    """Half the angle (frames - 1,), radians, between neighbours of `heading` (frames, 4)."""
    step = rotation.multiply(heading[1:], rotation.conjugate(heading[:-1]))
    return np.arcsin(np.clip(step[:, 2], -1, 1))


def body_positions(positions: np.ndarray, heading: np.ndarray) -> np.ndarray:
    """Positions (frames, 22, 3) relative to the root's place on the floor, turned by `heading` (frames, 4)."""
    return rotation.rotate(heading[:, None], positions - positions[:, :1] * [1, 0, 1])


def rotation_columns(rotations: np.ndarray) -> np.ndarray:
    """Quaternions (..., 4) as six numbers (..., 6): first and second column of the matrix (Zhou et al., CVPR 2019)."""
    matrices = rotation.to_matrix(rotations)
    return np.concatenate([matrices[..., 0], matrices[..., 1]], axis=-1)


def columns_to_matrices(columns: np.ndarray) -> np.ndarray:
    """Rotation matrices (..., 3, 3) of six numbers (..., 6): the first three kept in direction, then Gram-Schmidt."""
    x = rotation.normalized(columns[..., :3])
    z = rotation.normalized(rotation.cross(x, columns[..., 3:]))
    return np.stack([x, rotation.cross(z, x), z], axis=-1)


def contacts(positions: np.ndarray) -> np.ndarray:
    """Whether each of `CONTACT_JOINTS` hardly moves from t to t + 1: (frames - 1, 4) of 0 and 1.

    It is the step in all three directions that counts; no height is looked at.
    """
    steps = np.diff(positions[:, CONTACT_JOINTS], axis=0)
    return ((steps**2).sum(-1) < CONTACT_STEP_M2).astype(np.float64)


def recover_root(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Heading (frames, 4), world to body, and root position (frames, 3), metres, from features (frames, 263).

    Yaw and path are sums of the rows before; they start at no turn and x = z = 0.
    """
    half_angle = np.concatenate([[0.0], np.cumsum(features[:-1, 0])])
    heading = rotation.about_y(2 * half_angle)
    step = np.zeros((len(features), 3))
    step[1:, [0, 2]] = features[:-1, ROOT_VELOCITY]
    root = np.cumsum(rotation.rotate(rotation.conjugate(heading), step), axis=0)
    root[:, 1] = features[:, 3]
    return heading, root


def recover_from_ric(features: np.ndarray) -> npt.NDArray[np.float32]:
    """Positions (frames, 22, 3) from root and joint positions: what most users of these features show.

    Raises:
        InvalidInput: not (frames, 263).
    """
    features = _checked(features, "features", (NUM_FEATURES,))
    heading, root = recover_root(features)
    body = features[:, JOINT_POSITIONS].reshape(-1, NUM_JOINTS - 1, 3)
    joints = rotation.rotate(rotation.conjugate(heading)[:, None], body) + root[:, None] * [1, 0, 1]
    return np.concatenate([root[:, None], joints], axis=1).astype(np.float32)


def recover_from_rot(features: np.ndarray, offsets: np.ndarray) -> npt.NDArray[np.float32]:
    """Positions (frames, 22, 3) from root and joint rotations, on a skeleton of rest `offsets` (22, 3), metres.

    The chain starts from the heading as stored, world to body, so an error in it turns this and `recover_from_ric`
    opposite ways.

    Raises:
        InvalidInput: not (frames, 263).
    """
    features = _checked(features, "features", (NUM_FEATURES,))
    heading, root = recover_root(features)
    local = columns_to_matrices(features[:, JOINT_ROTATIONS].reshape(-1, NUM_JOINTS - 1, 6))
    matrices = np.concatenate([rotation.to_matrix(heading)[:, None], local], axis=1)
    return forward_kinematics(matrices, root, np.asarray(offsets, np.float64)).astype(np.float32)


def mean_std(features: Sequence[np.ndarray]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Mean and Std (263,) over all rows of `features`, each (frames, 263), to normalise with, as HumanML3D's files.

    Std is averaged within each of `BLOCKS`; a block that never changes has 0.

    Raises:
        InvalidInput: there are no rows.
    """
    rows = np.concatenate([_checked(clip, "features", (NUM_FEATURES,)) for clip in features] or [np.zeros((0, 1))])
    if not len(rows):
        raise InvalidInput.of("features", "has no rows; mean and deviation take at least one")
    std = rows.std(axis=0)
    for block in BLOCKS:
        std[block] = std[block].mean()
    return rows.mean(axis=0).astype(np.float32), std.astype(np.float32)


def _checked(array: np.ndarray, field: str, shape: tuple[int, ...]) -> np.ndarray:
    array = np.asarray(array, np.float64)
    if array.ndim != 1 + len(shape) or array.shape[1:] != shape:
        wanted = ", ".join(["frames", *map(str, shape)])
        raise InvalidInput.of(field, f"has shape {array.shape}; must be ({wanted})")
    return array
