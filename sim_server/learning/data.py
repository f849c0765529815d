"""The motions that a recipe names, with how often each is to be drawn."""

from __future__ import annotations

from motion.assets import data_path
from motion.dataset import MotionSet
from motion.errors import InvalidInput
from motion.files import read_motions
from motion.motion import Motion
from motion.synthesis import synthesize
from motion.validation import check_motion
from sim_server.learning.recipe import DataRecipe, SourceRecipe

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
        found = _motions_of(source)
        for field in source.drop:
            if not any(field in fields for fields in found.metadata):
                raise InvalidInput.of(
                    f"data.sources[{index}].drop", f"has {field!r}, which no clip of {source.path} has"
                )
        for motion, fields in zip(found.motions, found.metadata, strict=True):
            if any(fields.get(field) for field in source.drop):
                continue
            motions.append(check_motion(motion))
            weights.append(source.weight * (_RARE if fields.get("subject") in source.rare else 1.0))
    if not motions:
        raise InvalidInput.of("data.sources", "hold no motion that is not dropped")
    return motions, weights


def _motions_of(source: SourceRecipe) -> MotionSet:
    if source.path == SYNTHESIS:
        return synthesize(source.count, source.seed, actions=source.actions or None)
    return read_motions(data_path(source.path))
