"""Load the motions that a training recipe names, with the relative frequency of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from motion.errors import InvalidInput
from motion.formats.files import read_motions
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.shell.assets import data_path
from motion.synthesis import synthesize
from motion.validation import check_each
from sim_server.control_rate import check_correctable
from sim_server.learning.training_recipe import ClipsRecipe, HeldOutRecipe, SourceRecipe

_RARE = 1 / 3
SYNTHESIS = "synthesis"


def load_motions(recipe: ClipsRecipe) -> tuple[list[Motion], list[float]]:
    """Load the motions of all sources, and their weights.

    Raises:
        NotFound: a set or an action does not exist.
        InvalidInput: a set cannot be read, no clip has a field that is named in `drop`, or no motion is left.
    """
    motions: list[Motion] = []
    weights: list[float] = []
    for index, source in enumerate(recipe.sources):
        kept = list(_select(_motions_of(source), source.drop, f"data.sources[{index}]"))
        motions += check_each((motion for motion, _ in kept), check_correctable)
        for _, fields in kept:
            weights.append(source.weight * (_RARE if fields.get("subject") in source.rare else 1.0))
    if not motions:
        raise InvalidInput.of("data.sources", "hold no motion that is not dropped")
    return motions, weights


def load_held_out(recipe: HeldOutRecipe) -> list[Motion]:
    """Load the held-out motions.

    Raises:
        NotFound: as `load_motions`.
        InvalidInput: as `load_motions`.
    """
    kept = _select(read_motions(data_path(recipe.path)), recipe.drop, "held_out")
    return list(check_each((motion for motion, _ in kept), check_correctable))


def _select(found: MotionSet, drop: Sequence[str], where: str) -> Iterator[tuple[Motion, Mapping[str, Any]]]:
    """Yield the motions for which no field of `drop` is true, with their metadata."""
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
