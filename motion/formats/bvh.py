"""Biovision hierarchy files (`.bvh`): a skeleton, and for every frame the channels of its joints.

Read: any order and choice of channels, every naming of `motion.formats.joint_naming`, metres, centimetres, millimetres,
inches or CMU's unit. Written: our 22 joints in centimetres, rotations in the order ZXY, from closed-form inverse
kinematics on the body's median bones. Where that body cannot take the pose to a millimetre (bones that change their
length), every joint has position channels too, so that what is read back is always what was written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from motion import kinematics, rotation
from motion.errors import InvalidInput
from motion.formats.bvh_document import parse_bvh
from motion.formats.joint_naming import match_joints
from motion.formats.npz import require_file
from motion.motion import Motion
from motion.shell.atomic import atomic_path
from motion.skeleton import CHILDREN, JOINT, JOINT_NAMES, NUM_JOINTS, PARENTS

RIGID_TOLERANCE_M = 1e-3
_CM_PER_M = 100.0
_ROTATION_ORDER = "ZXY"
_END_SITES_M = {
    "left_foot": (0, 0, 0.06), "right_foot": (0, 0, 0.06), "head": (0, 0.12, 0),
    "left_wrist": (0.15, 0, 0), "right_wrist": (-0.15, 0, 0),
}  # fmt: skip
# Which unit a file is in shows in the length of its legs, hip to ankle: 0.85 m on an adult.
_UNITS_M = (("m", 1.0), ("cm", 0.01), ("mm", 0.001), ("inch", 0.0254), ("CMU", 0.0254 / 0.45))
_LEG_RANGE_M = (0.45, 1.3)


def read_bvh(path: str | os.PathLike[str], unit_m: float | None = None) -> Motion:
    """Read a `.bvh` file at its own frame rate; Y is taken to be up.

    Args:
        path: the file.
        unit_m: metres in one unit of the file; found from the length of the legs if None.

    Raises:
        NotFound: no such file.
        InvalidInput: it is damaged or cut short, its skeleton is not known, or its size is nobody's.
    """
    file = Path(path)
    require_file(file)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput.of(str(file), f"cannot be read as text ({error})") from error
    try:
        document = parse_bvh(text)
        names = [node.name for node in document.nodes]
        blends = match_joints(names)
        everything = document.positions()
        positions = np.zeros((len(everything), NUM_JOINTS, 3))
        for joint, blend in enumerate(blends):
            for name, weight in blend:
                positions[:, joint] += weight * everything[:, names.index(name)]
        unit_m = unit_m if unit_m is not None else guess_unit(positions)
    except InvalidInput as error:
        raise error.within(str(file)) from error
    return Motion((positions * unit_m).astype(np.float32), fps=_rate(document.frame_time), name=file.stem)


def write_bvh(path: str | os.PathLike[str], motion: Motion) -> None:
    """Write `motion` as `.bvh`, whole or not at all; equal motions give equal bytes.

    Raises:
        InvalidInput: the place cannot be written, or the motion has values that are not finite.
    """
    text = format_bvh(motion)
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _rate(frame_time: float) -> float:
    """Frames per second; files round their frame time, so a rate within half a per mille of a whole one is that."""
    fps = 1 / frame_time
    return float(round(fps)) if abs(fps - round(fps)) < 5e-4 * fps else fps


def guess_unit(positions: np.ndarray) -> float:
    """Metres in one unit of `positions` (frames, 22, 3), from the length of the legs.

    Raises:
        InvalidInput: in no unit is this the size of a person.
    """
    legs = [("left_hip", "left_knee", "left_ankle"), ("right_hip", "right_knee", "right_ankle")]
    lengths = [
        np.linalg.norm(positions[:, JOINT[a]] - positions[:, JOINT[b]], axis=-1)
        + np.linalg.norm(positions[:, JOINT[b]] - positions[:, JOINT[c]], axis=-1)
        for a, b, c in legs
    ]
    leg = float(np.median(lengths))
    for _, unit in _UNITS_M:
        if _LEG_RANGE_M[0] <= leg * unit <= _LEG_RANGE_M[1]:
            return unit
    units = ", ".join(name for name, _ in _UNITS_M)
    raise InvalidInput.of("OFFSET", f"the legs are {leg:.4g} long, which is nobody's length in any of {units}")


def format_bvh(motion: Motion) -> str:
    """The text of a `.bvh` file with `motion` in it.

    Raises:
        InvalidInput: a value of the motion is not finite.
    """
    positions = motion.positions.astype(np.float64)
    if not np.isfinite(positions).all():
        raise InvalidInput.of("positions", "hold values that are not finite; they cannot be written as rotations")
    offsets = kinematics.fit_offsets(positions)
    turns = kinematics.global_rotations(positions, offsets)
    misfit = np.linalg.norm(kinematics.placed(turns, positions[:, 0], offsets) - positions, axis=-1).max()
    rigid = bool(misfit <= RIGID_TOLERANCE_M)

    order = _depth_first(0)
    angles = _euler_angles(kinematics.local_rotations(turns))
    places = _CM_PER_M * positions
    places[:, 1:] = _CM_PER_M * rotation.rotate(
        rotation.conjugate(turns[:, PARENTS[1:]]), positions[:, 1:] - positions[:, PARENTS[1:]]
    )
    columns = []
    for joint in order:
        if joint == 0 or not rigid:
            columns.append(places[:, joint])
        columns.append(angles[:, joint])
    values = np.round(np.concatenate(columns, axis=1), 6) + 0.0  # + 0.0 turns -0 into 0
    rows = [" ".join(f"{value:.6f}" for value in row) for row in values]
    motion_lines = ["MOTION", f"Frames: {len(rows)}", f"Frame Time: {1 / motion.fps:.9g}", *rows]
    return "\n".join(["HIERARCHY", *_hierarchy_lines(0, 0, offsets, rigid), *motion_lines]) + "\n"


def _depth_first(joint: int) -> list[int]:
    return [joint, *(below for child in CHILDREN[joint] for below in _depth_first(child))]


def _euler_angles(local: np.ndarray) -> np.ndarray:
    """Degrees in the order of the channels, (frames, 22, 3), without jumps by a whole turn."""
    xyzw = local.reshape(-1, 4)[:, [1, 2, 3, 0]]
    angles = Rotation.from_quat(xyzw).as_euler(_ROTATION_ORDER, degrees=True, suppress_warnings=True)
    return np.unwrap(angles.reshape(*local.shape[:2], 3), axis=0, period=360.0)


def _hierarchy_lines(joint: int, depth: int, offsets: np.ndarray, rigid: bool) -> Iterator[str]:
    indent = "\t" * depth
    turn = " ".join(f"{axis}rotation" for axis in _ROTATION_ORDER)
    place = "Xposition Yposition Zposition"
    yield f"{indent}{'ROOT' if joint == 0 else 'JOINT'} {JOINT_NAMES[joint]}"
    yield f"{indent}{{"
    yield f"{indent}\tOFFSET {_triple(offsets[joint])}"
    yield f"{indent}\tCHANNELS {f'6 {place} {turn}' if joint == 0 or not rigid else f'3 {turn}'}"
    for child in CHILDREN[joint]:
        yield from _hierarchy_lines(child, depth + 1, offsets, rigid)
    if JOINT_NAMES[joint] in _END_SITES_M:
        yield f"{indent}\tEnd Site"
        yield f"{indent}\t{{"
        yield f"{indent}\t\tOFFSET {_triple(np.array(_END_SITES_M[JOINT_NAMES[joint]]))}"
        yield f"{indent}\t}}"
    yield f"{indent}}}"


def _triple(offset_m: np.ndarray) -> str:
    return " ".join(f"{value:.6f}" for value in _CM_PER_M * offset_m + 0.0)
