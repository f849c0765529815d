"""Embeddings of motions, cached on disk by content, so that a set is embedded once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from loop_client.evaluation.motion_embedding import MotionEmbedding, TextEmbedding
from motion.errors import InvalidInput
from motion.motion import Motion
from motion.shell.atomic import atomic_path
from motion.shell.user_cache import user_cache_folder


class CachedEmbedding:
    """An embedding that looks into a folder first; a `MotionEmbedding`.

    Files are named after the embedding, whose name is a function of its weights, and after the content of the motions.
    A file that cannot be read is made again. A folder that cannot be written costs time and nothing else.

    Args:
        embedding: the embedding itself.
        folder: the folder of the cache.
    """

    def __init__(self, embedding: MotionEmbedding, folder: Path):
        self._embedding = embedding
        self._folder = folder
        self.name = embedding.name

    def embed(self, motions: Iterable[Motion]) -> np.ndarray:
        """Embed motions, (n, size) float64."""
        motions = list(motions)
        file = self._folder / self.name / f"{_content_id(motions)}.npy"
        try:
            embeddings = np.load(file, allow_pickle=False)
            if embeddings.ndim == 2 and len(embeddings) == len(motions):
                return embeddings
        except (OSError, ValueError):
            pass
        embeddings = self._embedding.embed(motions)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with atomic_path(file) as temporary, temporary.open("wb") as opened:
                np.save(opened, embeddings)
        except (OSError, InvalidInput):
            pass
        return embeddings


class CachedTextEmbedding(CachedEmbedding):
    """A cached embedding of motions that also embeds texts, which are not cached; a `TextEmbedding`.

    Args:
        embedding: the embedding itself.
        folder: the folder of the cache.
    """

    def __init__(self, embedding: TextEmbedding, folder: Path):
        super().__init__(embedding, folder)
        self.embed_texts = embedding.embed_texts


def cached(embedding: MotionEmbedding, folder: Path | None = None) -> CachedEmbedding:
    """Return an embedding whose results are cached.

    Args:
        embedding: the embedding; if it embeds texts, so does the cached one.
        folder: the folder of the cache; None for this user's cache folder.
    """
    folder = folder or user_cache_folder("embeddings")
    if isinstance(embedding, TextEmbedding):
        return CachedTextEmbedding(embedding, folder)
    return CachedEmbedding(embedding, folder)


def _content_id(motions: Sequence[Motion]) -> str:
    digest = hashlib.sha256()
    for motion in motions:
        digest.update(repr((motion.fps, motion.positions.shape)).encode())
        digest.update(np.ascontiguousarray(motion.positions, "<f4").tobytes())
    return digest.hexdigest()[:32]
