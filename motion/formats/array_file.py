"""One motion as plain arrays: `.npy` of positions or HumanML3D features, `.npz` with its rate, caption and name.

An `.npy` has no place for a frame rate and is always at 20 fps; so are features, by HumanML3D's definition. A motion
at another rate is resampled when it is written as one of these.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from motion.errors import InvalidInput
from motion.formats.joint_naming import match_joints
from motion.formats.npz import read_npy, text_of, write_npy, write_npz
from motion.humanml3d.features import FEATURES_FPS, NUM_FEATURES, positions_to_features
from motion.motion import DEFAULT_FPS, Motion
from motion.resample import resample
from motion.skeleton import JOINT_NAMES, NUM_JOINTS
from motion.validation import features_to_motion

Content = Literal["positions", "features"]
ARRAY_KEYS = frozenset({"positions", "features"})


def read_array(path: str | os.PathLike[str]) -> tuple[Motion, Content]:
    """The motion in an `.npy` file, and whether it stands there as positions or as features.

    Raises:
        NotFound: no such file.
        InvalidInput: it is damaged, its array is neither (frames, 22, 3) nor (frames, 263), or its features are no
            motion.
    """
    file = Path(path)
    array = read_npy(file)
    if array.ndim == 2 and array.shape[1] == NUM_FEATURES:
        return _from_features(str(file), array, file.stem), "features"
    if array.ndim == 3 and array.shape[1:] == (NUM_JOINTS, 3):
        return Motion(_numbers(str(file), array), name=file.stem), "positions"
    wanted = f"(frames, {NUM_JOINTS}, 3) positions or (frames, {NUM_FEATURES}) features"
    raise InvalidInput.of(str(file), f"has shape {array.shape}; must be {wanted}")


def write_array(path: str | os.PathLike[str], motion: Motion, content: Content, keep_rows: bool = False) -> None:
    """Write `motion` as `.npy`, resampled to 20 fps, whole or not at all.

    Args:
        path: the file.
        motion: the motion.
        content: as (frames, 22, 3) positions or (frames - 1, 263) features.
        keep_rows: write as many rows of features as there are frames, the last step taken twice.

    Raises:
        InvalidInput: the place cannot be written.
    """
    motion = at_rate(motion, DEFAULT_FPS)
    write_npy(Path(path), motion.positions if content == "positions" else _to_features(motion, keep_rows))


def motion_from_arrays(where: str, arrays: Mapping[str, np.ndarray], name: str) -> tuple[Motion, Content]:
    """The motion in the arrays of a single-motion `.npz`: `positions` or `features`, and what is known beside them.

    `joint_names` may be of any skeleton in `motion.formats.joint_naming`, with as many joints as it has.

    Raises:
        InvalidInput: an array has a wrong shape, or a joint name is not known.
    """
    caption = _text(where, arrays, "caption")
    name = _text(where, arrays, "name") or name
    if "features" in arrays and "positions" not in arrays:
        motion = _from_features(where, arrays["features"], name)
        return replace(motion, caption=caption), "features"
    positions = _numbers(f"{where} positions", arrays["positions"])
    if "joint_names" in arrays:
        positions = _in_our_order(where, positions, [str(joint) for joint in arrays["joint_names"].reshape(-1)])
    fps = arrays.get("fps", np.array(DEFAULT_FPS))
    if fps.size != 1 or fps.dtype.kind not in "fiu" or not (np.isfinite(fps).all() and (fps > 0).all()):
        raise InvalidInput.of(f"{where} fps", f"is {fps.tolist()!r:.40}; must be a positive number")
    try:
        return Motion(positions, fps=float(fps.reshape(())), caption=caption, name=name), "positions"
    except InvalidInput as error:
        raise error.within(where) from error


def write_single(
    path: str | os.PathLike[str], motion: Motion, content: Content = "positions", keep_rows: bool = False
) -> None:
    """Write one motion as `.npz` at its own rate (features: at 20 fps), whole or not at all.

    Raises:
        InvalidInput: the place cannot be written.
    """
    if content == "features":
        motion = at_rate(motion, FEATURES_FPS)
        arrays = {"features": _to_features(motion, keep_rows)}
    else:
        arrays = {"positions": motion.positions, "joint_names": np.array(JOINT_NAMES)}
    arrays["fps"] = np.array(motion.fps)
    for key, text in (("caption", motion.caption), ("name", motion.name)):
        if text is not None:
            arrays[key] = np.array(text)
    write_npz(Path(path), arrays)


def at_rate(motion: Motion, fps: float) -> Motion:
    """`motion` resampled to `fps`; itself if it has that rate."""
    if motion.fps == fps:
        return motion
    return replace(motion, positions=resample(motion.positions, motion.fps, fps), fps=fps)


def _from_features(where: str, features: np.ndarray, name: str) -> Motion:
    try:
        return features_to_motion(features, name=name, min_frames=1, max_frames=sys.maxsize)
    except InvalidInput as error:
        raise error.within(where) from error


def _to_features(motion: Motion, keep_rows: bool) -> np.ndarray:
    positions = motion.positions
    if keep_rows:
        positions = np.concatenate([positions, 2 * positions[-1:] - positions[-2:-1]])
    return positions_to_features(positions).astype(np.float32)


def _numbers(where: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "fiu":
        raise InvalidInput.of(where, f"holds {array.dtype}; must be numbers")
    return array.astype(np.float32)


def _text(where: str, arrays: Mapping[str, np.ndarray], key: str) -> str | None:
    if key not in arrays:
        return None
    array = arrays[key]
    if array.size != 1 or array.dtype.kind not in "US":
        raise InvalidInput.of(f"{where} {key}", f"is {array.dtype} {array.shape}; must be one text")
    return text_of(f"{where} {key}", array.reshape(-1).tolist()[0])


def _in_our_order(where: str, positions: np.ndarray, names: list[str]) -> np.ndarray:
    if positions.ndim != 3 or positions.shape[1:] != (len(names), 3):
        shape = positions.shape
        raise InvalidInput.of(f"{where} positions", f"have shape {shape} for {len(names)} joint names")
    if tuple(names) == JOINT_NAMES:
        return positions
    try:
        blends = match_joints(names)
    except InvalidInput as error:
        raise error.within(where) from error
    joints = [sum(weight * positions[:, names.index(name)] for name, weight in blend) for blend in blends]
    return np.stack(joints, axis=1).astype(np.float32)
