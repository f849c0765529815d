"""Read what generators and trackers write: arrays with any order of axes, dictionaries of arrays, SMPL under any names.

results.npy of MDM              a dictionary with motion (n, 22, 3, frames), lengths and text
joints, keypoints3d, motion     positions under the names that other tools give them
smpl_params_global, pose_world  SMPL poses of GVHMR and WHAM, one body or several
smpl, tid                       people by image, as PHALP (4D-Humans) tracks them
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from motion.errors import InvalidInput
from motion.formats.arrays.array_file import Content
from motion.formats.arrays.array_forms import Recognized, recognize
from motion.formats.bodies.smpl_bodies import find_bodies
from motion.formats.bodies.smpl_keys import RATE_KEYS
from motion.formats.generators.phalp_tracks import find_tracks
from motion.formats.generators.poselib_motion import is_poselib, read_poselib
from motion.formats.motion_file import Origin
from motion.formats.npz import decode_text
from motion.formats.read_options import DEFAULT_OPTIONS, ReadOptions
from motion.formats.smpl import read_smpl
from motion.motion import DEFAULT_FPS, Motion
from motion.orientation import Axis
from motion.validation import features_to_motion

_POSITION_KEYS = (
    "positions", "joints", "joints3d", "joints_3d", "keypoints3d", "keypoints_3d", "motion", "motions", "xyz",
    "joint_positions", "global_positions", "j3d", "pred_joints", "pred_xyz", "posed_joints", "kpts3d", "pose3d", "pred",
    "data", "arr_0", "features", "joint_vecs", "sample",
)  # fmt: skip
_LENGTH_KEYS, _TEXT_KEYS = (
    ("lengths", "m_lens", "m_length", "length"),
    ("text", "texts", "captions", "caption", "prompts"),
)


@dataclass(frozen=True, eq=False)
class Reading:
    """The motions that one file holds.

    Attributes:
        motions: the motions, named after the file.
        captions: the captions of each.
        content: whether they were stored as features.
        several: whether the form of the file is one of several motions, however many it has.
        smpl: whether the file holds SMPL poses.
        notes: what was guessed, one sentence each.
        origins: what the file holds besides each motion; empty if nothing is kept.
    """

    motions: tuple[Motion, ...]
    captions: tuple[tuple[str, ...], ...]
    content: Content = "positions"
    several: bool = False
    smpl: bool = False
    notes: tuple[str, ...] = ()
    origins: tuple[Origin | None, ...] = ()


def read_value(where: str, value: Any, name: str, options: ReadOptions = DEFAULT_OPTIONS) -> Reading:
    """Read the motions in a value of a file of objects: a dictionary, an array, or a list of them.

    Args:
        where: path of the file for errors.
        value: the value.
        name: name of the motion; several get `NAME_0`, `NAME_1`, ...
        options: what the user says of the file.

    Raises:
        InvalidInput: the value is of no known form, or does not describe a body.
    """
    if isinstance(value, Mapping):
        return read_mapping(where, value, name, options)
    if isinstance(value, np.ndarray):
        return read_numbers(where, value, name, options)
    if isinstance(value, list) and value and all(isinstance(each, Mapping | np.ndarray) for each in value):
        return _joined([read_value(where, each, f"{name}_{index}", options) for index, each in enumerate(value)])
    wanted = "must hold a dictionary of arrays, such as MDM's results, or an array of positions"
    raise InvalidInput.of(where, f"holds {type(value).__name__}; {wanted}")


def read_numbers(where: str, array: np.ndarray, name: str, options: ReadOptions = DEFAULT_OPTIONS) -> Reading:
    """Read the motions in an array of numbers.

    Args:
        where: path of the file for errors.
        array: the array.
        name: name of the motion; several get `NAME_0`, `NAME_1`, ...
        options: what the user says of the file.

    Raises:
        InvalidInput: the array is of no known form, or does not describe a body.
    """
    return _from_recognized(where, recognize(where, array), name, options, None)


def read_mapping(where: str, arrays: Mapping[str, Any], name: str, options: ReadOptions = DEFAULT_OPTIONS) -> Reading:
    """Read the motions in a dictionary of arrays.

    Args:
        where: path of the file for errors.
        arrays: arrays, numbers, text and dictionaries by name.
        name: name of the motion; several get `NAME_0`, `NAME_1`, ...
        options: what the user says of the file.

    Raises:
        InvalidInput: there is no array of a known form.
    """
    if tracks := find_tracks(arrays):
        reading = _from_smpl(where, tracks.bodies, name, options)
        return replace(reading, notes=(*tracks.notes, *reading.notes))
    bodies = find_bodies(where, arrays)
    if bodies:
        return _from_smpl(where, bodies, name, options)
    if is_poselib(arrays):
        found = read_poselib(where, arrays, options)
        kept = {key: value for key, value in arrays.items() if key in RATE_KEYS}
        return _from_recognized(
            where, Recognized("positions", found.positions[None], False, found.notes), name, options, kept
        )
    key = _position_key(arrays)
    named = [str(each) for each, array in arrays.items() if _are_points(array)]
    if key is None and len(named) == 1:
        key = named[0]
    if key is None and named:
        rates = {each: arrays[each] for each in RATE_KEYS if each in arrays}
        places = [(f"{where} {each}", each, np.asarray(arrays[each])) for each in named]
        return _joined(
            [_from_recognized(place, recognize(place, array), each, options, rates) for place, each, array in places]
        )
    if key is None:
        names = ", ".join(str(each) for each in list(arrays)[:6]) + (", ..." if len(arrays) > 6 else "")
        wanted = "must hold positions, motion or joints (frames, 22, 3), or poses and trans (SMPL)"
        raise InvalidInput.of(where, f"holds {names or 'nothing'}; {wanted}")
    found = recognize(f"{where} {key}", np.asarray(arrays[key]))
    reading = _from_recognized(where, found, name, options, arrays)
    return replace(reading, several=reading.several or "lengths" in arrays or np.ndim(arrays[key]) > 3)


def _from_recognized(
    where: str, found: Recognized, name: str, options: ReadOptions, fields: Mapping[str, Any] | None
) -> Reading:
    """Build the motions of an array; `fields` is what stands beside it, None if it is alone in its file."""
    alone, fields = fields is None, fields or {}
    if found.kind in ("poses", "motionx"):
        arrays = {"poses": found.values} if found.kind == "poses" else _motionx(found.values)
        reading = read_smpl(where, arrays, options, usual_up="y" if found.kind == "motionx" else None)
        motion = replace(reading.motion, name=name)
        return Reading((motion,), (_texts(where, fields, 1)[0],), smpl=True, notes=(*found.notes, *reading.notes))
    stated = _stated_rate(where, fields)
    fps, notes = options.input_fps or stated or DEFAULT_FPS, list(found.notes)
    if not alone and found.kind == "positions" and not (options.input_fps or stated):
        notes.append(f"states no frame rate; read at {fps:g} fps (--input-fps says another)")
    count = len(found.values)
    several = found.several or count > 1
    lengths, texts = _lengths(where, fields, found.values), _texts(where, fields, count)
    motions = []
    for index, (rows, length) in enumerate(zip(found.values, lengths, strict=True)):
        each = f"{name}_{index}" if several else name
        caption = texts[index][0] if texts[index] else None
        if found.kind == "features":
            motions.append(_features(where, rows[:length], each, caption, fps))
        else:
            motions.append(Motion(rows[:length].astype(np.float32), fps=fps, name=each, caption=caption))
    content = "features" if found.kind == "features" else "positions"
    return Reading(tuple(motions), texts, content, several, notes=tuple(notes))


def _from_smpl(where: str, bodies: list[tuple[str, Mapping[str, Any]]], name: str, options: ReadOptions) -> Reading:
    motions, origins, notes = [], [], []
    for path, fields in bodies:
        arrays = {key: value for key, value in fields.items() if isinstance(value, np.ndarray)}
        arrays |= {key: np.array(fields[key]) for key in RATE_KEYS if isinstance(fields.get(key), int | float)}
        up: Axis | None = None
        if any(part in path for part in ("_incam", "_cam")):
            up = "-y"
        elif any(part in path for part in ("_global", "smpl_params")):
            up = "y"
        # Those of a set are turned and scaled by what reads all sets.
        said = options if len(bodies) == 1 else replace(options, up=options.up and "y", unit=None)
        reading = read_smpl(f"{where} {path}".strip(), arrays, said, usual_up=up)
        named = f"{name}_{path.replace('/', '_')}" if len(bodies) > 1 else name
        motions.append(replace(reading.motion, name=named))
        origins.append(reading.origin if len(bodies) == 1 else None)
        notes += [note for note in reading.notes if note not in notes]
    texts = tuple(() for _ in motions)
    return Reading(tuple(motions), texts, "positions", len(motions) > 1, True, tuple(notes), tuple(origins))


def _position_key(arrays: Mapping[Any, Any]) -> str | None:
    """Return the first name under which positions or features may stand."""
    for key in _POSITION_KEYS:
        array = arrays.get(key)
        if isinstance(array, np.ndarray) and array.ndim >= 2 and array.dtype.kind in "fiu":
            return key
    return None


def _are_points(array: Any) -> bool:
    return isinstance(array, np.ndarray) and array.dtype.kind in "fiu" and array.ndim == 3 and array.shape[2] == 3


def _joined(readings: list[Reading]) -> Reading:
    """Return several readings as one of a set."""
    return Reading(
        tuple(motion for each in readings for motion in each.motions),
        tuple(texts for each in readings for texts in each.captions),
        readings[0].content,
        several=True,
        notes=tuple(dict.fromkeys(note for each in readings for note in each.notes)),
    )


def _features(where: str, rows: np.ndarray, name: str, caption: str | None, fps: float) -> Motion:
    try:
        motion = features_to_motion(rows, caption=caption, name=name, min_frames=1, max_frames=len(rows))
    except InvalidInput as error:
        raise error.within(where) from error
    return replace(motion, fps=fps)


def _stated_rate(where: str, fields: Mapping[str, Any]) -> float | None:
    """Return the frame rate that the file states; None if it states none."""
    for key in RATE_KEYS:
        value = np.asarray(fields.get(key, ()))
        if value.size == 1:
            fps = float(value.reshape(())) if value.dtype.kind in "fiu" else np.nan
            if not (np.isfinite(fps) and fps > 0):
                raise InvalidInput.of(f"{where} {key}", f"is {fields[key]!r:.40}; must be a positive number")
            return fps
    return None


def _lengths(where: str, fields: Mapping[str, Any], values: np.ndarray) -> list[int]:
    """Return the number of frames of each motion; what follows is padding."""
    for key in _LENGTH_KEYS:
        if key not in fields:
            continue
        array = np.asarray(fields[key]).reshape(-1)
        low, high = 1, values.shape[1]
        if array.dtype.kind not in "iu" or len(array) != len(values) or not ((low <= array) & (array <= high)).all():
            found = f"are {array.tolist()!r:.60}"
            wanted = f"must be {len(values)} whole numbers from {low} to {high}"
            raise InvalidInput.of(f"{where} {key}", f"{found}; {wanted}")
        return array.tolist()
    return [values.shape[1]] * len(values)


def _texts(where: str, fields: Mapping[str, Any], count: int) -> tuple[tuple[str, ...], ...]:
    """Return the captions of each motion: one each, or one for all."""
    for key in _TEXT_KEYS:
        value = fields.get(key)
        value = value.reshape(-1).tolist() if isinstance(value, np.ndarray) else value
        texts = [value] if isinstance(value, str | bytes) else value
        if isinstance(texts, list) and texts and all(isinstance(each, str | bytes) for each in texts):
            read = [decode_text(f"{where} {key}", each).strip() for each in texts]
            if count % len(read) == 0:
                # MDM repeats the texts once for each repetition; one text may stand for all motions.
                return tuple((each,) if each else () for each in read * (count // len(read)))
    return ((),) * count


def _motionx(rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the arrays of rows of Motion-X: body, hands, jaw and face, then translation and shape."""
    rows = rows.astype(np.float64, copy=False)
    poses = np.concatenate([rows[:, :159], np.zeros((len(rows), 6))], axis=1)
    return {"poses": poses, "trans": rows[:, 309:312], "betas": rows[0, 312:]}
