"""Read and write Biovision hierarchy files (`.bvh`): a skeleton, and the channels of its joints for every frame.

The reader (`motion.formats.rigs.bvh_reading`) accepts any choice and order of channels, the skeletons of other tools,
and metres, centimetres, millimetres, inches or CMU's unit. The writer writes the 22 joints in centimetres with
rotations in the order ZXY, which it computes by closed-form inverse kinematics on a body with median bone lengths. If
bones change their length, so that this body misses a pose by more than a tenth of a millimetre, all joints get position
channels as well. A motion is thus always read back as it was written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from motion import kinematics, rotation
from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.formats.rigs.bvh_reading import read_bvh_file
from motion.motion import Motion
from motion.shell.atomic import atomic_path
from motion.skeleton import CHILDREN, JOINT_NAMES, PARENTS

RIGID_TOLERANCE_M = 1e-4
_CM_PER_M = 100.0
_ROTATION_ORDER = "ZXY"
_END_SITES_M = {
    "left_foot": (0, 0, 0.06), "right_foot": (0, 0, 0.06), "head": (0, 0.12, 0),
    "left_wrist": (0.15, 0, 0), "right_wrist": (-0.15, 0, 0),
}  # fmt: skip


def read_bvh(path: str | os.PathLike[str], unit_m: float | None = None) -> Motion:
    """Read the first motion of a `.bvh` file at its own frame rate; axes are as in the file.

    Args:
        path: the file.
        unit_m: length of one unit of the file, metres; None to find it from the length of the legs.

    Raises:
        NotFound: the file does not exist.
        InvalidInput: the file is damaged or truncated, its skeleton is not understood, or the legs have no human length
            in any known unit.
    """
    return read_bvh_file(path, unit_m=unit_m).motions[0]


def write_bvh(path: str | os.PathLike[str], motion: Motion) -> None:
    """Write a motion as `.bvh`, atomically; equal motions give equal bytes.

    Args:
        path: the file.
        motion: the motion.

    Raises:
        InvalidInput: the path cannot be written, or the motion has values that are not finite.
    """
    text = format_bvh(motion)
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def format_bvh(motion: Motion) -> str:
    """Return the text of a `.bvh` file for a motion.

    Args:
        motion: the motion.

    Raises:
        InvalidInput: the motion has values that are not finite.
    """
    positions = motion.positions.astype(np.float64)
    if not np.isfinite(positions).all():
        raise InvalidInput.of("positions", "hold values that are not finite; they cannot be written as rotations")
    offsets = kinematics.estimate_offsets(positions)
    rotations = kinematics.global_rotations(positions, offsets)
    rebuilt = kinematics.forward_positions(rotations, positions[:, 0], offsets)
    rigid = bool(np.linalg.norm(rebuilt - positions, axis=-1).max() <= RIGID_TOLERANCE_M)

    order = _depth_first(0)
    angles = _euler_angles(kinematics.local_rotations(rotations))
    translations = _CM_PER_M * positions
    translations[:, 1:] = _CM_PER_M * rotation.rotate(
        rotation.conjugate(rotations[:, PARENTS[1:]]), positions[:, 1:] - positions[:, PARENTS[1:]]
    )
    columns = []
    for joint in order:
        if joint == 0 or not rigid:
            columns.append(translations[:, joint])
        columns.append(angles[:, joint])
    values = np.round(np.concatenate(columns, axis=1), 6) + 0.0  # adding 0.0 makes -0.0 positive
    rows = [" ".join(f"{value:.6f}" for value in row) for row in values]
    motion_lines = ["MOTION", f"Frames: {len(rows)}", f"Frame Time: {1 / motion.fps:.9g}", *rows]
    return "\n".join(["HIERARCHY", *_hierarchy_lines(0, 0, offsets, rigid), *motion_lines]) + "\n"


def _depth_first(joint: int) -> list[int]:
    return [joint, *(below for child in CHILDREN[joint] for below in _depth_first(child))]


def _euler_angles(local: FloatArray) -> FloatArray:
    """Convert quaternions (frames, 22, 4) to Euler angles (frames, 22, 3), degrees, without jumps of 360 degrees."""
    from scipy.spatial.transform import Rotation  # slow to import, and only needed here

    xyzw = local.reshape(-1, 4)[:, [1, 2, 3, 0]]
    angles = Rotation.from_quat(xyzw).as_euler(_ROTATION_ORDER, degrees=True, suppress_warnings=True)
    return np.unwrap(angles.reshape(*local.shape[:2], 3), axis=0, period=360.0)


def _hierarchy_lines(joint: int, depth: int, offsets: FloatArray, rigid: bool) -> Iterator[str]:
    indent = "\t" * depth
    angles = " ".join(f"{axis}rotation" for axis in _ROTATION_ORDER)
    translation = "Xposition Yposition Zposition"
    yield f"{indent}{'ROOT' if joint == 0 else 'JOINT'} {JOINT_NAMES[joint]}"
    yield f"{indent}{{"
    yield f"{indent}\tOFFSET {_triple(offsets[joint])}"
    yield f"{indent}\tCHANNELS {f'6 {translation} {angles}' if joint == 0 or not rigid else f'3 {angles}'}"
    for child in CHILDREN[joint]:
        yield from _hierarchy_lines(child, depth + 1, offsets, rigid)
    if JOINT_NAMES[joint] in _END_SITES_M:
        yield f"{indent}\tEnd Site"
        yield f"{indent}\t{{"
        yield f"{indent}\t\tOFFSET {_triple(np.array(_END_SITES_M[JOINT_NAMES[joint]]))}"
        yield f"{indent}\t}}"
    yield f"{indent}}}"


def _triple(offset_m: FloatArray) -> str:
    return " ".join(f"{value:.6f}" for value in _CM_PER_M * offset_m + 0.0)
