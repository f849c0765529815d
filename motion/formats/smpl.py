"""Read and write SMPL pose files as in AMASS: `.npz` with `poses`, `trans`, `betas`, `gender` and the frame rate.

Other names of the arrays are in `motion.formats.bodies.smpl_keys`; what is written back as it was, in
`motion.formats.bodies.smpl_origin`. The files have Z up, unless the body stands along another axis, and Plumb has Y up.
Positions are converted by `(x, y, z) -> (-x, z, y)`, which is a proper rotation and the one that HumanML3D uses: a
person who walks along +Y there walks along +Z here.

Joint positions need a body. The first of these that is available is used:

1. `rest_joints` in the file, which our own files have;
2. the licensed SMPL model of the file's gender and shape, if `model_dir` or the environment variable SMPL_MODEL_DIR
   names its folder. Only `.npz` models are read, because the older `.pkl` models can execute code;
3. the mean body of `motion.kinematics`, lowered so that its feet are on the floor. Its rotations are exact, its bones
   a few centimetres off.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motion import kinematics, rotation
from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.formats.bodies.smpl_body import MODEL_DIR_VARIABLE, REST_PELVIS, model_joints, rest_joints
from motion.formats.bodies.smpl_keys import SmplScheme, find_scheme
from motion.formats.bodies.smpl_origin import SmplOrigin
from motion.formats.npz import write_npz
from motion.formats.read_options import DEFAULT_OPTIONS, ReadOptions
from motion.motion import Motion
from motion.orientation import Axis
from motion.skeleton import JOINT, NUM_JOINTS, PARENTS

__all__ = [
    "MODEL_DIR_VARIABLE",
    "SMPL_KEYS",
    "SmplReading",
    "model_joints",
    "motion_from_smpl",
    "read_smpl",
    "write_smpl",
]

SMPL_KEYS = frozenset({"poses", "trans"})
DEFAULT_SMPL_FPS = 30.0
"""Frame rate of files that do not state theirs, most of which come from a video."""
_USUAL_FPS = {"smpl_poses": 60.0}
_HALF = np.sqrt(0.5)
# For each axis that points up, the quaternion that turns the file to Y up; that of Z is (x, y, z) -> (-x, z, y).
_TURNS = {
    "y": np.array([1.0, 0, 0, 0]), "-y": np.array([0.0, 1, 0, 0]), "z": np.array([0.0, 0.0, _HALF, _HALF]),
    "-z": np.array([_HALF, _HALF, 0, 0]), "x": np.array([_HALF, 0, 0, _HALF]), "-x": np.array([_HALF, 0, 0, -_HALF]),
}  # fmt: skip
_ABOUT = np.array([0.0, 0, 1, 0])
_SIGNS = {name: -1.0 if name.startswith("-") else 1.0 for name in _TURNS}
_STANDING, _LEANING = 0.8, 0.5  # mean cosines between an axis and the way from the feet to the head
_LYING_M = 0.5
_LARGEST_ANGLE = 4 * np.pi  # rotation vectors are written up to pi, and unrolled ones up to a few turns
_POSE_COLUMNS = 156  # SMPL-H: 22 body joints and 30 of the hands, three numbers each
_SMPLX_COLUMNS = 165  # SMPL-X has jaw and eyes as well
_NUM_BETAS = 16


@dataclass(frozen=True, eq=False)
class SmplReading:
    """What a pose file holds.

    Attributes:
        motion: the motion of the 22 joints.
        origin: what the file holds besides.
        notes: what was guessed, one sentence each.
    """

    motion: Motion
    origin: SmplOrigin
    notes: tuple[str, ...]


def motion_from_smpl(
    where: str, arrays: Mapping[str, np.ndarray], model_dir: str | os.PathLike[str] | None = None
) -> Motion:
    """Compute the motion of the 22 joints from the arrays of a pose file.

    Args:
        where: path of the file for errors.
        arrays: the arrays of the file.
        model_dir: folder of licensed SMPL models; None for the environment variable SMPL_MODEL_DIR.

    Raises:
        InvalidInput: an array is missing or has a wrong shape.
        NotFound: the folder of models has none for this file.
    """
    return read_smpl(where, arrays, model_dir=model_dir).motion


def read_smpl(
    where: str,
    arrays: Mapping[str, np.ndarray],
    options: ReadOptions = DEFAULT_OPTIONS,
    model_dir: str | os.PathLike[str] | None = None,
    usual_up: Axis | None = None,
) -> SmplReading:
    """Read the motion in a pose file, and all that is needed to write it back as that file.

    Args:
        where: path of the file for errors.
        arrays: the arrays of the file, under any of the names in `motion.formats.bodies.smpl_keys`.
        options: what the user says of the file; `input_fps`, `unit` and `up` are used.
        model_dir: folder of licensed SMPL models; None for the environment variable SMPL_MODEL_DIR.
        usual_up: the axis that points up in files of this origin; None for that of their names.

    Raises:
        InvalidInput: an array is missing or has a wrong shape.
        NotFound: the folder of models has none for this file.
    """
    scheme = find_scheme(arrays)
    if scheme is None:
        raise InvalidInput.of(where, "has no poses; must have poses and trans, or their like")
    poses = scheme.poses(where, arrays)
    largest = float(np.nanmax(np.abs(poses[:, : 3 * NUM_JOINTS]), initial=0.0))
    if largest > _LARGEST_ANGLE:
        raise InvalidInput.of(f"{where} poses", f"are up to {largest:.4g}; must be rotation vectors in radians")
    trans = scheme.translation(where, arrays, len(poses)) * (options.unit_m or 1.0)
    notes = [] if scheme.trans else ["has no translation of the body, which is held at its place"]
    fps, fps_notes = _rate(where, scheme, arrays, options)
    smplx = poses.shape[1] == _SMPLX_COLUMNS or (None if "body_pose" in arrays else False)
    rest, exact = rest_joints(where, arrays, smplx, model_dir)
    local = rotation.exp(poses[:, : 3 * NUM_JOINTS].astype(np.float64).reshape(-1, NUM_JOINTS, 3))
    usual = usual_up or scheme.up
    up, up_notes = _up(local, trans + rest[0], rest, options.up, usual)
    turn = _TURNS[up]
    if up != "z" and usual == "z":
        turn = rotation.multiply(_ABOUT, turn)  # faces where the same motion with Z up faces
    local[:, 0] = rotation.multiply(turn, local[:, 0])
    root = rotation.rotate(turn, trans + rest[0])
    root[~np.isfinite(local[:, 0]).all(axis=-1)] = np.nan  # without its rotation the whole body is lost
    positions = kinematics.forward(local, root, _offsets(rest))
    if not exact:
        # Frames without numbers are bridged by what reads all files.
        positions[..., 1] -= np.nanmin(positions[..., 1], initial=np.inf) if np.isfinite(positions).any() else 0.0
    motion = Motion(positions.astype(np.float32), fps=fps)
    origin = SmplOrigin(dict(arrays), scheme, motion, turn, _offsets(rest), options.unit_m or 1.0)
    return SmplReading(motion, origin, (*notes, *fps_notes, *up_notes))


def write_smpl(path: str | os.PathLike[str], motion: Motion) -> None:
    """Write a motion as an SMPL-H pose file (156 columns, open hands, mean shape), atomically.

    The rotations are computed by closed-form inverse kinematics. The file also gets `rest_joints` (22, 3), the joints
    of the performing body in SMPL's rest pose, with which the positions can be recovered.

    Args:
        path: the file.
        motion: the motion.

    Raises:
        InvalidInput: the path cannot be written, or the motion has values that are not finite.
    """
    positions = motion.positions.astype(np.float64)
    if not np.isfinite(positions).all():
        raise InvalidInput.of("positions", "hold values that are not finite; they cannot be written as rotations")
    offsets = kinematics.estimate_offsets(positions)
    local = kinematics.local_rotations(kinematics.global_rotations(positions, offsets))
    back = rotation.conjugate(_TURNS["z"])
    local[:, 0] = rotation.multiply(back, local[:, 0])
    poses = np.zeros((len(positions), _POSE_COLUMNS))
    poses[:, : 3 * NUM_JOINTS] = rotation.log(local).reshape(len(positions), -1)
    rest = kinematics.forward(np.tile([1.0, 0, 0, 0], (NUM_JOINTS, 1)), REST_PELVIS, offsets)
    arrays = {
        "poses": poses,
        "trans": rotation.rotate(back, positions[:, 0]) - REST_PELVIS,
        "betas": np.zeros(_NUM_BETAS),
        "gender": np.array("neutral"),
        "mocap_framerate": np.array(motion.fps),
        "rest_joints": rest,
    }
    write_npz(Path(path), arrays)


def _rate(
    where: str, scheme: SmplScheme, arrays: Mapping[str, np.ndarray], options: ReadOptions
) -> tuple[float, list[str]]:
    """Return the frame rate, and what was guessed."""
    if options.input_fps is not None:
        return options.input_fps, []
    fps = scheme.frame_rate(where, arrays)
    if fps is not None:
        return fps, []
    fps = _USUAL_FPS.get(scheme.groups[0][0].key, DEFAULT_SMPL_FPS)
    return fps, [f"states no frame rate; read at {fps:g} fps (--input-fps says another)"]


def _up(local: FloatArray, root: FloatArray, rest: FloatArray, wanted: str | None, usual: str) -> tuple[str, list[str]]:
    """Return the axis that points up, and what was guessed.

    The usual axis is kept unless the body stands along another one nearly all of the time, and more than a body that
    lies on the floor could move along the usual one.
    """
    if wanted is not None or not (np.isfinite(local).all() and np.isfinite(root).all()):
        return wanted or usual, []
    positions = kinematics.forward(local, root, _offsets(rest))
    body = positions[:, JOINT["head"]] - positions[:, [JOINT["left_ankle"], JOINT["right_ankle"]]].mean(axis=1)
    upright = (body / np.maximum(np.linalg.norm(body, axis=-1, keepdims=True), 1e-9)).mean(axis=0)
    axes = {name: float(sign * upright["xyz".index(name[-1])]) for name, sign in _SIGNS.items()}
    best = max(axes, key=lambda name: axes[name])
    if best == usual or axes[usual] > _LEANING or axes[best] < _STANDING or best[-1] == usual[-1]:
        return usual, []
    told = f"stands along {best.upper()}, where files of this kind have {usual.upper()} up"
    if np.ptp(positions[..., "xyz".index(usual[-1])]) < _LYING_M:
        return usual, [f"lies along {best.upper()} if {usual.upper()} is up, as it is read (--up says another)"]
    return best, [f"{told}; read with {best.upper()} up (--up says another)"]


def _offsets(rest: FloatArray) -> FloatArray:
    offsets = np.zeros((NUM_JOINTS, 3))
    offsets[1:] = rest[1:] - rest[list(PARENTS[1:])]
    return offsets
