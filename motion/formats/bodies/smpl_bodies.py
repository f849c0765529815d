"""Find the dictionaries of SMPL poses in what a tracker wrote: of one body, of several, or one for each image.

smpl_params_global                  GVHMR; the poses in the axes of the camera beside it are not read
0, 1, ...                           WHAM, one dictionary for each body
results, person_data, ...           dictionaries around those of the bodies
00000.png, 00001.png, ...           ROMP, one dictionary for each image, which are joined to a motion
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from motion.errors import InvalidInput
from motion.formats.bodies.smpl_keys import find_scheme

_GLOBAL_KEYS = ("smpl_params_global", "params_global", "global")
_DETECTION_KEYS = ("center_preds", "center_confs")  # rows beside these are the people in one image
_MOST_MEMBERS = 100_000
_DEEPEST = 4

Body = tuple[str, Mapping[str, Any]]
"""The names that lead to a dictionary of SMPL poses, joined by `/`, and the dictionary."""


def find_bodies(where: str, value: Mapping[Any, Any]) -> list[Body]:
    """Find the bodies in a dictionary.

    Args:
        where: path of the file for errors.
        value: arrays, numbers, text and dictionaries by name.

    Returns:
        The bodies in the order of the file; none if it holds no SMPL poses.

    Raises:
        InvalidInput: an image shows several people, so that the rows of its arrays are no frames.
    """
    found = list(_bodies(value, "", 0))
    for path, fields in found:
        people = max(
            (len(fields[key]) for key in _DETECTION_KEYS if isinstance(fields.get(key), np.ndarray)), default=1
        )
        if people > 1:
            wanted = "must be one person in each image, or poses by person (frames, 72)"
            raise InvalidInput.of(f"{where} {path}".strip(), f"holds {people} people in one image; {wanted}")
    return _joined_images(found)


def _bodies(value: Mapping[Any, Any], path: str, depth: int) -> Iterator[Body]:
    fields = {str(key): each for key, each in value.items()}
    if find_scheme(fields) is not None:
        yield path, fields
        return
    preferred = [key for key in _GLOBAL_KEYS if isinstance(fields.get(key), Mapping)]
    for key in preferred[:1] or list(fields)[:_MOST_MEMBERS]:
        if isinstance(fields[key], Mapping) and depth < _DEEPEST:
            yield from _bodies(fields[key], f"{path}/{key}".strip("/"), depth + 1)


def _joined_images(bodies: list[Body]) -> list[Body]:
    """Join dictionaries that are one for each image, in the order of their names."""
    if len(bodies) < 2 or not all(set(_DETECTION_KEYS) & set(fields) for _, fields in bodies):
        return bodies
    ordered = [fields for _, fields in sorted(bodies, key=lambda body: body[0])]
    first = ordered[0]
    same = [
        key
        for key, array in first.items()
        if isinstance(array, np.ndarray)
        and array.ndim
        and all(isinstance(each.get(key), np.ndarray) and each[key].shape == array.shape for each in ordered)
    ]
    return [(bodies[0][0].rpartition("/")[0], {key: np.concatenate([each[key] for each in ordered]) for key in same})]
