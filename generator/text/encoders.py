"""Text encoders by name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np

from generator.text.hashed_ngrams import HashedNgrams
from motion.errors import InvalidInput

DEFAULT_ENCODER = HashedNgrams.name


class TextEncoder(Protocol):
    """Turns texts into vectors, one for the whole of a text or one for each of its tokens.

    Attributes:
        name: says which encoder and which version; equal names give equal vectors.
        dim: length of a vector.
    """

    name: str
    dim: int

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """(tokens, dim) float32 for each text; one row where the encoder says a text in one vector."""
        ...


@lru_cache(maxsize=4)
def text_encoder(name: str) -> TextEncoder:
    """The encoder called `name`: `hashed-ngrams-v1`, or `clip` or `distilbert`, by itself (the published weights, from
    the cache of `transformers`) or followed by where the weights are, as `clip:/models/clip-vit-base-patch32`.

    Raises:
        InvalidInput: there is no such encoder.
        NotFound: its weights, or `transformers`, are not on this machine.
    """
    if name == HashedNgrams.name:
        return HashedNgrams()
    kind, _, source = name.partition(":")
    if kind not in ("clip", "distilbert"):
        known = f"{HashedNgrams.name}, clip, distilbert, clip:WHERE or distilbert:WHERE"
        raise InvalidInput.of("text_encoder", f"is {name!r}; must be one of {known}")
    from generator.text.pretrained_encoders import ClipText, DistilBertText

    return ClipText(source) if kind == "clip" else DistilBertText(source)
