"""The text encoder interface, and encoders by name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np

from generator.text.hashed_ngrams import HashedNgrams
from motion.errors import InvalidInput

DEFAULT_ENCODER = HashedNgrams.name


class TextEncoder(Protocol):
    """Encodes each text as one vector, or as one vector per token.

    Attributes:
        name: encoder and version; encoders of equal names give equal vectors.
        dim: length of a vector.
    """

    name: str
    dim: int

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Return a (tokens, dim) float32 array for each text, with one row if the encoder pools the tokens."""
        ...


@lru_cache(maxsize=4)
def text_encoder(name: str) -> TextEncoder:
    """Return the text encoder of a name.

    Args:
        name: `hashed-ngrams-v1`; or `clip` or `distilbert` for the published weights in the cache of `transformers`;
            or one of these with the folder of its weights, such as `clip:/models/clip-vit-base-patch32`.

    Raises:
        InvalidInput: if the name is unknown.
        NotFound: if `transformers` or the weights are not on this machine.
    """
    if name == HashedNgrams.name:
        return HashedNgrams()
    kind, _, source = name.partition(":")
    if kind not in ("clip", "distilbert"):
        known = f"{HashedNgrams.name}, clip, distilbert, clip:WHERE or distilbert:WHERE"
        raise InvalidInput.of("text_encoder", f"is {name!r}; must be one of {known}")
    from generator.text.pretrained_encoders import ClipText, DistilBertText

    return ClipText(source) if kind == "clip" else DistilBertText(source)
