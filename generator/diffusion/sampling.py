"""Motion out of noise, with the schedulers of `diffusers`.

`ddpm`: ancestral sampling (Ho et al., 2020), which is DDIM with eta 1; `ddim`: deterministic (Song et al., "Denoising
Diffusion Implicit Models", 2021); `dpm-solver++`: second order, multistep (Lu et al., "DPM-Solver++", 2022), the best
of them in few steps. Fewer steps than the process has are taken on the process respaced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from torch import Tensor

from generator.diffusion.diffusion import respaced
from generator.model.guidance import guided
from generator.model.mdm import FEATURES, MDM
from generator.text.text_batch import TextBatch

Sampler = Literal["auto", "ddpm", "ddim", "dpm-solver++"]
SAMPLERS: tuple[str, ...] = get_args(Sampler)
Noise = Callable[[], Tensor]
"""Gives the next unit noise, (batch, frames, 263)."""


@dataclass(frozen=True)
class Denoising:
    """How noise is turned into motion.

    Attributes:
        process_steps: of the process that the model was trained on.
        steps: of sampling, at most as many.
        guidance: scale of classifier-free guidance; 1 is none.
        sampler: "auto" is `ddpm` where every step of the process is taken, and `dpm-solver++` where fewer are.
    """

    process_steps: int
    steps: int
    guidance: float = 1.0
    sampler: Sampler = "auto"

    @property
    def chosen(self) -> Sampler:
        if self.sampler != "auto":
            return self.sampler
        return "ddpm" if self.steps == self.process_steps else "dpm-solver++"


def own_noise(seeds: Sequence[int], lengths: Sequence[int], frames: int, device: torch.device) -> Noise:
    """Noise of which each row is drawn from a seed of its own, for so many frames, with zeros after them.

    A motion's noise does not depend on what it is batched with; it is drawn on the CPU, whatever device it goes
    to.
    """
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def draw() -> Tensor:
        noise = torch.zeros(len(seeds), frames, FEATURES)
        for row, (generator, length) in enumerate(zip(generators, lengths, strict=True)):
            noise[row, :length] = torch.randn(length, FEATURES, generator=generator)
        return noise.to(device)

    return draw


def stepper(how: Denoising) -> Callable[[Tensor, int, Tensor, Noise], Tensor]:
    """What takes one step: (clean features as predicted, index of the step, noisy features, noise) -> less noisy ones.

    Steps are numbered `how.steps` - 1 down to 0. DPM-Solver++ remembers its last step, so one stepper serves one batch.
    """
    common = {
        "num_train_timesteps": how.steps,
        "trained_betas": respaced(how.process_steps, how.steps)[1],
        "prediction_type": "sample",
        "timestep_spacing": "trailing",  # the one with which all steps are taken where their number is the process's
    }
    if how.chosen == "dpm-solver++":
        solver = DPMSolverMultistepScheduler(**common, algorithm_type="dpmsolver++")
        solver.set_timesteps(how.steps)
        return lambda clean, index, x, noise: solver.step(clean, index, x, return_dict=False)[0]
    ddim = DDIMScheduler(**common, clip_sample=False)
    ddim.set_timesteps(how.steps)
    if how.chosen == "ddim":
        return lambda clean, index, x, noise: ddim.step(clean, index, x, return_dict=False)[0]
    return lambda clean, index, x, noise: ddim.step(
        clean, index, x, eta=1.0, variance_noise=noise(), return_dict=False
    )[0]


@torch.inference_mode()
def denoise(model: MDM, text: TextBatch, valid: Tensor, noise: Noise, how: Denoising) -> Tensor:
    """Normalised features (batch, frames, 263); what lies past a motion's end means nothing.

    Args:
        text: what the motions are to show.
        valid: (batch, frames) bool.
        noise: asked once for the start and, by `ddpm`, once a step; on the device of the model.
    """
    times = respaced(how.process_steps, how.steps)[0]
    step = stepper(how)
    x = noise()
    for index in reversed(range(how.steps)):
        time = torch.full((len(x),), int(times[index]), device=x.device)
        x = step(guided(model, x, time, text, valid, how.guidance), index, x, noise)
    return x
