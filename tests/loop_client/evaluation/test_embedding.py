"""Test that the embedding is reproducible, independent of other motions, and sensitive to noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from loop_fakes import swaying_set

from loop_client.evaluation.embedding import Embedding, cached_embedding, load_embedding, train_embedding
from loop_client.evaluation.embedding_recipe import EmbeddingRecipe
from loop_client.evaluation.metrics.fid import fid
from motion.errors import InvalidInput

SMALL = EmbeddingRecipe(size=6, width=16, steps=20)


@pytest.fixture(scope="module")
def embedding() -> Embedding:
    return train_embedding(swaying_set(), SMALL)


def test_equal_sets_give_equal_weights(embedding: Embedding) -> None:
    again = train_embedding(swaying_set(), SMALL)
    assert again.name == embedding.name
    assert all(torch.equal(a, b) for a, b in zip(again.model.parameters(), embedding.model.parameters(), strict=True))
    assert train_embedding(swaying_set(), EmbeddingRecipe(size=6, width=16, steps=20, seed=1)).name != embedding.name


def test_training_leaves_the_global_random_state_alone() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    train_embedding(swaying_set(4), EmbeddingRecipe(size=2, width=8, steps=1))
    assert torch.equal(before, torch.random.get_rng_state())


def test_an_embedding_does_not_depend_on_the_other_motions(embedding: Embedding) -> None:
    motions = swaying_set().motions
    together = embedding.embed(motions)
    apart = np.concatenate([embedding.embed([motion]) for motion in reversed(motions)])[::-1]
    assert np.array_equal(together, apart)


def test_embeddings_of_real_motions_are_normalized(embedding: Embedding) -> None:
    points = embedding.embed(swaying_set())
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(points.std(axis=0), 1, atol=1e-3)


def test_an_embedding_does_not_depend_on_place_and_heading(embedding: Embedding) -> None:
    motion = swaying_set().motions[3]
    turned = motion.positions[..., [2, 1, 0]] * np.float32([1, 1, -1]) + np.float32([5, 0, -2])
    points = embedding.embed([motion, motion.with_positions(turned)])
    np.testing.assert_allclose(points[0], points[1], atol=1e-3)


def test_noise_increases_the_distance(embedding: Embedding) -> None:
    motions = swaying_set().motions
    rng = np.random.default_rng(0)
    reference = embedding.embed(motions)
    distances = []
    for noise in (0.0, 0.01, 0.05):
        noisy = [m.with_positions(m.positions + noise * rng.standard_normal(m.positions.shape)) for m in motions]
        distances.append(fid(embedding.embed(noisy), reference))
    assert distances[0] < distances[1] < distances[2]


def test_a_saved_embedding_is_the_same(embedding: Embedding, tmp_path: Path) -> None:
    embedding.save(tmp_path)
    again = load_embedding(tmp_path)
    assert again.name == embedding.name and again.card == embedding.card
    assert np.array_equal(again.embed(swaying_set()), embedding.embed(swaying_set()))


def test_an_embedding_is_trained_once_for_each_set_and_recipe(tmp_path: Path) -> None:
    steps: list[int] = []

    def train(recipe: EmbeddingRecipe, count: int) -> str:
        return cached_embedding(tmp_path, swaying_set(count), recipe, lambda done, _: steps.append(done)).name

    first = train(SMALL, 8)
    assert train(SMALL, 8) == first and len(steps) == 20
    assert train(SMALL, 9) != first and len(steps) == 40


def test_damaged_embeddings_and_short_motions_are_refused(embedding: Embedding, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="holds no embedding"):
        load_embedding(tmp_path)
    embedding.save(tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(InvalidInput, match="holds no embedding"):
        load_embedding(tmp_path)
    with pytest.raises(InvalidInput, match="has 4 frames"):
        embedding.embed([m.with_positions(m.positions[:4]) for m in swaying_set(1)])
