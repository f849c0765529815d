"""Read the tracks of PHALP (4D-Humans): a dictionary for each image, with a list of the people in it.

smpl                 SMPL rotations of each person, as matrices in the axes of the camera
camera               place of each person in them [m]; its depth is that of an assumed lens, and wavers by metres
tid, tracked_time    number of each person's track, and for how many images it was only predicted
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from motion.array_types import FloatArray
from motion.formats.bodies.smpl_bodies import Body

_LISTS = ("smpl", "tid")
_ROTATIONS = (("global_orient", 1), ("body_pose", 23))
_LONGEST_GAP = 30  # images; a person who is gone for longer comes back in another motion
_FEWEST = 10
_NAMED = 5


@dataclass(frozen=True, eq=False)
class Tracks:
    """The people of a video.

    Attributes:
        bodies: SMPL poses of each track, or of each part of one.
        notes: what was guessed and left out, one sentence each.
    """

    bodies: list[Body]
    notes: tuple[str, ...]


def find_tracks(value: Mapping[Any, Any]) -> Tracks | None:
    """Find the tracks in a dictionary; return None if it has none.

    Images in which a person was not seen are interpolated, if they are few.

    Args:
        value: dictionaries by the names of images.
    """
    images = [value[key] for key in sorted(value, key=str)]
    if not images or not all(_is_image(image) for image in images):
        return None
    seen: dict[Any, dict[int, Mapping[str, Any]]] = {}
    for number, image in enumerate(images):
        for track, person in _people(image):
            seen.setdefault(track, {})[number] = person
    bodies: list[Body] = []
    filled, short = 0, []
    for track in sorted(seen, key=str):
        parts = _parts(sorted(seen[track]))
        long = [part for part in parts if part[-1] - part[0] + 1 >= _FEWEST]
        if not long:
            short.append(str(track))
        for index, part in enumerate(long):
            bodies.append((f"{track}_{index}" if len(long) > 1 else str(track), _joined(seen[track], part)))
            filled += part[-1] - part[0] + 1 - len(part)
    if not bodies:
        return None
    notes = ["holds tracks of PHALP, whose distance from the camera is not known; they were put at one distance"]
    if filled:
        notes.append(f"{filled} images in which a person was not seen were interpolated")
    if short:
        named = ", ".join(short[:_NAMED]) + (f" and {len(short) - _NAMED} more" if len(short) > _NAMED else "")
        notes.append(f"tracks of less than {_FEWEST} images were left out: {named}")
    return Tracks(bodies, tuple(notes))


def _is_image(image: Any) -> bool:
    return isinstance(image, Mapping) and all(isinstance(image.get(key), list) for key in _LISTS)


def _people(image: Mapping[str, Any]) -> list[tuple[Any, Mapping[str, Any]]]:
    """Return the track and the body of each person that is seen in an image."""
    waits = image.get("tracked_time")
    waits = waits if isinstance(waits, list) and len(waits) == len(image["tid"]) else [0] * len(image["tid"])
    cameras = image.get("camera")
    cameras = cameras if isinstance(cameras, list) else []
    found = []
    for index, (track, wait, body) in enumerate(zip(image["tid"], waits, image["smpl"], strict=False)):
        if wait == 0 and _is_body(body):
            camera = np.asarray(cameras[index] if index < len(cameras) else (), np.float64).reshape(-1)
            found.append((track, {**body, "camera": camera if camera.shape == (3,) else np.zeros(3)}))
    return found


def _is_body(body: Any) -> bool:
    return isinstance(body, Mapping) and all(
        isinstance(body.get(key), np.ndarray) and body[key].size == 9 * joints for key, joints in _ROTATIONS
    )


def _parts(numbers: Sequence[int]) -> list[list[int]]:
    """Divide the numbers of a track's images where many are missing."""
    breaks = np.flatnonzero(np.diff(numbers) > _LONGEST_GAP) + 1
    return [part.tolist() for part in np.split(np.asarray(numbers), breaks)]


def _joined(people: Mapping[int, Mapping[str, Any]], numbers: Sequence[int]) -> dict[str, FloatArray]:
    """Join the bodies of some images to arrays over all images from the first to the last one."""
    # scipy.spatial takes longer to import than all readers of files.
    from scipy.spatial.transform import Rotation, Slerp

    frames = np.arange(numbers[0], numbers[-1] + 1)
    rows = [people[number] for number in numbers]
    fields = {}
    for key, joints in _ROTATIONS:
        matrices = np.stack([np.asarray(row[key], np.float64).reshape(joints, 3, 3) for row in rows])
        turned = [
            Slerp(numbers, Rotation.from_matrix(matrices[:, joint]))(frames).as_rotvec() for joint in range(joints)
        ]
        fields[key] = np.concatenate(turned, axis=1)
    cameras = np.stack([row["camera"] for row in rows]) * (1, 1, 0)
    fields["cam_trans"] = np.stack([np.interp(frames, numbers, axis) for axis in cameras.T], axis=1)
    shapes = [
        np.asarray(row["betas"], np.float64).reshape(-1) for row in rows if isinstance(row.get("betas"), np.ndarray)
    ]
    if shapes and all(shape.shape == shapes[0].shape for shape in shapes):
        fields["betas"] = np.mean(shapes, axis=0)
    return fields
