"""CLIP and DistilBERT by way of `transformers`, as tiny models with random weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from generator.generator import DiffusionGenerator
from generator.text.encoders import text_encoder
from generator.training.settings import Settings
from motion.errors import InvalidInput, NotFound
from motion.motion_set import MotionSet

transformers = pytest.importorskip("transformers", reason="needs the extra `clip`")
WORDS = "a person walks jumps slowly forward and".split()
PROMPTS = ["a person walks", "a person jumps slowly and walks forward"]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("clip")
    letters = [chr(i) for i in range(33, 127)]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    transformers.CLIPTokenizer.from_pretrained(folder).save_pretrained(folder)
    config = transformers.CLIPTextConfig(
        vocab_size=len(tokens), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        projection_dim=24, eos_token_id=len(tokens) - 1, bos_token_id=len(tokens) - 2,
    )  # fmt: skip
    transformers.CLIPTextModelWithProjection(config).save_pretrained(folder)
    return f"clip:{folder}"


@pytest.fixture(scope="module")
def distilbert(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("distilbert")
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (folder / "vocab.txt").write_text("\n".join(tokens))
    transformers.DistilBertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    config = transformers.DistilBertConfig(vocab_size=len(tokens), dim=16, hidden_dim=32, n_layers=2, n_heads=2)
    transformers.DistilBertModel(config).save_pretrained(folder)
    return f"distilbert:{folder}"


def test_clip_encodes_a_text_as_one_vector(clip: str) -> None:
    encoder = text_encoder(clip)
    vectors = encoder.encode(PROMPTS)
    assert encoder.dim == 24 and [vector.shape for vector in vectors] == [(1, 24)] * 2
    np.testing.assert_allclose(encoder.encode(PROMPTS[:1])[0], vectors[0])
    # The vector does not depend on the padding that other texts cause.
    from generator.text.pretrained_encoders import ClipText

    fresh = ClipText(clip.removeprefix("clip:"))
    np.testing.assert_allclose(fresh.encode(PROMPTS[:1])[0], vectors[0], rtol=1e-4, atol=1e-5)
    # As in the published model, texts are truncated to twenty tokens.
    long = "walks " * 40
    np.testing.assert_array_equal(fresh.encode([long])[0], fresh.encode([long + "backward"])[0])


def test_distilbert_encodes_a_text_token_by_token(distilbert: str) -> None:
    encoder = text_encoder(distilbert)
    short, long = encoder.encode(PROMPTS)
    assert short.shape == (5, 16) and long.shape == (9, 16)  # the words between [CLS] and [SEP]
    from generator.text.pretrained_encoders import DistilBertText

    alone = DistilBertText(distilbert.removeprefix("distilbert:")).encode(PROMPTS[:1])[0]
    np.testing.assert_allclose(alone, short, rtol=1e-4, atol=1e-5)


def test_encoded_texts_are_cached(clip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from generator.text.pretrained_encoders import ClipText

    encoder, seen = ClipText(clip.removeprefix("clip:")), []
    plain = encoder._encode_batch
    monkeypatch.setattr(encoder, "_encode_batch", lambda texts: seen.extend(texts) or plain(texts))
    encoder.encode([PROMPTS[0], PROMPTS[1], PROMPTS[0]])
    encoder.encode(PROMPTS)
    assert seen == PROMPTS


@pytest.mark.parametrize(("kind", "arch"), [("clip", "trans_enc"), ("distilbert", "trans_dec")])
def test_a_model_with_a_pretrained_encoder_can_be_trained_and_sampled(
    tmp_path: Path, motions: MotionSet, kind: str, arch: str, request: pytest.FixtureRequest
) -> None:
    settings = Settings(layers=1, width=16, heads=2, ff=32, diffusion_steps=4, batch=3, arch=arch,
                        text_encoder=request.getfixturevalue(kind))  # fmt: skip
    generator = DiffusionGenerator(tmp_path, device="cpu", settings=settings)
    checkpoint = generator.fit(generator.upload(motions), "", 2)
    assert generator.describe().default_checkpoint == checkpoint
    sampled = list(generator.sample(PROMPTS, [20, 40], seed=1))
    assert [len(motion) for motion in sampled] == [20, 40]
    assert np.isfinite(sampled[1].positions).all()


def test_missing_encoder_weights_are_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        text_encoder(f"clip:{tmp_path / 'nowhere'}")


def test_an_encoder_of_many_tokens_needs_a_decoder() -> None:
    with pytest.raises(InvalidInput, match="must be trans_dec"):
        Settings(text_encoder="distilbert")
