"""The real motions of a run: read, filtered, drawn."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from loop_client.runs.clip_index import from_sources, read_index
from loop_client.runs.run_recipe import HELD_OUT, SPLIT, DataRecipe
from loop_client.runs.seeds import derived_generator
from loop_client.strategy import draw_subset
from motion.shell.assets import data_path
from motion.motion_set import MotionSet
from motion.errors import InvalidInput, Violation
from motion.formats.files import read_motions
from motion.formats.humanml3d_folder import is_humanml3d_folder
from motion.motion import DEFAULT_FPS, Motion
from motion.protocols import Generator
from motion.resample import resample
from motion.validation import check_motion, each_checked

MIN_LENGTH, MAX_LENGTH = 40, 196
"""Frames that samples have: lengths of real motions are brought into this range, HumanML3D's."""


@dataclass(frozen=True, eq=False)
class RealData:
    """The real motions of a run, all at 20 fps, each with a caption.

    Attributes:
        train: the n motions trained on.
        test: the motions that results are compared with; none of them is in `pool`.
        pool: all motions that might have been drawn to train on, first those of `train`.
    """

    train: MotionSet
    test: MotionSet
    pool: MotionSet

    def content_ids(self) -> dict[str, str]:
        """What tells these sets from others."""
        return {"train": self.train.content_id(), "test": self.test.content_id(), "pool": self.pool.content_id()}

    def everything(self) -> MotionSet:
        """Pool and test in one set: all the real motion that there is."""
        return joined([self.pool, self.test])

    def first(self, count: int) -> MotionSet:
        """`count` motions to train on, those of `train` first, or all that there are where there are fewer."""
        return self.pool.select(range(min(count, len(self.pool))))

    def check_enough(self, n: int) -> None:
        """Raises `InvalidInput` where the pool has fewer than `n` motions."""
        if n > len(self.pool):
            raise InvalidInput.of("arms.n", f"is {n}; there are {len(self.pool)} motions to draw from")

    def fresh_train(self, seed: int, generation: int, balance: str, n: int) -> MotionSet:
        """`n` motions drawn from the pool for one generation.

        Raises:
            InvalidInput: the pool has fewer.
        """
        self.check_enough(n)
        rng = derived_generator(seed, generation, "subset")
        return self.pool.select(draw_subset(_groups(self.pool, balance), n, rng))


def load_data(recipe: DataRecipe) -> RealData:
    """Read and draw the real motions of a recipe. The draw is a function of the files and `recipe.seed`.

    Raises:
        NotFound: a file is not there.
        InvalidInput: a set is damaged, a motion is none or has no caption, or there are fewer than the recipe draws.
    """
    pool = _chosen(recipe, "train")
    rng = np.random.default_rng(recipe.seed)
    order = draw_subset(_groups(pool, recipe.balance), len(pool), rng)
    if recipe.test == HELD_OUT:
        if len(pool) < recipe.n + 2:
            raise InvalidInput.of(
                "data.n", f"is {recipe.n}; of the {len(pool)} motions that are left at least 2 must be held out to test"
            )
        train, held_out = order[: recipe.n], order[recipe.n :][: recipe.test_n]
        test = pool.select(held_out)
        pool_order = [index for index in order if index not in set(held_out)]
    else:
        if len(pool) < recipe.n:
            raise InvalidInput.of("data.n", f"is {recipe.n}; there are {len(pool)} motions")
        train, pool_order = order[: recipe.n], order
        test = _chosen(recipe, "test")
        if len(test) < 2:
            raise InvalidInput.of("data.test", f"has {len(test)} motions; at least 2 are needed to compare with")
        both = sorted(set(pool.ids) & set(test.ids))
        if both:
            raise InvalidInput.of("data.test", f"has {both[:3]} of the motions to train on; no motion may be in both")
        test = test.select(draw_subset(_groups(test, recipe.balance), recipe.test_n, rng))
    return RealData(pool.select(train), test, pool.select(pool_order))


def sampling_lengths(motions: MotionSet, longest: int = MAX_LENGTH) -> list[int]:
    """Frames to sample for each motion: its own, brought into 40 to 196 and not over `longest`."""
    return [min(max(len(motion), MIN_LENGTH), MAX_LENGTH, longest) for motion in motions]


