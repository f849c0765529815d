"""The text encoder without learned weights."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from generator.text.encoders import text_encoder
from generator.text.hashed_ngrams import HashedNgrams
from generator.training.settings import Settings
from motion.errors import InvalidInput

ENCODER = HashedNgrams()


def likeness(one: str, other: str) -> float:
    a, b = (ENCODER.vector(text) for text in (one, other))
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_vectors_have_equal_norms_and_are_finite_for_any_text() -> None:
    vectors = np.concatenate(ENCODER.encode(["a person walks", "Someone jumps, twice."]))
    assert vectors.shape == (2, ENCODER.dim) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), np.linalg.norm(vectors[0]), rtol=1e-5)
    assert all(vector.shape == (1, ENCODER.dim) for vector in ENCODER.encode(["", "?!", "走"]))
    assert np.isfinite(ENCODER.encode(["", "?!", "走"])).all()


def test_a_vector_does_not_depend_on_other_texts() -> None:
    together = ENCODER.encode(["a person walks", "a person jumps"])
    np.testing.assert_array_equal(together[1], HashedNgrams().encode(["a person jumps"])[0])
    np.testing.assert_array_equal(ENCODER.encode(["A  person WALKS."])[0], together[0])


def test_vectors_of_version_1_never_change() -> None:
    """Checkpoints rely on them; a change of the vectors needs a new name for the encoder."""
    coarse = np.round(ENCODER.vector("a person walks forward slowly")[None] * 64).astype(np.int8)
    assert ENCODER.name == "hashed-ngrams-v1"
    assert hashlib.sha256(coarse.tobytes()).hexdigest()[:16] == "0ee0f744d63f1601"


def test_similar_texts_have_similar_vectors() -> None:
    walk = "a person walks forward"
    assert likeness(walk, "someone walks forward") > 0.7
    assert likeness(walk, "a person walks forward slowly") > 0.7
    assert likeness(walk, "a person walks backward") > 0.2 > likeness(walk, "a person jumps") + 0.1
    assert likeness("turn left", "left turn") < 0.99


def test_encoders_are_found_by_name() -> None:
    assert text_encoder(Settings().text_encoder).name == Settings().text_encoder
    with pytest.raises(InvalidInput, match="hashed-ngrams-v1"):
        text_encoder("word2vec")
