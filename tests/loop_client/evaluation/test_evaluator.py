"""Test the evaluator's networks and words against recorded results of the published ones."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from loop_client.evaluation.comparison import compare_sets
from loop_client.evaluation.evaluator.evaluator import Evaluator, load_evaluator
from loop_client.evaluation.evaluator.evaluator_training import EvaluatorSettings, train_evaluator
from loop_client.evaluation.evaluator.networks import MotionEncoder, MovementEncoder, TextEncoder
from loop_client.evaluation.evaluator.published_evaluator import read_published
from loop_client.evaluation.evaluator.words import GloveWords, HashedWords, encode, look_up, tokenize
from motion.errors import InvalidInput, NotFound
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.synthesis import synthesize


@pytest.fixture(scope="module")
def recorded(parity_dir: Path) -> dict[str, torch.Tensor]:
    with np.load(parity_dir / "t2m_eval_networks_io.npz", allow_pickle=False) as file:
        return {name: torch.from_numpy(file[name]) for name in file if name != "meta"}


def loaded(network: torch.nn.Module, parity_dir: Path, name: str) -> torch.nn.Module:
    network.load_state_dict(load_file(parity_dir / f"t2m_eval_{name}_encoder.safetensors"))
    return network.eval()


@torch.no_grad()
def test_networks_parity_t2m(recorded: dict[str, torch.Tensor], parity_dir: Path) -> None:
    movement = loaded(MovementEncoder(48, 40), parity_dir, "movement")(recorded["motions"][..., :-4])
    torch.testing.assert_close(movement, recorded["movement_out"], atol=1e-5, rtol=0)
    motion = loaded(MotionEncoder(40, 52, 32), parity_dir, "motion")(movement, recorded["m_lens"] // 4)
    torch.testing.assert_close(motion, recorded["motion_embedding_input_order"], atol=1e-5, rtol=0)
    # The published wrapper hands them back in another order.
    torch.testing.assert_close(motion[recorded["align_idx"]], recorded["co_motion"], atol=1e-5, rtol=0)
    text = loaded(TextEncoder(44, 32), parity_dir, "text")(
        recorded["word_embs"], recorded["pos_onehot"], recorded["cap_lens"]
    )
    torch.testing.assert_close(text, recorded["text_embedding_input_order"], atol=1e-5, rtol=0)


def test_default_shapes_parity_t2m(parity_dir: Path) -> None:
    document = json.loads((parity_dir / "t2m_eval_default_shapes.json").read_text())
    networks = {"movement": MovementEncoder(), "text": TextEncoder(), "motion": MotionEncoder()}
    for name, network in networks.items():
        wanted = {entry["name"]: entry["shape"] for entry in document["state_dict"][name]}
        assert {key: list(value.shape) for key, value in network.state_dict().items()} == wanted


class Vocabulary(HashedWords):
    def __init__(self, words: list[str]):
        self.words = set(words)

    def vector(self, word: str) -> np.ndarray | None:
        return super().vector(word) if word in self.words else None


def test_words_parity_t2m(parity_dir: Path) -> None:
    document = json.loads((parity_dir / "t2m_eval_pos_tokens.json").read_text())
    table = Vocabulary(document["vocabulary_for_this_test"])
    for entry in document["tokens"]:
        vector, index = look_up(entry["token"], table)
        assert index == entry["pos_index"], entry
        assert np.array_equal(vector, table.vector("unk")) == entry["uses_unk_vector"], entry


def test_a_caption_is_framed_padded_and_cut() -> None:
    short = encode(tokenize("A person walks slowly."), HashedWords())
    assert short.vectors.shape == (22, 300) and short.length == 6
    assert np.array_equal(short.speech.sum(1), np.ones(22))
    long = encode(tokenize("walk " * 40), HashedWords())
    assert long.length == 22
    assert np.array_equal(long.vectors[-1], encode([], HashedWords()).vectors[1])  # eos


def test_words_of_movement_are_tagged() -> None:
    assert tokenize("Someone is walking backwards, stopped and dances twice") == [
        "someone/PRON", "is/AUX", "walk/VERB", "backward/VERB", "stop/VERB", "and/NOUN", "dance/VERB", "twice/NUM",
    ]  # fmt: skip


def test_the_published_word_table_is_read_without_running_code(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        GloveWords(tmp_path)
    np.save(tmp_path / "our_vab_data.npy", np.arange(600, dtype=np.float32).reshape(2, 300))
    (tmp_path / "our_vab_words.pkl").write_bytes(pickle.dumps(["unk", "walk"]))
    (tmp_path / "our_vab_idx.pkl").write_bytes(pickle.dumps({"unk": 0, "walk": 1}))
    table = GloveWords(tmp_path)
    vector = table.vector("walk")
    assert vector is not None and vector[0] == 300 and table.vector("fly") is None
    (tmp_path / "our_vab_idx.pkl").write_bytes(pickle.dumps(Path("x")))
    with pytest.raises(InvalidInput, match="asks for"):
        GloveWords(tmp_path)


TINY = EvaluatorSettings(movement=12, hidden=10, text=11, size=8, movement_steps=4, steps=6, batch=4)


@pytest.fixture(scope="module")
def motions() -> MotionSet:
    return synthesize(6, 3, actions=["walk", "wave", "squat"])


@pytest.fixture(scope="module")
def trained(motions: MotionSet) -> Evaluator:
    return train_evaluator(motions, TINY)


def test_training_is_a_function_of_its_seed(motions: MotionSet, trained: Evaluator) -> None:
    assert train_evaluator(motions, TINY).name == trained.name
    assert train_evaluator(motions, replace(TINY, seed=1)).name != trained.name


def test_a_saved_evaluator_is_the_same(motions: MotionSet, trained: Evaluator, tmp_path: Path) -> None:
    trained.save(tmp_path)
    again = load_evaluator(tmp_path)
    assert again.name == trained.name and again.card["trained_on"]["motions"] == 6
    assert np.array_equal(again.embed(motions), trained.embed(motions))
    captions = [captions[0] for captions in motions.captions]
    assert np.array_equal(again.embed_texts(captions), trained.embed_texts(captions))


def test_an_embedding_does_not_depend_on_the_rest_of_its_batch(motions: MotionSet, trained: Evaluator) -> None:
    together = trained.embed(motions)
    alone = np.concatenate([trained.embed([motion]) for motion in motions])
    assert np.allclose(together, alone, atol=1e-5)
    assert trained.embed([]).shape == (0, 8)
    short = Motion(motions.motions[0].positions[:4], name="short")
    with pytest.raises(InvalidInput, match="4 frames"):
        trained.embed([short])


@torch.no_grad()
def test_embeddings_of_features_parity_t2m(recorded: dict[str, torch.Tensor], parity_dir: Path) -> None:
    """A single motion, padded like the published data, has the embedding that it had in the recorded batch."""
    parts = {
        name: loaded(network, parity_dir, name)
        for name, network in (("movement", MovementEncoder(48, 40)), ("motion", MotionEncoder(40, 52, 32)))
    }
    blank = np.zeros(263, np.float32)
    evaluator = Evaluator(parts["movement"], parts["motion"], TextEncoder(44, 32), blank, blank + 1, HashedWords(), {})
    for row, length in enumerate(recorded["m_lens"].tolist()):
        whole = length - length % 4
        if length % 4 == 0 and length < 60:
            point = evaluator.embed_features(recorded["motions"][row : row + 1, :whole])
            torch.testing.assert_close(point[0], recorded["motion_embedding_input_order"][row], atol=1e-5, rtol=0)


def test_a_published_checkpoint_is_read(parity_dir: Path, trained: Evaluator, tmp_path: Path) -> None:
    state = {
        f"{part}_encoder": load_file(parity_dir / f"t2m_eval_{part}_encoder.safetensors")
        for part in ("movement", "text", "motion")
    }
    torch.save({**state, "epoch": 3}, tmp_path / "finest.tar")
    np.save(tmp_path / "mean.npy", np.zeros(263))
    np.save(tmp_path / "std.npy", np.ones(263))
    np.save(tmp_path / "our_vab_data.npy", np.ones((2, 300), np.float32))
    (tmp_path / "our_vab_words.pkl").write_bytes(pickle.dumps(["unk", "walk"]))
    (tmp_path / "our_vab_idx.pkl").write_bytes(pickle.dumps({"unk": 0, "walk": 1}))
    published = read_published(tmp_path / "finest.tar", tmp_path, tmp_path)
    assert published.size == 32 and published.embed_texts(["a walk"]).shape == (1, 32)
    # It was trained on the tokens that captions come with, which nothing else can be held against.
    said, own = ["someone strolled", "a walk"], ["someone/PRON", "walk/VERB"]
    read = published.embed_texts(said, [own, None])
    told = published.embed_texts(["someone walk", "a walk"])
    assert np.allclose(read, told) and not np.allclose(read, published.embed_texts(said))
    assert np.array_equal(trained.embed_texts(said, [own, None]), trained.embed_texts(said))
    published.save(tmp_path / "kept")
    with pytest.raises(InvalidInput, match="--glove"):
        load_evaluator(tmp_path / "kept")
    assert load_evaluator(tmp_path / "kept", tmp_path).name == published.name

    del state["text_encoder"]["gru.bias_hh_l0"]
    torch.save(state, tmp_path / "finest.tar")
    with pytest.raises(InvalidInput, match="bias_hh_l0"):
        read_published(tmp_path / "finest.tar", tmp_path, tmp_path)
    torch.save({"movement_encoder": Path("x")}, tmp_path / "finest.tar")
    with pytest.raises(InvalidInput, match="safely"):
        read_published(tmp_path / "finest.tar", tmp_path, tmp_path)


def test_a_comparison_detects_noise_and_wrong_captions(motions: MotionSet, trained: Evaluator) -> None:
    real = synthesize(24, 5, actions=["walk", "wave", "squat"])
    same = compare_sets(real, real, trained, replications=6)
    assert same["fid"] == pytest.approx(0, abs=1e-6) and same["replicated"]["precision"]["mean"] > 0.5
    shaken = real.with_motions(
        [
            replace(
                motion, positions=motion.positions + np.random.default_rng(0).normal(0, 0.1, motion.positions.shape)
            )
            for motion in real
        ]
    )
    worse = compare_sets(shaken, real, trained, replications=6)
    assert worse["fid"] > 10 * same["replicated"]["fid"]["mean"]
    assert worse["replicated"]["kid"]["mean"] > same["replicated"]["kid"]["mean"]
    assert compare_sets(shaken, real, trained, replications=6) == worse
    for problem, arguments in (("at least 8", (motions, real)), ("at least 8", (real, motions))):
        with pytest.raises(InvalidInput, match=problem):
            compare_sets(*arguments, trained)
