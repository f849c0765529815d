"""Reading checkpoints of the published model, and the refusal of others."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from generator.cli import main
from generator.model.mdm import FEATURES, MDM
from generator.model.published_weights import read_published
from motion.errors import InvalidInput, NotFound

ARGUMENTS = {"arch": "trans_enc", "layers": 1, "latent_dim": 16, "dataset": "humanml", "diffusion_steps": 50,
             "noise_schedule": "cosine", "mask_frames": True, "text_encoder_type": "clip"}  # fmt: skip
HASHED = "hashed-ngrams-v1"  # has the width of CLIP and needs no download


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write files as the published code does, with CLIP's weights and two buffers among the weights of the model."""
    model = MDM(layers=1, width=16, heads=4, ff=1024)
    extra = {"sequence_pos_encoder.pe": torch.zeros(5000, 1, 16), "clip_model.token.weight": torch.zeros(3),
             "embed_timestep.sequence_pos_encoder.pe": torch.zeros(5000, 1, 16)}  # fmt: skip
    torch.save(model.state_dict() | extra, tmp_path / "model.pt")
    (tmp_path / "args.json").write_text(json.dumps(ARGUMENTS))
    np.save(tmp_path / "Mean.npy", np.linspace(-1, 1, FEATURES))
    np.save(tmp_path / "Std.npy", np.full(FEATURES, 2.0))
    return tmp_path


def read(folder: Path):
    return read_published(folder / "model.pt", folder, HASHED)


def change(folder: Path, **arguments: Any) -> None:
    (folder / "args.json").write_text(json.dumps(ARGUMENTS | arguments))


def test_a_published_checkpoint_keeps_its_weights_and_settings(folder: Path) -> None:
    checkpoint = read(folder)
    assert checkpoint.settings.diffusion_steps == 50 and checkpoint.settings.mask_frames
    given = torch.load(folder / "model.pt", weights_only=True)
    for name, weight in checkpoint.model().state_dict().items():
        assert torch.equal(weight, given[name])
    assert checkpoint.normalizer.std[0] == 2.0
    assert read(folder).id == checkpoint.id


def test_the_moving_average_is_preferred_to_the_weights(folder: Path) -> None:
    state = torch.load(folder / "model.pt", weights_only=True)
    average = {name: value + 1 for name, value in state.items()}
    torch.save({"model": state, "model_avg": average}, folder / "model.pt")
    weights = read(folder).weights
    assert torch.equal(weights["embed_text.bias"], average["embed_text.bias"])
    torch.save({"model": state}, folder / "model.pt")
    assert torch.equal(read(folder).weights["embed_text.bias"], state["embed_text.bias"])


def test_both_decoder_architectures_are_read(folder: Path) -> None:
    for arch, prefix in (("trans_dec", False), ("trans_dec_emb", True)):
        torch.save(MDM(layers=1, width=16, heads=4, ff=1024, arch=arch).state_dict(), folder / "model.pt")
        change(folder, arch="trans_dec", emb_trans_dec=prefix)
        assert read(folder).settings.arch == arch


def test_an_imported_checkpoint_can_be_sampled(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str) -> None:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        assert ended.value.code == 0

    store = str(folder / "store")
    run("import", str(folder / "model.pt"), "--statistics", str(folder), "--text-encoder", HASHED, "--store", store)
    identity = capsys.readouterr().out.strip()
    out = folder / "made.npy"
    run("sample", "--prompt", "a person walks", "--checkpoint", identity, "--store", store, "--steps", "2",
        "--out", str(out))  # fmt: skip
    assert np.load(out).shape == (120, 22, 3)


def test_published_weights_that_do_not_fit_are_named(folder: Path) -> None:
    state = torch.load(folder / "model.pt", weights_only=True)
    state["extra.weight"] = state.pop("embed_text.bias")
    state["embed_text.weight"] = torch.zeros(16, 768)
    torch.save(state, folder / "model.pt")
    with pytest.raises(InvalidInput) as refused:
        read(folder)
    assert {violation.field for violation in refused.value.violations} == {
        "embed_text.bias", "embed_text.weight", "extra.weight"
    }  # fmt: skip


class Hostile:
    def __reduce__(self) -> Any:
        return (print, ("this must never be called",))


def test_a_pickle_with_more_than_tensors_is_not_opened(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"model": Hostile()}, folder / "model.pt")
    with pytest.raises(InvalidInput, match="tensors alone"):
        read(folder)
    (folder / "model.pt").write_bytes(pickle.dumps(Hostile(), protocol=2))
    with pytest.raises(InvalidInput, match="tensors alone"):
        read(folder)
    assert "never" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "value"),
    [("dataset", "kit"), ("arch", "gru"), ("noise_schedule", "linear"), ("pred_len", 40), ("text_encoder_type", "t5"),
     ("layers", "many"), ("layers", -1)],
)  # fmt: skip
def test_other_models_are_refused_by_the_argument_that_differs(folder: Path, name: str, value: object) -> None:
    change(folder, **{name: value})
    with pytest.raises(InvalidInput, match="args.json" if value == "many" else name):
        read(folder)


def test_missing_and_damaged_files_are_named(folder: Path) -> None:
    np.save(folder / "Std.npy", np.ones(251))
    with pytest.raises(InvalidInput, match=r"\(251,\)"):
        read(folder)
    for name in ("Std.npy", "model.pt", "args.json"):
        (folder / name).unlink()
        with pytest.raises(NotFound, match=name):
            read(folder)
