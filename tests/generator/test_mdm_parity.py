"""Agreement with numbers recorded from the published motion diffusion model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from generator.diffusion import alphas_cumprod, cosine_betas, masked_loss, noised, scheduler
from generator.mdm import MDM, guided, sinusoids

TAGS = {"nomask": False, "maskframes": True}


@pytest.fixture(scope="module")
def io(parity_dir: Path) -> dict[str, np.ndarray]:
    with np.load(parity_dir / "mdm_tiny_io.npz") as archive:
        return dict(archive)


def tiny(parity_dir: Path, mask_frames: bool) -> MDM:
    model = MDM(2, 64, 4, 128, 0.1, mask_frames).eval()
    model.load_state_dict(load_file(parity_dir / "mdm_tiny_state_dict.safetensors"))
    return model


def motions(recorded: np.ndarray) -> torch.Tensor:
    """Recorded (batch, 263, 1, frames) as (batch, frames, 263)."""
    return torch.from_numpy(recorded)[:, :, 0].permute(0, 2, 1)


def valid_frames(recorded: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(recorded)[:, 0, 0]


@pytest.mark.parametrize("steps", [10, 50, 1000])
def test_diffusion_schedule_parity(parity_dir: Path, steps: int) -> None:
    with np.load(parity_dir / "mdm_diffusion_schedules.npz") as recorded:
        np.testing.assert_allclose(cosine_betas(steps), recorded[f"betas_{steps}"], rtol=1e-12)
        np.testing.assert_allclose(alphas_cumprod(steps), recorded[f"alphas_cumprod_{steps}"], rtol=1e-12)


def test_mdm_position_encoding_parity(io: dict[str, np.ndarray]) -> None:
    # Angles of a thousand radians in float32 are good to that.
    np.testing.assert_allclose(sinusoids(1024, 64).numpy(), io["pe"], atol=1e-4)


@pytest.mark.parametrize("tag", TAGS)
def test_mdm_forward_parity(parity_dir: Path, io: dict[str, np.ndarray], tag: str) -> None:
    model = tiny(parity_dir, TAGS[tag])
    x, text, valid = motions(io["x"]), torch.from_numpy(io["text_embed"])[0], valid_frames(io["mask"])
    time = torch.from_numpy(io["timesteps"]).long()
    with torch.no_grad():
        outputs = {
            f"out_cond_{tag}": model(x, time, text, valid),
            f"out_uncond_{tag}": model(x, time, torch.zeros_like(text), valid),
            f"out_cfg2.5_{tag}": guided(model, x, time, text, valid, 2.5),
        }
    for name, output in outputs.items():
        tolerance = 5e-5 if "cfg" in name else 1e-5
        assert (output - motions(io[name])).abs()[valid].max() < tolerance, name


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("steps", [50, 1000])
def test_mdm_training_loss_parity(parity_dir: Path, tag: str, steps: int) -> None:
    model = tiny(parity_dir, TAGS[tag])
    with np.load(parity_dir / "mdm_training_loss.npz") as recorded:
        clean, noise = motions(recorded["x0"]), motions(recorded["noise"])
        text = torch.from_numpy(recorded["text_embed"])
        text = text[0] if text.ndim == 3 else text
        time, valid = torch.from_numpy(recorded[f"t_{steps}"]).long(), valid_frames(recorded["mask"])
        noisy = noised(clean, noise, time, steps)
        assert (noisy - motions(recorded[f"x_t_{steps}"])).abs().max() < 1e-6
        loss = masked_loss(model(noisy, time, text, valid), clean, valid)
        np.testing.assert_allclose(loss.detach().numpy(), recorded[f"loss_{steps}_{tag}"], atol=1e-6)
    if steps == 50:
        loss.mean().backward()
        gradients = load_file(parity_dir / f"mdm_grads_{tag}.safetensors")
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None
            error = (parameter.grad - gradients[name]).abs().max() / gradients[name].abs().max()
            assert error < 1e-4, name


def test_diffusion_ten_step_loop_parity(parity_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recorded noises, drawn in the recorded order, lead to the recorded motions."""
    model = tiny(parity_dir, mask_frames=False)
    with np.load(parity_dir / "mdm_sampling.npz") as recorded, np.load(parity_dir / "mdm_tiny_io.npz") as inputs:
        text, valid = torch.from_numpy(inputs["text_embed"])[0], valid_frames(inputs["mask"])
        x, noises = motions(recorded["loop_init_noise"]), [motions(noise) for noise in recorded["loop_noises"]]
        steps = scheduler(10, 10)
        drawn = iter(noises)
        monkeypatch.setattr("diffusers.schedulers.scheduling_ddpm.randn_tensor", lambda *args, **kwargs: next(drawn))
        with torch.no_grad():
            for time in steps.timesteps:
                predicted = guided(model, x, torch.full((len(x),), int(time)), text, valid, 2.5)
                x = steps.step(predicted, time, x, return_dict=False)[0]
        final = next(name for name in recorded.files if name.startswith("loop_final") and "nomask" in name)
        assert (x - motions(recorded[final])).abs().max() < 5e-5
