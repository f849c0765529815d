"""Read and write SMPL pose files as in AMASS: `.npz` with `poses`, `trans`, `betas`, `gender` and the frame rate.

The files have Z up and Plumb has Y up. Positions are converted by `(x, y, z) -> (-x, z, y)`, which is a proper rotation
and the one that HumanML3D uses: a person who walks along +Y there walks along +Z here.

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
from pathlib import Path

import numpy as np

from motion import kinematics, rotation
from motion.array_types import FloatArray
from motion.errors import InvalidInput, NotFound
from motion.formats.npz import read_npz, write_npz
from motion.motion import Motion
from motion.skeleton import NUM_JOINTS, PARENTS

MODEL_DIR_VARIABLE = "SMPL_MODEL_DIR"
SMPL_KEYS = frozenset({"poses", "trans"})
_MODEL_KEYS = ("v_template", "shapedirs", "J_regressor")
_RATE_KEYS = ("mocap_framerate", "mocap_frame_rate", "fps")
_Y_UP = np.array([0.0, 0.0, np.sqrt(0.5), np.sqrt(0.5)])  # quaternion of (x, y, z) -> (-x, z, y)
_REST_PELVIS = np.array([0.0, -0.22, 0.03])  # pelvis of SMPL's bodies before `trans` is added, within 2 cm
_POSE_COLUMNS = 156  # SMPL-H: 22 body joints and 30 of the hands, three numbers each
_SMPLX_COLUMNS = 165  # SMPL-X has jaw and eyes as well
_NUM_BETAS = 16


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
    poses, trans = arrays["poses"], arrays["trans"]
    if poses.ndim != 2 or poses.shape[1] < 3 * NUM_JOINTS or poses.dtype.kind != "f":
        shape = f"{poses.dtype} {poses.shape}"
        raise InvalidInput.of(f"{where} poses", f"are {shape}; must be (frames, 72 or more) rotation vectors")
    if not len(poses):
        raise InvalidInput.of(f"{where} poses", "have no frames; must have at least one")
    if trans.shape != (len(poses), 3) or trans.dtype.kind != "f":
        raise InvalidInput.of(f"{where} trans", f"are {trans.dtype} {trans.shape}; must be ({len(poses)}, 3)")
    rest, exact = _rest_joints(where, arrays, model_dir)
    local = rotation.exp(poses[:, : 3 * NUM_JOINTS].astype(np.float64).reshape(-1, NUM_JOINTS, 3))
    local[:, 0] = rotation.multiply(_Y_UP, local[:, 0])
    root = rotation.rotate(_Y_UP, trans + rest[0])
    positions = kinematics.forward(local, root, _offsets(rest))
    if not exact:
        positions[..., 1] -= positions[..., 1].min()
    return Motion(positions.astype(np.float32), fps=_rate(where, arrays))


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


def _offsets(rest: FloatArray) -> FloatArray:
    offsets = np.zeros((NUM_JOINTS, 3))
    offsets[1:] = rest[1:] - rest[list(PARENTS[1:])]
    return offsets


def _rest_joints(
    where: str, arrays: Mapping[str, np.ndarray], model_dir: str | os.PathLike[str] | None
) -> tuple[FloatArray, bool]:
    """Return the rest positions (22, 3) of the joints, and whether they are exact or those of the mean body."""
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


def model_joints(model: Path, betas: FloatArray) -> FloatArray:
    """Compute the rest positions of the first 22 joints of an SMPL, SMPL-H or SMPL-X model.

    Loper et al., "SMPL: A Skinned Multi-Person Linear Model", 2015, equations 8 and 10.

    Args:
        model: the `.npz` file of the model.
        betas: (n,) shape coefficients; those that the model does not have are ignored.

    Returns:
        Joint positions (22, 3), metres.

    Raises:
        InvalidInput: the file is not such a model.
    """
    arrays = read_npz(model)
    missing = [key for key in _MODEL_KEYS if key not in arrays]
    if missing:
        raise InvalidInput.of(str(model), f"lacks {', '.join(missing)}; must be an SMPL model")
    template, directions, regressor = (arrays[key].astype(np.float64) for key in _MODEL_KEYS)
    count = min(len(betas), directions.shape[-1])
    return regressor[:NUM_JOINTS] @ (template + directions[..., :count] @ betas[:count])
