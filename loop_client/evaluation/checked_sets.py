"""Sets of real motions, read from disk, resampled to 20 fps and checked."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from motion.errors import InvalidInput, Violation
from motion.formats.files import read_motions
from motion.formats.humanml3d_folder import is_humanml3d_folder
from motion.motion import DEFAULT_FPS, Motion
from motion.motion_set import MotionSet
from motion.resample import resample
from motion.shell.assets import data_path
from motion.validation import check_each, check_motion


def read_checked_motions(path: str | Path) -> MotionSet:
    """Read a set of motions, with or without captions, at 20 fps.

    Args:
        path: a file or folder of motions, or `default` for the set that ships; `$NAME/` stands for the folder that the
            environment variable names.

    Raises:
        NotFound: there is no such file.
        InvalidInput: the set is damaged, or one of its motions is invalid.
    """
    motions = read_motions(data_path(os.fspath(path)))
    checked = check_each(motions, partial(check_motion, max_frames=sys.maxsize), os.fspath(path))
    return motions.with_motions([_at_default_rate(motion) for motion in checked])


def read_captioned_motions(path: str | Path, split: str | None = None) -> MotionSet:
    """Read a set of motions, or one split of it, at 20 fps, and check that each motion has a caption.

    Args:
        path: as for `read_checked_motions`.
        split: the split to read, such as `test`; None for the whole set.

    Raises:
        NotFound: there is no such file.
        InvalidInput: the set is damaged, one of its motions is invalid or has no caption, or it has no such split.
    """
    return check_captioned(_resampled(read_motions(data_path(os.fspath(path)), split)), os.fspath(path))


def read_training_motions(paths: Sequence[str | Path]) -> MotionSet:
    """Read several sets of captioned motions as one, at 20 fps, without the motions whose `split` is `test`.

    Args:
        paths: as for `read_checked_motions`.

    Raises:
        NotFound: there is no such file.
        InvalidInput: a set is damaged, or one of its motions is invalid or has no caption.
    """
    sets = [check_captioned(read_split(os.fspath(path), "train"), os.fspath(path)) for path in paths]
    return concatenate_sets(
        [each.select([i for i, fields in enumerate(each.metadata) if fields.get("split") != "test"]) for each in sets]
    )


def read_split(path: str, split: str, required: bool = False) -> MotionSet:
    """Read one split of a set at 20 fps; the motions are not checked.

    Args:
        path: as for `read_checked_motions`.
        split: the split, such as `train`.
        required: refuse a set that has no splits. By default only the folders of HumanML3D are split, and any other
            set is read whole.
    """
    file = data_path(path)
    has_splits = required or (file.is_dir() and is_humanml3d_folder(file))
    return _resampled(read_motions(file, split if has_splits else None))


def check_captioned(motions: MotionSet, where: str) -> MotionSet:
    """Return the set if every motion is valid and has a caption.

    Args:
        motions: the set.
        where: what error messages call the set.

    Raises:
        InvalidInput: a motion is invalid or has no caption; all of them are named.
    """
    violations = []
    for motion, texts in zip(motions.motions, motions.captions, strict=True):
        try:
            check_motion(motion)
        except InvalidInput as error:
            violations += error.within(f"{where} {motion.name}").violations
        if not any(text.strip() for text in texts):
            violations.append(Violation(f"{where} {motion.name}", "has no caption to prompt a generator with"))
    if violations:
        raise InvalidInput(violations)
    return motions


def concatenate_sets(sets: Sequence[MotionSet]) -> MotionSet:
    """Concatenate sets of motions; their ids must be distinct."""
    return MotionSet(
        tuple(motion for part in sets for motion in part.motions),
        tuple(texts for part in sets for texts in part.captions),
        tuple(fields for part in sets for fields in part.metadata),
    )


def _resampled(motions: MotionSet) -> MotionSet:
    return motions.with_motions([_at_default_rate(motion) for motion in motions])


def _at_default_rate(motion: Motion) -> Motion:
    return replace(motion, positions=resample(motion.positions, motion.fps, DEFAULT_FPS), fps=DEFAULT_FPS)
