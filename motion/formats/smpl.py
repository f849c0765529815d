"""SMPL pose files as AMASS has them: `.npz` with `poses`, `trans`, `betas`, `gender` and the frame rate.

Their world has Z up and ours Y: `(x, y, z) -> (-x, z, y)`, a proper rotation and the one that HumanML3D takes, so that
a person who walks along +Y there walks along +Z here, their left still on their left.

Joint positions need a body. In order: the rest joints that a file of ours carries; the licensed SMPL model of the
file's gender and shape, where `model_dir` or the environment variable SMPL_MODEL_DIR names its folder (`.npz`
models only: the older `.pkl` ones would run code when read); else the mean body of `motion.kinematics`, set on its
feet, which has the rotations right and the bones a few centimetres off.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from motion import kinematics, rotation
from motion.errors import InvalidInput, NotFound
from motion.formats.npz import read_npz, write_npz
from motion.motion import Motion
from motion.skeleton import NUM_JOINTS, PARENTS

MODEL_DIR_VARIABLE = "SMPL_MODEL_DIR"
SMPL_KEYS = frozenset({"poses", "trans"})
_MODEL_KEYS = ("v_template", "shapedirs", "J_regressor")
_RATE_KEYS = ("mocap_framerate", "mocap_frame_rate", "fps")
_Y_UP = np.array([0.0, 0.0, np.sqrt(0.5), np.sqrt(0.5)])  # quaternion of (x, y, z) -> (-x, z, y)
_REST_PELVIS = np.array([0.0, -0.22, 0.03])  # where SMPL's bodies have their pelvis before `trans`; within 2 cm
_POSE_COLUMNS = 156  # SMPL-H: 22 body joints and 30 of the hands, three numbers each
_SMPLX_COLUMNS = 165
_NUM_BETAS = 16


def motion_from_smpl(
    where: str, arrays: Mapping[str, np.ndarray], model_dir: str | os.PathLike[str] | None = None
) -> Motion:
    """The motion of the first 22 joints from the arrays of a pose file; `where` names the file in errors.

    Raises:
        InvalidInput: an array is missing or has a wrong shape.
        NotFound: a folder of SMPL models is named, but has none for this file.
    """
    poses, trans = arrays["poses"], arrays["trans"]
    if poses.ndim != 2 or poses.shape[1] < 3 * NUM_JOINTS or poses.dtype.kind != "f":
        shape = f"{poses.dtype} {poses.shape}"
        raise InvalidInput.of(f"{where} poses", f"are {shape}; must be (frames, 72 or more) rotation vectors")
    if not len(poses):
        raise InvalidInput.of(f"{where} poses", "have no frames; must have at least one")
    if trans.shape != (len(poses), 3) or trans.dtype.kind != "f":
        raise InvalidInput.of(f"{where} trans", f"are {trans.dtype} {trans.shape}; must be ({len(poses)}, 3)")
    rest, trusted = _rest_joints(where, arrays, model_dir)
    local = rotation.exp(poses[:, : 3 * NUM_JOINTS].astype(np.float64).reshape(-1, NUM_JOINTS, 3))
    local[:, 0] = rotation.multiply(_Y_UP, local[:, 0])
    root = rotation.rotate(_Y_UP, trans + rest[0])
    positions = kinematics.forward(local, root, _offsets(rest))
    if not trusted:
        positions[..., 1] -= positions[..., 1].min()
    return Motion(positions.astype(np.float32), fps=_rate(where, arrays))


def write_smpl(path: str | os.PathLike[str], motion: Motion) -> None:
    """Write `motion` as an SMPL-H pose file (156 columns, hands open, mean shape), whole or not at all.

    The rotations are those of closed-form inverse kinematics; `rest_joints` (22, 3) beside them are the joints of
    the body that performs the motion, in SMPL's rest pose, with which the positions come back.

    Raises:
        InvalidInput: the place cannot be written, or the motion has values that are not finite.
    """
    positions = motion.positions.astype(np.float64)
    if not np.isfinite(positions).all():
        raise InvalidInput.of("positions", "hold values that are not finite; they cannot be written as rotations")
    offsets = kinematics.fit_offsets(positions)
    local = kinematics.local_rotations(kinematics.global_rotations(positions, offsets))
    back = rotation.conjugate(_Y_UP)
    local[:, 0] = rotation.multiply(back, local[:, 0])
    poses = np.zeros((len(positions), _POSE_COLUMNS))
    poses[:, : 3 * NUM_JOINTS] = rotation.log(local).reshape(len(positions), -1)
    rest = kinematics.forward(np.tile([1.0, 0, 0, 0], (NUM_JOINTS, 1)), _REST_PELVIS, offsets)
    arrays = {
        "poses": poses,
        "trans": rotation.rotate(back, positions[:, 0]) - _REST_PELVIS,
        "betas": np.zeros(_NUM_BETAS),
        "gender": np.array("neutral"),
        "mocap_framerate": np.array(motion.fps),
        "rest_joints": rest,
    }
    write_npz(Path(path), arrays)


def _rate(where: str, arrays: Mapping[str, np.ndarray]) -> float:
    for key in _RATE_KEYS:
        if key in arrays and arrays[key].size == 1 and arrays[key].dtype.kind in "fiu":
            fps = float(arrays[key].reshape(()))
            if np.isfinite(fps) and fps > 0:
                return fps
            raise InvalidInput.of(f"{where} {key}", f"is {fps}; must be frames per second above 0")
    raise InvalidInput.of(f"{where} mocap_framerate", f"is missing; one of {', '.join(_RATE_KEYS)} must give the rate")


def _offsets(rest: np.ndarray) -> np.ndarray:
    offsets = np.zeros((NUM_JOINTS, 3))
    offsets[1:] = rest[1:] - rest[list(PARENTS[1:])]
    return offsets


def _rest_joints(
    where: str, arrays: Mapping[str, np.ndarray], model_dir: str | os.PathLike[str] | None
) -> tuple[np.ndarray, bool]:
    """Rest positions (22, 3) of the joints, and whether they are this body's own."""
    if "rest_joints" in arrays:
        rest = arrays["rest_joints"]
        if rest.shape != (NUM_JOINTS, 3) or rest.dtype.kind != "f":
            raise InvalidInput.of(f"{where} rest_joints", f"are {rest.dtype} {rest.shape}; must be ({NUM_JOINTS}, 3)")
        return rest.astype(np.float64), True
    folder = model_dir or os.environ.get(MODEL_DIR_VARIABLE)
    if folder:
        model = _model_file(Path(folder), _gender(where, arrays), arrays["poses"].shape[1])
        return model_joints(model, arrays.get("betas", np.zeros(0)).astype(np.float64).reshape(-1)), True
    identity = np.tile([1.0, 0, 0, 0], (NUM_JOINTS, 1))
    return kinematics.forward(identity, _REST_PELVIS, kinematics.REST_OFFSETS), False


