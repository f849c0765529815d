"""Words as vectors."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np

from motion.errors import NotFound

_WORD = re.compile(r"[a-z0-9']+")


class TextEncoder(Protocol):
    """Turns texts into one vector each.

    Attributes:
        name: says which encoder and which version; equal names give equal vectors.
        dim: length of a vector.
    """

    name: str
    dim: int

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32."""
        ...


class HashedNgrams:
    """Sums of random directions, one for each word, pair of neighbouring words and trigram of letters.

    Nothing is learned and nothing downloaded: texts that share words are near each other, and those that share stems
    are not far. Feature hashing: Weinberger et al., "Feature hashing for large scale multitask learning", ICML 2009.
    """

    name = "hashed-ngrams-v1"
    dim = 512

    _WORD_WEIGHT, _PAIR_WEIGHT, _LETTERS_WEIGHT = 1.0, 0.6, 0.25

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self._vector(text) for text in texts]) if texts else np.zeros((0, self.dim), np.float32)

    @lru_cache(maxsize=65536)  # noqa: B019  the encoder is one for the whole process
    def _vector(self, text: str) -> np.ndarray:
        words = _WORD.findall(text.lower())
        total = np.zeros(self.dim)
        for word in words:
            total += self._WORD_WEIGHT * _direction(f"w {word}", self.dim)
            padded = f"<{word}>"
            for start in range(len(padded) - 2):
                total += self._LETTERS_WEIGHT * _direction(f"l {padded[start : start + 3]}", self.dim)
        for pair in zip(words, words[1:], strict=False):
            total += self._PAIR_WEIGHT * _direction(f"p {' '.join(pair)}", self.dim)
        norm = np.linalg.norm(total)
        # Unit vectors have components near 1 / sqrt(dim); a network wants them near 1.
        return (total / max(norm, 1e-9) * np.sqrt(self.dim) * 0.5).astype(np.float32)


@lru_cache(maxsize=65536)
def _direction(feature: str, dim: int) -> np.ndarray:
    return np.random.default_rng(zlib.crc32(feature.encode())).standard_normal(dim) / np.sqrt(dim)


_ENCODERS: dict[str, TextEncoder] = {HashedNgrams.name: HashedNgrams()}


def text_encoder(name: str) -> TextEncoder:
    """The encoder called `name`.

    Raises:
        NotFound: there is none.
    """
    if name not in _ENCODERS:
        raise NotFound(f"no text encoder {name!r}; there is {', '.join(_ENCODERS)}")
    return _ENCODERS[name]
