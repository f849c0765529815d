"""Sampling from a diffusion model, with the schedulers of `diffusers`.

`ddpm`: ancestral sampling (Ho et al., 2020), which is DDIM with eta 1; `ddim`: deterministic (Song et al., "Denoising
Diffusion Implicit Models", 2021); `dpm-solver++`: second order, multistep (Lu et al., "DPM-Solver++", 2022), the best
of the three in few steps. Fewer steps than the process has are taken on the respaced process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from torch import Tensor

from generator.diffusion.diffusion import respace
from generator.model.guidance import predict_guided
from generator.model.mdm import FEATURES, MDM
from generator.text.text_batch import TextBatch

Sampler = Literal["auto", "ddpm", "ddim", "dpm-solver++"]
SAMPLERS: tuple[str, ...] = get_args(Sampler)
NoiseSource = Callable[[], Tensor]
"""Returns fresh unit noise (batch, frames, 263) at each call."""


@dataclass(frozen=True)
class DenoisingSettings:
    """How to sample from a diffusion model.

    Attributes:
        process_steps: steps of the process that the model was trained on.
        steps: sampling steps, at most `process_steps`.
        guidance: scale of classifier-free guidance; 1 is none.
        sampler: "auto" is `ddpm` if every step of the process is taken, and `dpm-solver++` if fewer are.
    """

    process_steps: int
    steps: int
    guidance: float = 1.0
    sampler: Sampler = "auto"

    @property
    def resolved_sampler(self) -> Sampler:
        """The sampler, with "auto" replaced by `ddpm` or `dpm-solver++`."""
        if self.sampler != "auto":
            return self.sampler
        return "ddpm" if self.steps == self.process_steps else "dpm-solver++"


def per_sample_noise(seeds: Sequence[int], lengths: Sequence[int], frames: int, device: torch.device) -> NoiseSource:
    """Make a noise source that draws each row from its own seed.

    So the noise of a motion does not depend on the batch it is in. It is drawn on the CPU and then moved to the device,
    so that all devices get the same noise.

    Args:
        seeds: seed of each row.
        lengths: frames of noise in each row; zeros follow.
        frames: frames of the batch.
        device: where the noise goes.
    """
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def draw() -> Tensor:
        noise = torch.zeros(len(seeds), frames, FEATURES)
        for row, (generator, length) in enumerate(zip(generators, lengths, strict=True)):
            noise[row, :length] = torch.randn(length, FEATURES, generator=generator)
        return noise.to(device)

    return draw


DenoisingStep = Callable[[Tensor, int, Tensor, NoiseSource], Tensor]
"""Computes the next features from (predicted clean features, index of the step, noisy features, noise source)."""


def make_denoising_step(settings: DenoisingSettings) -> DenoisingStep:
    """Make the function that takes one sampling step.

    Steps are numbered from `settings.steps` - 1 down to 0. DPM-Solver++ uses its previous step, so make one function
    for each batch.
    """
    common = {
        "num_train_timesteps": settings.steps,
        "trained_betas": respace(settings.process_steps, settings.steps)[1],
        "prediction_type": "sample",
        "timestep_spacing": "trailing",  # the only spacing that visits every step of a process of `steps` steps
    }
    if settings.resolved_sampler == "dpm-solver++":
        solver = DPMSolverMultistepScheduler(**common, algorithm_type="dpmsolver++")
        solver.set_timesteps(settings.steps)
        return lambda clean, index, x, noise: solver.step(clean, index, x, return_dict=False)[0]
    ddim = DDIMScheduler(**common, clip_sample=False)
    ddim.set_timesteps(settings.steps)
    if settings.resolved_sampler == "ddim":
        return lambda clean, index, x, noise: ddim.step(clean, index, x, return_dict=False)[0]
    return lambda clean, index, x, noise: ddim.step(
        clean, index, x, eta=1.0, variance_noise=noise(), return_dict=False
    )[0]


@torch.inference_mode()
def denoise(model: MDM, text: TextBatch, valid: Tensor, noise: NoiseSource, settings: DenoisingSettings) -> Tensor:
    """Sample normalised features (batch, frames, 263), which are meaningless past the end of a motion.

    Args:
        model: network that predicts clean motions.
        text: encoded texts.
        valid: (batch, frames) bool, False past the end of a motion.
        noise: called once for the start and, by `ddpm`, once per step; returns noise on the device of the model.
        settings: sampler, steps and guidance.
    """
    times = respace(settings.process_steps, settings.steps)[0]
    step = make_denoising_step(settings)
    x = noise()
    for index in reversed(range(settings.steps)):
        time = torch.full((len(x),), int(times[index]), device=x.device)
        x = step(predict_guided(model, x, time, text, valid, settings.guidance), index, x, noise)
    return x