def _gender(where: str, arrays: Mapping[str, np.ndarray]) -> str:
    if "gender" not in arrays:
        return "neutral"
    value = arrays["gender"].reshape(-1)[:1].tolist()
    gender = value[0].decode(errors="replace") if value and isinstance(value[0], bytes) else str(*value)
    if gender not in ("male", "female", "neutral"):
        raise InvalidInput.of(f"{where} gender", f"is {gender!r}; must be male, female or neutral")
    return gender


def _model_file(folder: Path, gender: str, pose_columns: int) -> Path:
    families = ("smplx",) if pose_columns == _SMPLX_COLUMNS else ("smplh", "smpl")
    candidates = []
    for family in families:
        file = f"{family.upper()}_{gender.upper()}.npz"
        candidates += [f"{family}/{gender}/model.npz", f"{gender}/model.npz", f"{family}/{file}", file]
    for candidate in candidates:
        if (folder / candidate).is_file():
            return folder / candidate
    raise NotFound(f"no SMPL model for {gender!r} in {folder}; looked for {', '.join(dict.fromkeys(candidates))}")


def model_joints(model: Path, betas: np.ndarray) -> np.ndarray:
    """Rest positions (22, 3) of the first 22 joints of an SMPL, SMPL-H or SMPL-X model with shape `betas` (n,).

    Loper et al., "SMPL: A Skinned Multi-Person Linear Model", 2015, equations 8 and 10.

    Raises:
        InvalidInput: the file is no such model.
    """
    arrays = read_npz(model)
    missing = [key for key in _MODEL_KEYS if key not in arrays]
    if missing:
        raise InvalidInput.of(str(model), f"lacks {', '.join(missing)}; must be an SMPL model")
    template, directions, regressor = (arrays[key].astype(np.float64) for key in _MODEL_KEYS)
    count = min(len(betas), directions.shape[-1])
    return regressor[:NUM_JOINTS] @ (template + directions[..., :count] @ betas[:count])
