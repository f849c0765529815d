"""The motions that a recipe names, with how often each is to be drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from motion.errors import InvalidInput
from motion.formats.files import read_motions
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.shell.assets import data_path
from motion.synthesis import synthesize
from motion.validation import each_checked
from sim_server.correction import correctable
from sim_server.learning.training_recipe import DataRecipe, HeldOutRecipe, SourceRecipe

_RARE = 1 / 3
SYNTHESIS = "synthesis"


def load_motions(recipe: DataRecipe) -> tuple[list[Motion], list[float]]:
    """Motions and their weights.

    Raises:
        NotFound: a set or an action that does not exist.
        InvalidInput: a set that cannot be read, a field that none of its clips has, or nothing left.
    """
    motions: list[Motion] = []
    weights: list[float] = []
    for index, source in enumerate(recipe.sources):
        kept = list(_kept(_motions_of(source), source.drop, f"data.sources[{index}]"))
        motions += each_checked((motion for motion, _ in kept), correctable)
        for _, fields in kept:
            weights.append(source.weight * (_RARE if fields.get("subject") in source.rare else 1.0))
    if not motions:
        raise InvalidInput.of("data.sources", "hold no motion that is not dropped")
    return motions, weights


def load_held_out(recipe: HeldOutRecipe) -> list[Motion]:
    """Motions to look at. Raises as `load_motions`."""
    kept = _kept(read_motions(data_path(recipe.path)), recipe.drop, "held_out")
    return list(each_checked((motion for motion, _ in kept), correctable))


def _kept(found: MotionSet, drop: Sequence[str], where: str) -> Iterator[tuple[Motion, Mapping[str, Any]]]:
    """Motions with their metadata, without those that have one of the fields `drop`."""
    for field in drop:
        if not any(field in fields for fields in found.metadata):
            raise InvalidInput.of(f"{where}.drop", f"has {field!r}, which no clip has")
    for motion, fields in zip(found.motions, found.metadata, strict=True):
        if not any(fields.get(field) for field in drop):
            yield motion, fields


def _motions_of(source: SourceRecipe) -> MotionSet:
    if source.path == SYNTHESIS:
        return synthesize(source.count, source.seed, actions=source.actions or None)
    return read_motions(data_path(source.path))
