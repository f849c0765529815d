"""The diffusion process: noise going in, and motion coming out.

Ho et al., "Denoising Diffusion Probabilistic Models", 2020, with the cosine schedule of Nichol and Dhariwal, "Improved
Denoising Diffusion Probabilistic Models", 2021, and a network that predicts the clean sample, as MDM does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from torch import Tensor

from generator.mdm import FEATURES, MDM, guided


@cache
def cosine_betas(steps: int) -> np.ndarray:
    """Variances of the noise added at each of `steps` steps, (steps,) float64."""

    def kept(share: float) -> float:
        return math.cos((share + 0.008) / 1.008 * math.pi / 2) ** 2

    return np.array([min(1 - kept((i + 1) / steps) / kept(i / steps), 0.999) for i in range(steps)])


@cache
def alphas_cumprod(steps: int) -> np.ndarray:
    """Share of the signal's variance that is left after each step, (steps,) float64."""
    return np.cumprod(1.0 - cosine_betas(steps))


def noised(clean: Tensor, noise: Tensor, time: Tensor, steps: int) -> Tensor:
    """Sample of q(x_t | x_0): (batch, frames, features) from clean motion, unit noise and integer times (batch,)."""
    kept = torch.from_numpy(alphas_cumprod(steps))[time.cpu()].to(clean.device)[:, None, None]
    return kept.sqrt().to(clean.dtype) * clean + (1 - kept).sqrt().to(clean.dtype) * noise


def masked_loss(predicted: Tensor, clean: Tensor, valid: Tensor) -> Tensor:
    """Mean squared error over the valid frames of each motion, (batch,): MDM's only loss on HumanML3D.

    `predicted`, `clean` (batch, frames, features); `valid` (batch, frames) bool.
    """
    squares = ((predicted - clean) ** 2 * valid[..., None]).sum((1, 2))
    return squares / (valid.sum(1) * clean.shape[2])


def scheduler(process_steps: int, sampling_steps: int) -> DDPMScheduler | DPMSolverMultistepScheduler:
    """Ancestral sampling where every step of the process is taken, DPM-Solver++ (Lu et al., 2022) where fewer are."""
    common = {"num_train_timesteps": process_steps, "trained_betas": cosine_betas(process_steps)}
    if sampling_steps == process_steps:
        chosen = DDPMScheduler(**common, prediction_type="sample", variance_type="fixed_small", clip_sample=False)
    else:
        chosen = DPMSolverMultistepScheduler(**common, prediction_type="sample", algorithm_type="dpmsolver++")
    chosen.set_timesteps(sampling_steps)
    return chosen


@torch.inference_mode()
def denoise(
    model: MDM,
    text: Tensor,
    valid: Tensor,
    generators: Sequence[torch.Generator],
    process_steps: int,
    sampling_steps: int,
    guidance: float,
) -> Tensor:
    """Normalised features (batch, frames, 263) sampled from the model.

    Args:
        text: (batch, 512) text vectors.
        valid: (batch, frames) bool; what lies past a motion's end is noise that is not to be looked at.
        generators: one a sample, for all of its noise, so that a sample does not depend on its neighbours' noise.
        process_steps: of the process that the model was trained on.
        sampling_steps: at most `process_steps`.
        guidance: scale; 1 is none.
    """
    shape = (valid.shape[1], FEATURES)
    x = torch.stack([torch.randn(shape, generator=generator) for generator in generators]).to(text.device)
    steps = scheduler(process_steps, sampling_steps)
    for time in steps.timesteps:
        at = torch.full((len(x),), int(time), device=x.device)
        predicted = guided(model, x, at, text, valid, guidance)
        x = steps.step(predicted, time, x, generator=list(generators), return_dict=False)[0]  # pyright: ignore[reportArgumentType]
    return x
