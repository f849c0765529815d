"""Points of motions, kept by content, so that a set is embedded once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from loop_client.evaluation.comparison import Embedding, TextEmbedding
from motion.errors import InvalidInput
from motion.motion import Motion
from motion.shell.atomic import atomic_path


def default_folder() -> Path:
    """`plumb/embeddings` where this user's caches are (XDG base directories)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "plumb" / "embeddings"


class CachedEmbedding:
    """An embedding that looks into a folder first; a `TextEmbedding` if it is given one.

    Files are named for the embedding, whose name is a function of its weights, and the motions' content. One that
    cannot be read is made again; a folder that cannot be written costs time and nothing else.
    """

    def __init__(self, embedding: Embedding, folder: Path):
        self._embedding = embedding
        self._folder = folder
        self.name = embedding.name

    def embed(self, motions: Iterable[Motion]) -> np.ndarray:
        motions = list(motions)
        file = self._folder / self.name / f"{_content(motions)}.npy"
        try:
            points = np.load(file, allow_pickle=False)
            if points.ndim == 2 and len(points) == len(motions):
                return points
        except (OSError, ValueError):
            pass
        points = self._embedding.embed(motions)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with atomic_path(file) as temporary, temporary.open("wb") as opened:
                np.save(opened, points)
        except (OSError, InvalidInput):
            pass
        return points


class CachedTextEmbedding(CachedEmbedding):
    def __init__(self, embedding: TextEmbedding, folder: Path):
        super().__init__(embedding, folder)
        self.embed_texts = embedding.embed_texts


def cached(embedding: Embedding, folder: Path | None = None) -> CachedEmbedding:
    """`embedding`, with what it says kept in `folder`, by default this user's cache."""
    folder = folder or default_folder()
    if isinstance(embedding, TextEmbedding):
        return CachedTextEmbedding(embedding, folder)
    return CachedEmbedding(embedding, folder)


def _content(motions: Sequence[Motion]) -> str:
    digest = hashlib.sha256()
    for motion in motions:
        digest.update(repr((motion.fps, motion.positions.shape)).encode())
        digest.update(np.ascontiguousarray(motion.positions, "<f4").tobytes())
    return digest.hexdigest()[:32]
