"""Schedule and sampling against numbers recorded from the published implementation of MDM."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from generator.benchmark_baseline import PublishedMDM, sample_as_published
from generator.diffusion.diffusion import alphas_cumprod, cosine_betas, respace
from generator.diffusion.sampling import DenoisingSettings, denoise, make_denoising_step
from generator.model.mdm import MDM
from generator.text.text_batch import TextBatch


def rows(recorded: np.ndarray) -> Tensor:
    """Reshape (..., 263, 1, frames) to (..., frames, 263)."""
    return torch.from_numpy(np.swapaxes(recorded[..., 0, :], -1, -2).copy())


@pytest.fixture(scope="module")
def sampling(parity_dir: Path) -> dict[str, np.ndarray]:
    return dict(np.load(parity_dir / "mdm_sampling.npz", allow_pickle=False))


def tiny(parity_dir: Path, mode: str) -> MDM:
    model = MDM(layers=2, width=64, heads=4, ff=128, mask_frames=mode == "maskframes").eval()
    model.load_state_dict(load_file(parity_dir / "mdm_tiny_state_dict.safetensors"))
    return model


@pytest.mark.parametrize("steps", [10, 50, 1000])
def test_diffusion_schedule_parity(parity_dir: Path, steps: int) -> None:
    recorded = np.load(parity_dir / "mdm_diffusion_schedules.npz", allow_pickle=False)
    left = alphas_cumprod(steps)
    times, betas = respace(steps, steps)
    for ours, name in (
        (cosine_betas(steps), "betas_schedule"),
        (betas, "betas"),
        (left, "alphas_cumprod"),
        (np.sqrt(left), "sqrt_alphas_cumprod"),
        (np.sqrt(1 - left), "sqrt_one_minus_alphas_cumprod"),
    ):
        np.testing.assert_allclose(ours, recorded[f"{name}_{steps}"], rtol=1e-12, err_msg=name)
    np.testing.assert_array_equal(times, recorded[f"timestep_map_{steps}"])


@pytest.mark.parametrize("case", ["cond_nomask", "cfg2.5_nomask", "cond_maskframes", "cfg2.5_maskframes"])
def test_diffusion_step_parity_with_mdm(sampling: dict[str, np.ndarray], case: str) -> None:
    """Compare one ancestral step of the 50; each sample of the batch was recorded at another step."""
    clean, x, noise = (
        rows(sampling[name]) for name in (f"step_pred_xstart_{case}", "step_x_t", "step_noise")
    )  # fmt: skip
    expected = rows(sampling[f"step_sample_{case}"])
    step = make_denoising_step(DenoisingSettings(process_steps=50, steps=50))
    for row, time in enumerate(sampling["step_t"]):
        one = slice(row, row + 1)
        ours = step(clean[one], int(time), x[one], lambda one=one: noise[one])
        torch.testing.assert_close(ours, expected[one], rtol=0, atol=5e-5)


def test_the_benchmark_baseline_has_mdm_parity(parity_dir: Path, sampling: dict[str, np.ndarray]) -> None:
    recorded = iter([rows(sampling["loop_init_noise"]), *rows(sampling["loop_noises"])])
    model = PublishedMDM(layers=2, width=64, heads=4, ff=128).eval()
    model.load_state_dict(tiny(parity_dir, "nomask").state_dict())
    text = torch.from_numpy(sampling["text_embed"][0])
    sampled = sample_as_published(model, text, lambda: next(recorded), process_steps=10, steps=10, guidance=2.5)
    torch.testing.assert_close(sampled, rows(sampling["loop_final_nomask"]), rtol=0, atol=5e-5)


@pytest.mark.parametrize("mode", ["nomask", "maskframes"])
def test_diffusion_loop_parity_with_mdm(parity_dir: Path, sampling: dict[str, np.ndarray], mode: str) -> None:
    recorded = iter([rows(sampling["loop_init_noise"]), *rows(sampling["loop_noises"])])
    valid = torch.from_numpy(sampling["mask"][:, 0, 0])
    text = TextBatch.from_vectors(torch.from_numpy(sampling["text_embed"][0]))
    how = DenoisingSettings(process_steps=10, steps=10, guidance=2.5)
    ours = denoise(tiny(parity_dir, mode), text, valid, lambda: next(recorded), how)
    counted = valid if mode == "maskframes" else torch.ones_like(valid)
    torch.testing.assert_close(ours[counted], rows(sampling[f"loop_final_{mode}"])[counted], rtol=0, atol=5e-5)
