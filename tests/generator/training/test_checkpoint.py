"""Checkpoints on disk: their content, and the refusal of damaged and foreign ones."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from generator.generator import DiffusionGenerator
from generator.training.checkpoint import CARD, WEIGHTS, read_checkpoint
from generator.training.settings import Settings
from motion.errors import InvalidInput, NotFound
from motion.motion_set import MotionSet


@pytest.fixture
def folder(generator: DiffusionGenerator, tmp_path: Path, motions: MotionSet) -> Path:
    return tmp_path / "store" / "checkpoints" / generator.fit(generator.upload(motions), "", 1)


def test_the_card_of_a_checkpoint_has_settings_and_data_set(folder: Path, motions: MotionSet, tiny: Settings) -> None:
    checkpoint = read_checkpoint(folder)
    assert checkpoint.id == folder.name
    assert checkpoint.settings == tiny
    assert checkpoint.card["dataset"] == motions.content_id()
    assert {path.name for path in folder.iterdir()} == {WEIGHTS, CARD}


def test_a_checkpoint_has_the_published_tensor_names_and_a_normalizer(folder: Path) -> None:
    checkpoint = read_checkpoint(folder)
    names = set(checkpoint.model().state_dict())
    assert set(checkpoint.weights) == names | {"normalizer.mean", "normalizer.std"}
    assert (checkpoint.normalizer.std > 0).all()


def test_weights_that_do_not_fit_the_model_are_named(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    weights["seqTransEncoder.layers.0.linear3.weight"] = weights.pop("seqTransEncoder.layers.0.linear2.weight")
    weights["embed_text.weight"] = torch.zeros(16, 768)
    save_file(weights, folder / WEIGHTS)
    with pytest.raises(InvalidInput) as refused:
        read_checkpoint(folder).model()
    assert {violation.field: violation.description for violation in refused.value.violations} == {
        "seqTransEncoder.layers.0.linear2.weight": "is missing from the checkpoint",
        "seqTransEncoder.layers.0.linear3.weight": "is in the checkpoint, but not in the model",
        "embed_text.weight": "has shape (16, 768); the model needs (16, 512)",
    }


def test_a_checkpoint_without_normalizer_is_refused(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    del weights["normalizer.std"]
    save_file(weights, folder / WEIGHTS)
    with pytest.raises(InvalidInput, match=r"normalizer\.std"):
        _ = read_checkpoint(folder).normalizer


def test_damaged_weights_and_pickles_are_refused(folder: Path) -> None:
    whole = (folder / WEIGHTS).read_bytes()
    for damaged in (b"", whole[:100], whole[:-1], pickle.dumps({"weights": 1})):
        (folder / WEIGHTS).write_bytes(damaged)
        with pytest.raises(InvalidInput, match="safetensors"):
            read_checkpoint(folder)


@pytest.mark.parametrize("card", ["", "{", "[1]", "{}", '{"settings": 1}', '{"settings": {"depth": 3}}'])
def test_a_card_without_valid_settings_is_refused(folder: Path, card: str) -> None:
    (folder / CARD).write_text(card)
    with pytest.raises(InvalidInput, match=CARD):
        _ = read_checkpoint(folder).settings


def test_a_card_with_settings_out_of_range_is_refused(folder: Path) -> None:
    card = json.loads((folder / CARD).read_text())
    card["settings"]["layers"] = -1
    (folder / CARD).write_text(json.dumps(card))
    with pytest.raises(InvalidInput, match="layers"):
        _ = read_checkpoint(folder).settings


def test_a_checkpoint_without_weights_is_not_found(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    with pytest.raises(NotFound, match=WEIGHTS):
        read_checkpoint(folder)


def test_a_full_disk_leaves_no_partial_checkpoint(
    generator: DiffusionGenerator, tmp_path: Path, motions: MotionSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    dataset = generator.upload(motions)
    known = generator.describe().checkpoints
    with monkeypatch.context() as patched:
        patched.setattr("generator.training.checkpoint.save_file", full)
        with pytest.raises(InvalidInput, match="No space left"):
            generator.fit(dataset, "", 1)
    assert generator.describe().checkpoints == known
    assert not list((tmp_path / "store" / "checkpoints").iterdir())
    assert generator.fit(dataset, "", 1) in generator.describe().checkpoints


def test_a_checkpoint_is_copied_with_both_files(
    generator: DiffusionGenerator, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator.copy_checkpoint(folder.name, tmp_path / "mine")
    assert generator.open_checkpoint(tmp_path / "mine") == "mine"
    assert {path.name for path in (tmp_path / "mine").iterdir()} == {WEIGHTS, CARD}
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="cannot be written"):
        generator.copy_checkpoint(folder.name, tmp_path / "file" / "mine")
