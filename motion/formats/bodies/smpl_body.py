"""Find the joints of SMPL's rest pose: those in the pose file, of a licensed model, or of the mean body."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from motion import kinematics
from motion.array_types import FloatArray
from motion.errors import InvalidInput, NotFound
from motion.formats.npz import read_npz
from motion.skeleton import NUM_JOINTS

MODEL_DIR_VARIABLE = "SMPL_MODEL_DIR"
REST_PELVIS = np.array([0.0, -0.22, 0.03])
"""Pelvis of SMPL's bodies before the translation is added, within 2 cm."""
_MODEL_KEYS = ("v_template", "shapedirs", "J_regressor")
_GENDERS = {"m": "male", "f": "female", "n": "neutral"}


def rest_joints(
    where: str, arrays: Mapping[str, np.ndarray], smplx: bool | None, model_dir: str | os.PathLike[str] | None
) -> tuple[FloatArray, bool]:
    """Return the rest positions (22, 3) of the joints, and whether they are exact or those of the mean body.

    Args:
        where: path of the file for errors.
        arrays: the arrays of the file.
        smplx: whether the poses are those of SMPL-X; None if the file does not say.
        model_dir: folder of licensed SMPL models; None for the environment variable SMPL_MODEL_DIR.

    Raises:
        InvalidInput: an array has a wrong shape or value.
        NotFound: the folder of models has none for this file.
    """
    if "rest_joints" in arrays:
        rest = arrays["rest_joints"]
        if rest.shape != (NUM_JOINTS, 3) or rest.dtype.kind != "f":
            raise InvalidInput.of(f"{where} rest_joints", f"are {rest.dtype} {rest.shape}; must be ({NUM_JOINTS}, 3)")
        return rest.astype(np.float64), True
    folder = model_dir or os.environ.get(MODEL_DIR_VARIABLE)
    if folder:
        model = _model_file(Path(folder), _gender(where, arrays), smplx)
        return model_joints(model, _betas(arrays)), True
    identity = np.tile([1.0, 0, 0, 0], (NUM_JOINTS, 1))
    return kinematics.forward(identity, REST_PELVIS, kinematics.REST_OFFSETS), False


def _betas(arrays: Mapping[str, np.ndarray]) -> FloatArray:
    """Return the shape coefficients (n,); where a tracker gives them for every frame, their mean."""
    betas = arrays.get("betas", np.zeros(0)).astype(np.float64)
    return betas.reshape(-1, betas.shape[-1]).mean(axis=0) if betas.ndim > 1 and betas.size else betas.reshape(-1)


def _gender(where: str, arrays: Mapping[str, np.ndarray]) -> str:
    if "gender" not in arrays:
        return "neutral"
    value = arrays["gender"].reshape(-1)[:1].tolist()
    gender = value[0].decode(errors="replace") if value and isinstance(value[0], bytes) else str(*value)
    gender = gender.removeprefix("b'").removesuffix("'").lower()  # some files hold the text of the bytes
    gender = _GENDERS.get(gender, gender)
    if gender not in ("male", "female", "neutral"):
        raise InvalidInput.of(f"{where} gender", f"is {gender!r}; must be male, female or neutral")
    return gender


def _model_file(folder: Path, gender: str, smplx: bool | None) -> Path:
    families = {True: ("smplx",), False: ("smplh", "smpl"), None: ("smplx", "smplh", "smpl")}[smplx]
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
