"""The real motions of a run: read, filtered, and drawn into a training and a test set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loop_client.evaluation.checked_sets import check_captioned, concatenate_sets, read_split
from loop_client.runs.clip_index import read_index, select_recordings
from loop_client.runs.recipe_sections import HELD_OUT, SPLIT, DataRecipe
from loop_client.runs.seeds import derive_rng
from loop_client.strategy import draw_subset
from motion.errors import InvalidInput
from motion.motion_set import MotionSet
from motion.shell.assets import data_path


@dataclass(frozen=True, eq=False)
class RealData:
    """The real motions of a run, all at 20 fps and each with a caption.

    Attributes:
        train: the n motions that generation 0 is trained on.
        test: the motions that samples are compared with; none of them is in `pool`.
        pool: all motions that training sets are drawn from, those of `train` first.
    """

    train: MotionSet
    test: MotionSet
    pool: MotionSet

    def content_ids(self) -> dict[str, str]:
        """Return the content id of each set, by which a resumed run recognizes its data."""
        return {"train": self.train.content_id(), "test": self.test.content_id(), "pool": self.pool.content_id()}

    def everything(self) -> MotionSet:
        """Return all the real motions, pool and test, as one set."""
        return concatenate_sets([self.pool, self.test])

    def first(self, count: int) -> MotionSet:
        """Return the first `count` motions of the pool, those of `train` first, or all if there are fewer."""
        return self.pool.select(range(min(count, len(self.pool))))

    def check_enough(self, n: int) -> None:
        """Raise `InvalidInput` if the pool has fewer than `n` motions."""
        if n > len(self.pool):
            raise InvalidInput.of("arms.n", f"is {n}; there are {len(self.pool)} motions to draw from")

    def draw_fresh(self, seed: int, generation: int, balance: str, n: int) -> MotionSet:
        """Draw new training motions from the pool for one generation.

        Args:
            seed: the seed of the run.
            generation: the generation that the motions are for; each has its own draw.
            balance: the metadata field whose values are drawn equally often; empty for a plain draw.
            n: the number of motions.

        Raises:
            InvalidInput: the pool has fewer than `n` motions.
        """
        self.check_enough(n)
        rng = derive_rng(seed, generation, "subset")
        return self.pool.select(draw_subset(_groups(self.pool, balance), n, rng))


def load_data(recipe: DataRecipe) -> RealData:
    """Read and draw the real motions of a recipe.

    The draw is a function of the files and of `recipe.seed`.

    Raises:
        NotFound: there is no such file.
        InvalidInput: a set is damaged, a motion is invalid or has no caption, or there are fewer motions than the
            recipe draws.
    """
    pool = _read_selected(recipe, "train")
    rng = np.random.default_rng(recipe.seed)
    order = draw_subset(_groups(pool, recipe.balance), len(pool), rng)
    if recipe.test == HELD_OUT:
        if len(pool) < recipe.n + 2:
            raise InvalidInput.of(
                "data.n", f"is {recipe.n}; of the {len(pool)} motions that are left at least 2 must be held out to test"
            )
        train, held_out = order[: recipe.n], order[recipe.n :][: recipe.test_n]
        test = pool.select(held_out)
        remaining = set(order) - set(held_out)
        pool_order = [index for index in order if index in remaining]
    else:
        if len(pool) < recipe.n:
            raise InvalidInput.of("data.n", f"is {recipe.n}; there are {len(pool)} motions")
        train, pool_order = order[: recipe.n], order
        test = _read_selected(recipe, "test")
        if len(test) < 2:
            raise InvalidInput.of("data.test", f"has {len(test)} motions; at least 2 are needed to compare with")
        both = sorted(set(pool.ids) & set(test.ids))
        if both:
            raise InvalidInput.of("data.test", f"has {both[:3]} of the motions to train on; no motion may be in both")
        test = test.select(draw_subset(_groups(test, recipe.balance), recipe.test_n, rng))
    return RealData(pool.select(train), test, pool.select(pool_order))


def _read_selected(recipe: DataRecipe, split: str) -> MotionSet:
    """Read the motions to train on, or to test with, that pass the recipe's filters, and check them."""
    own_test_split = recipe.test == SPLIT
    path = recipe.train if own_test_split or split == "train" else recipe.test
    motions = read_split(path, split, required=own_test_split)
    if recipe.index:
        motions = select_recordings(motions, read_index(data_path(recipe.index)), recipe.sources, recipe.not_sources)
        if not len(motions):
            reason = f"are {list(recipe.sources)}; no clip of {path} is of such a recording"
            raise InvalidInput.of("data.sources", reason)
    where = f"data.{split} {path}"
    described = _without_described(_without_flagged(motions, recipe.drop, where), recipe.not_captions)
    return check_captioned(described, where)


def _without_flagged(motions: MotionSet, flags: Sequence[str], where: str) -> MotionSet:
    """Leave out the motions for which one of the metadata fields `flags` is true or not empty."""
    for flag in flags:
        if not any(flag in fields for fields in motions.metadata):
            raise InvalidInput.of("data.drop", f"has {flag!r}; {where} has the fields {_field_names(motions)}")
    return motions.select(
        [i for i, fields in enumerate(motions.metadata) if not any(fields.get(flag) for flag in flags)]
    )


def _without_described(motions: MotionSet, texts: Sequence[str]) -> MotionSet:
    """Leave out the motions of which a caption contains one of the texts."""
    lowered = [text.lower() for text in texts]
    said = [" ".join(captions).lower() for captions in motions.captions]
    return motions.select([i for i, caption in enumerate(said) if not any(text in caption for text in lowered)])


def _groups(motions: MotionSet, balance: str) -> list[object]:
    """Return the group of each motion that balanced draws take turns over: the value of its field `balance`."""
    if balance and not any(balance in fields for fields in motions.metadata):
        raise InvalidInput.of("data.balance", f"is {balance!r}; the motions have the fields {_field_names(motions)}")
    return [str(fields.get(balance)) if balance else "" for fields in motions.metadata]


def _field_names(motions: MotionSet) -> str:
    return ", ".join(sorted({key for fields in motions.metadata for key in fields})) or "none"
