"""Test the cache of embeddings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from embedding_fakes import CountingEmbedding

from loop_client.evaluation.embedding_cache import cached
from loop_client.evaluation.evaluator.evaluator import load_evaluator
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.synthesis import synthesize


@pytest.fixture(scope="module")
def real() -> MotionSet:
    return synthesize(12, seed=3)


def test_embeddings_are_cached_by_content(tmp_path: Path, real: MotionSet) -> None:
    counting = CountingEmbedding()
    embedding = cached(counting, tmp_path)
    first = embedding.embed(real)
    np.testing.assert_array_equal(embedding.embed(real), first)
    np.testing.assert_array_equal(cached(counting, tmp_path).embed(real), first)
    assert counting.calls == 1
    moved = [Motion(real.motions[0].positions + 1.0), *real.motions[1:]]
    assert not np.array_equal(embedding.embed(moved), first)
    assert counting.calls == 2


def test_a_damaged_or_closed_cache_costs_time_and_nothing_else(tmp_path: Path, real: MotionSet) -> None:
    embedding = cached(CountingEmbedding(), tmp_path)
    first = embedding.embed(real)
    (kept,) = tmp_path.rglob("*.npy")
    kept.write_bytes(kept.read_bytes()[:50])
    np.testing.assert_array_equal(embedding.embed(real), first)
    (tmp_path / "file").write_text("")
    np.testing.assert_array_equal(cached(CountingEmbedding(), tmp_path / "file").embed(real), first)


def test_a_cached_embedding_embeds_texts_if_the_embedding_does(tmp_path: Path) -> None:
    assert not hasattr(cached(CountingEmbedding(), tmp_path), "embed_texts")
    assert cached(load_evaluator("default"), tmp_path).embed_texts(["a walk"]).shape == (1, 128)  # pyright: ignore
