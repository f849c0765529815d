"""The network against numbers recorded from the published implementation of MDM."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from generator.diffusion.diffusion import add_noise, masked_loss
from generator.model.guidance import predict_guided
from generator.model.mdm import MDM
from generator.model.transformer import sinusoidal_encoding
from generator.text.text_batch import TextBatch

MODES = pytest.mark.parametrize("mode", ["nomask", "maskframes"])


@pytest.fixture(scope="module")
def io(parity_dir: Path) -> dict[str, np.ndarray]:
    return dict(np.load(parity_dir / "mdm_tiny_io.npz", allow_pickle=False))


def tiny(parity_dir: Path, mode: str) -> MDM:
    """Load the recorded model, with every tensor."""
    model = MDM(layers=2, width=64, heads=4, ff=128, mask_frames=mode == "maskframes").eval()
    model.load_state_dict(load_file(parity_dir / "mdm_tiny_state_dict.safetensors"), strict=True)
    return model


def rows(recorded: np.ndarray) -> Tensor:
    """Reshape (batch, 263, 1, frames) to (batch, frames, 263)."""
    return torch.from_numpy(recorded[:, :, 0].transpose(0, 2, 1).copy())


def valid_of(arrays: dict[str, np.ndarray]) -> Tensor:
    return torch.from_numpy(arrays["mask"][:, 0, 0])


def largest_difference(ours: Tensor, recorded: np.ndarray, valid: Tensor | None = None) -> float:
    distance = (ours - rows(recorded)).abs()
    return float((distance if valid is None else distance[valid]).max())


def test_mdm_parity_of_names_and_shapes(parity_dir: Path) -> None:
    document = json.loads((parity_dir / "mdm_default_state_dict_shapes.json").read_text())
    with torch.device("meta"):
        model = MDM(layers=8, width=512, heads=4, ff=1024)
    ours = {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
    assert ours == {entry["name"]: entry["shape"] for entry in document["state_dict"] if entry["parameter"]}


def test_mdm_parity_of_positions(io: dict[str, np.ndarray]) -> None:
    # In float32, angles of a thousand radians have errors of 6e-5. The motions of HumanML3D have at most 196 frames.
    table = sinusoidal_encoding(1024, 64).numpy()
    np.testing.assert_allclose(table, io["pe"], atol=1e-4)
    np.testing.assert_allclose(table[:197], io["pe"][:197], atol=1e-5)


@MODES
def test_mdm_parity_of_forward_passes(parity_dir: Path, io: dict[str, np.ndarray], mode: str) -> None:
    model, valid = tiny(parity_dir, mode), valid_of(io)
    x, time = rows(io["x"]), torch.from_numpy(io["timesteps"])
    text = TextBatch.from_vectors(torch.from_numpy(io["text_embed"][0]))
    counted = valid if mode == "maskframes" else None
    with torch.no_grad():
        assert largest_difference(model(x, time, text, valid), io[f"out_cond_{mode}"], counted) < 1e-5
        assert largest_difference(model(x, time, text.unconditional(), valid), io[f"out_uncond_{mode}"], counted) < 1e-5
        assert (
            largest_difference(predict_guided(model, x, time, text, valid, 2.5), io[f"out_cfg2.5_{mode}"], counted)
            < 5e-5
        )
        mixed = predict_guided(model, x, time, text, valid, torch.from_numpy(io["scale_mixed"]))
        assert largest_difference(mixed, io[f"out_cfg_mixed_{mode}"], counted) < 5e-5


def test_mdm_parity_of_a_single_frame(parity_dir: Path, io: dict[str, np.ndarray]) -> None:
    text = TextBatch.from_vectors(torch.from_numpy(io["text_embed"][0, :2]))
    with torch.no_grad():
        ours = tiny(parity_dir, "maskframes")(rows(io["x_T1"]), torch.from_numpy(io["timesteps_T1"]), text)
    assert largest_difference(ours, io["out_T1_maskframes"]) < 1e-5


@MODES
def test_mdm_parity_of_loss_and_gradients(parity_dir: Path, mode: str) -> None:
    recorded = dict(np.load(parity_dir / "mdm_training_loss.npz", allow_pickle=False))
    clean, noise, valid = rows(recorded["x0"]), rows(recorded["noise"]), valid_of(recorded)
    text = TextBatch.from_vectors(torch.from_numpy(recorded["text_embed"][0]))
    for steps in (1000, 50):
        model = tiny(parity_dir, mode)
        time = torch.from_numpy(recorded[f"t_{steps}"])
        noisy = add_noise(clean, noise, time, steps)
        assert largest_difference(noisy, recorded[f"x_t_{steps}"]) < 1e-6
        loss = masked_loss(model(noisy, time, text, valid), clean, valid)
        np.testing.assert_allclose(loss.detach().numpy(), recorded[f"loss_{steps}_{mode}"], rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(float(loss.detach().mean()), recorded[f"loss_mean_{steps}_{mode}"], rtol=1e-6)
    loss.mean().backward()
    gradients = load_file(parity_dir / f"mdm_grads_{mode}.safetensors")
    ours = dict(model.named_parameters())
    assert ours.keys() == gradients.keys()
    for name, gradient in gradients.items():
        found = ours[name].grad
        assert found is not None
        assert float((found - gradient).abs().max() / gradient.abs().max()) < 1e-4, name
