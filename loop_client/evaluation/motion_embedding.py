"""The protocols of embeddings: what maps motions, and perhaps texts, to vectors that metrics compare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from motion.motion import Motion


class MotionEmbedding(Protocol):
    """Maps motions to vectors.

    Attributes:
        name: what results call the embedding; a function of its weights.
    """

    @property
    def name(self) -> str: ...

    def embed(self, motions: Iterable[Motion]) -> np.ndarray:
        """Embed motions, (n, size) float64."""
        ...


@runtime_checkable
class TextEmbedding(MotionEmbedding, Protocol):
    """Maps motions and texts to vectors in the same space."""

    def embed_texts(self, captions: Sequence[str], tokens: Sequence[Sequence[str] | None] = ()) -> np.ndarray:
        """Embed captions, (n, size) float64.

        Args:
            captions: the texts.
            tokens: the tokens that each caption came with, None for a caption without; empty for no tokens at all.
        """
        ...
