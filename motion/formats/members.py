"""Leave out the members of a file that cannot be used, so that one bad member does not refuse the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from motion.errors import InvalidInput, Violation
from motion.formats.motion_file import MotionFile
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.plausibility import stature

_NAMED_AT_MOST = 8
_PERSON_M = 1.7


def keep_valid(file: MotionFile, check: Callable[[Motion], Motion]) -> MotionFile:
    """Return the file with those motions that `check` accepts, and a note for each of the others.

    Args:
        file: the motions that were read.
        check: returns the checked motion or raises `InvalidInput`.

    Raises:
        InvalidInput: the file holds no motion, or `check` refuses all; their names are in the fields.
    """
    if not len(file.motions):
        raise InvalidInput.of(str(file.path), "holds no motions; must hold at least one")
    checked: dict[int, Motion] = {}
    refused: list[Violation] = []
    for index, motion in enumerate(file.motions):
        try:
            checked[index] = check(motion)
        except InvalidInput as error:
            refused += [Violation(f"{motion.name} {v.field}".strip(), _mended(v.description)) for v in error.violations]
    if not checked:
        more = len(refused) - _NAMED_AT_MOST
        raise InvalidInput(
            refused[:_NAMED_AT_MOST] + ([Violation(f"and {more} more", "refused too")] if more > 0 else [])
        )
    if not refused:
        return replace(file, motions=file.motions.with_motions(list(checked.values())))
    kept = file.motions.select(list(checked))
    origins = tuple(file.origins[index] for index in checked) if file.origins else ()
    return replace(
        file,
        motions=MotionSet(tuple(checked.values()), kept.captions, kept.metadata),
        origins=origins,
        notes=(*file.notes, *(f"left out {violation.field}: {violation.description}" for violation in refused)),
        unreadable=file.unreadable + len(file.motions) - len(checked),
    )


def _mended(description: str) -> str:
    """Add the flag that mends a body of the wrong size."""
    return f"{description}; --unit says which unit the file has" if " m tall; " in description else description


def check_any_size(motion: Motion, check: Callable[[Motion], Motion]) -> Motion:
    """Check a motion as if its body were as tall as a person, for motions whose unit the user gave.

    Args:
        motion: the motion of a body of any size.
        check: returns the checked motion or raises `InvalidInput`.

    Raises:
        InvalidInput: `check` refuses the motion.
    """
    sound = motion.positions[np.isfinite(motion.positions).all(axis=(1, 2))]
    tall = stature(sound) if len(sound) else 0.0
    check(motion.with_positions(motion.positions * (_PERSON_M / tall)) if tall > 0 else motion)
    return motion