def check_rate(generator: Generator) -> None:
    """Raises `InvalidInput` about a generator whose motion is not at the rate of the real motions that it is held
    against."""
    fps = generator.describe().fps
    if fps != DEFAULT_FPS:
        raise InvalidInput.of("generator", f"makes motion at {fps:g} frames/s; must be at {DEFAULT_FPS:g}, as the data")


def joined(sets: Sequence[MotionSet]) -> MotionSet:
    """The motions of several sets as one; no id may be in two of them."""
    return MotionSet(
        tuple(motion for part in sets for motion in part.motions),
        tuple(texts for part in sets for texts in part.captions),
        tuple(fields for part in sets for fields in part.metadata),
    )


def training_motions(paths: Sequence[str | Path]) -> MotionSet:
    """The motions of several sets at 20 fps, without those that a set says are for testing (`split`).

    A path is as in a recipe. Raises as `load_data`.
    """
    sets = [_usable(_read(os.fspath(path), "train"), (), os.fspath(path)) for path in paths]
    return joined(
        [each.select([i for i, fields in enumerate(each.metadata) if fields.get("split") != "test"]) for each in sets]
    )


def checked_motions(path: str | Path) -> MotionSet:
    """The motions of a set at 20 fps, captioned or not. Raises as `load_data`."""
    motions = read_motions(data_path(os.fspath(path)))
    checked = each_checked(motions, partial(check_motion, max_frames=sys.maxsize), os.fspath(path))
    return motions.with_motions([_at_default_rate(motion) for motion in checked])


def captioned_motions(path: str | Path, split: str | None = None) -> MotionSet:
    """The motions of a set, or of one split of it, at 20 fps, each with a caption. Raises as `load_data`."""
    motions = read_motions(data_path(os.fspath(path)), split)
    return _usable(motions.with_motions([_at_default_rate(motion) for motion in motions]), (), os.fspath(path))


def _chosen(recipe: DataRecipe, split: str) -> MotionSet:
    """The motions to train on, or to test with, that the recipe asks for, all of them checked."""
    own = recipe.test == SPLIT
    path = recipe.train if own or split == "train" else recipe.test
    motions = _read(path, split, own)
    if recipe.index:
        motions = from_sources(motions, read_index(data_path(recipe.index)), recipe.sources, recipe.not_sources)
        if not len(motions):
            said = f"are {list(recipe.sources)}; no clip of {path} is of such a recording"
            raise InvalidInput.of("data.sources", said)
    return _usable(motions, recipe.drop, f"data.{split} {path}")


def _read(path: str, split: str, own: bool = False) -> MotionSet:
    """The motions at `path`, at 20 fps: of a HumanML3D folder, or where `own` says so of any set, one split alone."""
    place = data_path(path)
    motions = read_motions(place, split if own or (place.is_dir() and is_humanml3d_folder(place)) else None)
    return motions.with_motions([_at_default_rate(motion) for motion in motions])


def _at_default_rate(motion: Motion) -> Motion:
    return replace(motion, positions=resample(motion.positions, motion.fps, DEFAULT_FPS), fps=DEFAULT_FPS)


def _usable(motions: MotionSet, drop: Sequence[str], where: str) -> MotionSet:
    """The motions that no field of `drop` speaks against, all of them checked."""
    for field in drop:
        if not any(field in fields for fields in motions.metadata):
            raise InvalidInput.of("data.drop", f"has {field!r}; {where} has the fields {_fields(motions)}")
    kept = motions.select(
        [i for i, fields in enumerate(motions.metadata) if not any(fields.get(field) for field in drop)]
    )
    violations = []
    for motion, texts in zip(kept.motions, kept.captions, strict=True):
        try:
            check_motion(motion)
        except InvalidInput as error:
            violations += error.within(f"{where} {motion.name}").violations
        if not any(text.strip() for text in texts):
            violations.append(Violation(f"{where} {motion.name}", "has no caption to prompt a generator with"))
    if violations:
        raise InvalidInput(violations)
    return kept


def _groups(motions: MotionSet, balance: str) -> list[object]:
    if balance and not any(balance in fields for fields in motions.metadata):
        known = sorted({key for fields in motions.metadata for key in fields})
        raise InvalidInput.of(
            "data.balance", f"is {balance!r}; the motions have the fields {', '.join(known) or 'none'}"
        )
    return [str(fields.get(balance)) if balance else "" for fields in motions.metadata]


def _fields(motions: MotionSet) -> str:
    return ", ".join(sorted({key for fields in motions.metadata for key in fields})) or "none"
