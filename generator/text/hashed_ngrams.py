"""A text encoder without learned weights, which needs no download."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np

_WORDS = re.compile(r"[\w']+")
_FUNCTION_WORDS = frozenset(
    "a an the this that some someone somebody person human man woman guy figure individual subject he she it they him "
    "her them his its their is are was be been being has have does do and then while as with of to in on at by for "
    "from who which there".split()
)


def content_words(text: str) -> list[str]:
    """Return the words of a text in lower case, without function words."""
    return [word for word in _WORDS.findall(text.lower()) if word not in _FUNCTION_WORDS]


class HashedNgrams:
    """Encodes a text as a sum of random directions, one for each word, word pair and letter trigram.

    Texts that share words are close to each other, and texts that share stems are not far apart. Function words get a
    small weight; otherwise any two captions would be alike for being English.
    Feature hashing: Weinberger et al., "Feature hashing for large scale multitask learning", ICML 2009.
    """

    name = "hashed-ngrams-v1"
    dim = 512

    _WORD, _PAIR, _LETTERS, _FUNCTION_WORD = 1.0, 0.6, 0.25, 0.15
    # A unit vector has components near 1 / sqrt(dim); networks are easier to train on components near 1.
    _NORM = 0.5 * np.sqrt(dim)

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Return a (1, 512) float32 array for each text."""
        return [self.vector(text)[None] for text in texts]

    @lru_cache(maxsize=65536)  # noqa: B019  there is one encoder for the whole process
    def vector(self, text: str) -> np.ndarray:
        """Return the (512,) float32 vector of a text."""
        words = _WORDS.findall(text.lower())
        weights = [self._FUNCTION_WORD if word in _FUNCTION_WORDS else 1.0 for word in words]
        total = np.zeros(self.dim)
        for word, weight in zip(words, weights, strict=True):
            total += weight * self._WORD * _direction(f"w {word}", self.dim)
            framed = f"<{word}>"
            for start in range(len(framed) - 2):
                total += weight * self._LETTERS * _direction(f"l {framed[start : start + 3]}", self.dim)
        for pair, weight in zip(pairwise(words), pairwise(weights), strict=True):
            total += max(weight) * self._PAIR * _direction(f"p {' '.join(pair)}", self.dim)
        return (total / max(np.linalg.norm(total), 1e-9) * self._NORM).astype(np.float32)


@lru_cache(maxsize=65536)
def _direction(feature: str, dim: int) -> np.ndarray:
    """Return the random unit-scale direction (dim,) that a feature hashes to."""
    return np.random.default_rng(zlib.crc32(feature.encode())).standard_normal(dim) / np.sqrt(dim)
