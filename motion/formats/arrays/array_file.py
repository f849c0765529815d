"""Read and write one motion as arrays: `.npy` with positions or HumanML3D features, `.npz` with rate and caption too.

An `.npy` file cannot store a frame rate and is always at 20 fps. Features are at 20 fps by HumanML3D's definition. A
motion at another rate is resampled when it is written in one of these forms.
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
from motion.formats.arrays.array_forms import refusal
from motion.formats.npz import decode_text, read_npy, write_npy, write_npz
from motion.formats.skeletons.named_joints import joints_by_name
from motion.humanml3d.features import FEATURES_FPS, NUM_FEATURES, positions_to_features
from motion.motion import DEFAULT_FPS, Motion
from motion.resample import resample_motion
from motion.skeleton import JOINT_NAMES, NUM_JOINTS
from motion.validation import features_to_motion

Content = Literal["positions", "features"]
"""The two representations of a motion that arrays can hold."""
ARRAY_KEYS = frozenset({"positions", "features"})


def read_array(path: str | os.PathLike[str]) -> tuple[Motion, Content]:
    """Read the motion in an `.npy` file.

    Args:
        path: the file.

    Returns:
        The motion, named after the file, and whether the file holds positions or features.

    Raises:
        NotFound: the file does not exist.
        InvalidInput: the file is damaged, its array is neither (frames, 22, 3) nor (frames, 263), or its features do
            not describe a body.
    """
    file = Path(path)
    array = read_npy(file)
    if array.ndim == 2 and array.shape[1] == NUM_FEATURES:
        return _from_features(str(file), array, file.stem), "features"
    if array.ndim == 3 and array.shape[1:] == (NUM_JOINTS, 3):
        return Motion(_numbers(str(file), array), name=file.stem), "positions"
    raise InvalidInput.of(str(file), refusal(array.shape))


def write_array(path: str | os.PathLike[str], motion: Motion, content: Content, keep_frame_count: bool = False) -> None:
    """Write a motion as `.npy` at 20 fps, atomically.

    Args:
        path: the file.
        motion: the motion; resampled if it has another rate.
        content: write positions (frames, 22, 3) or features (frames - 1, 263).
        keep_frame_count: write as many rows of features as there are frames, by repeating the last step.

    Raises:
        InvalidInput: the path cannot be written.
    """
    motion = resample_motion(motion, DEFAULT_FPS)
    write_npy(Path(path), motion.positions if content == "positions" else _to_features(motion, keep_frame_count))


def motion_from_arrays(
    where: str, arrays: Mapping[str, np.ndarray], name: str
) -> tuple[Motion, Content, tuple[str, ...]]:
    """Build the motion from the arrays of an `.npz` file that holds one motion.

    Args:
        where: path of the file for errors.
        arrays: `positions` or `features`, and optionally `fps`, `joint_names`, `caption` and `name`. The joint names
            may be those of any skeleton that `motion.formats.joint_naming` knows, with any number of joints.
        name: name of the motion if `arrays` has none.

    Returns:
        The motion, whether the file holds positions or features, and what was guessed, one sentence each.

    Raises:
        InvalidInput: an array has a wrong shape or type, or the joint names are not known.
    """
    caption = _text(where, arrays, "caption")
    name = _text(where, arrays, "name") or name
    if "features" in arrays and "positions" not in arrays:
        motion = _from_features(where, arrays["features"], name)
        return replace(motion, caption=caption), "features", ()
    positions, notes = _numbers(f"{where} positions", arrays["positions"]), ()
    if "joint_names" in arrays:
        names = [str(joint) for joint in arrays["joint_names"].reshape(-1)]
        positions, notes = joints_by_name(where, positions, names)
    fps = arrays.get("fps", np.array(DEFAULT_FPS))
    if fps.size != 1 or fps.dtype.kind not in "fiu" or not (np.isfinite(fps).all() and (fps > 0).all()):
        raise InvalidInput.of(f"{where} fps", f"is {fps.tolist()!r:.40}; must be a positive number")
    try:
        return Motion(positions, fps=float(fps.reshape(())), caption=caption, name=name), "positions", notes
    except InvalidInput as error:
        raise error.within(where) from error


def holds_one_motion(arrays: Mapping[str, np.ndarray]) -> bool:
    """Return whether `motion_from_arrays` reads these arrays: joints by name, or of HumanML3D's 22, or features."""
    if "positions" not in arrays:
        return arrays["features"].ndim == 2
    positions = arrays["positions"]
    return "joint_names" in arrays or positions.ndim < 2 or positions.shape[1:] == (NUM_JOINTS, 3)


def write_single(
    path: str | os.PathLike[str], motion: Motion, content: Content = "positions", keep_frame_count: bool = False
) -> None:
    """Write one motion as `.npz`, atomically: positions at the motion's own rate, features at 20 fps.

    Args:
        path: the file.
        motion: the motion.
        content: write positions (frames, 22, 3) or features (frames - 1, 263).
        keep_frame_count: write as many rows of features as there are frames, by repeating the last step.

    Raises:
        InvalidInput: the path cannot be written.
    """
    if content == "features":
        motion = resample_motion(motion, FEATURES_FPS)
        arrays = {"features": _to_features(motion, keep_frame_count)}
    else:
        arrays = {"positions": motion.positions, "joint_names": np.array(JOINT_NAMES)}
    arrays["fps"] = np.array(motion.fps)
    for key, text in (("caption", motion.caption), ("name", motion.name)):
        if text is not None:
            arrays[key] = np.array(text)
    write_npz(Path(path), arrays)


def _from_features(where: str, features: np.ndarray, name: str) -> Motion:
    try:
        return features_to_motion(features, name=name, min_frames=1, max_frames=sys.maxsize)
    except InvalidInput as error:
        raise error.within(where) from error


def _to_features(motion: Motion, keep_frame_count: bool) -> np.ndarray:
    positions = motion.positions
    if keep_frame_count:
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
        raise InvalidInput.of(f"{where} {key}", f"is {array.dtype} {array.shape}; must be one string")
    return decode_text(f"{where} {key}", array.reshape(-1).tolist()[0])
