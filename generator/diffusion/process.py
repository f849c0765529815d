"""What leads from noise to motion: how noise is put in for a network to learn from, and how it is taken out."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from generator.diffusion import flow
from generator.diffusion.diffusion import noised
from generator.diffusion.sampling import Denoising, Noise, Sampler, denoise
from generator.model.mdm import MDM
from generator.text.text_batch import TextBatch
from generator.training.settings import Settings


class Process(Protocol):
    """A way from noise to motion.

    Attributes:
        name: of models that are taught it.
        most_steps: that can be taken in sampling.
        usual_steps: that are taken where a request names none.
    """

    name: str
    most_steps: int
    usual_steps: int

    def noised(self, clean: Tensor, chance: torch.Generator) -> tuple[Tensor, Tensor]:
        """Motions `clean` (batch, frames, features) on their way, at times (batch,), integers, that are drawn from
        `chance` as the noise is. What a network is to say of them is `clean`."""
        ...

    def sample(
        self, model: MDM, text: TextBatch, valid: Tensor, noise: Noise, steps: int, guidance: float, sampler: Sampler
    ) -> Tensor:
        """Normalised features (batch, frames, 263); `valid` (batch, frames) bool."""
        ...


class Diffusion:
    """See `generator.diffusion.diffusion` and `generator.diffusion.sampling`."""

    name = "mdm"

    def __init__(self, steps: int):
        self.most_steps = self.usual_steps = steps

    def noised(self, clean: Tensor, chance: torch.Generator) -> tuple[Tensor, Tensor]:
        time = torch.randint(self.most_steps, (len(clean),), generator=chance)
        noise = _noise_like(clean, chance)
        return noised(clean, noise, time, self.most_steps), time.to(clean.device)

    def sample(
        self, model: MDM, text: TextBatch, valid: Tensor, noise: Noise, steps: int, guidance: float, sampler: Sampler
    ) -> Tensor:
        return denoise(model, text, valid, noise, Denoising(self.most_steps, steps, guidance, sampler))


class Flow:
    """See `generator.diffusion.flow`; the sampler is its own."""

    name = "flow"
    most_steps = flow.MOST_STEPS
    usual_steps = flow.STEPS

    def noised(self, clean: Tensor, chance: torch.Generator) -> tuple[Tensor, Tensor]:
        share = torch.rand(len(clean), generator=chance)
        noise = _noise_like(clean, chance)
        return flow.on_the_way(clean, noise, share), flow.ticks(share).to(clean.device)

    def sample(
        self, model: MDM, text: TextBatch, valid: Tensor, noise: Noise, steps: int, guidance: float, sampler: Sampler
    ) -> Tensor:
        return flow.integrate(model, text, valid, noise, steps, guidance)


def _noise_like(clean: Tensor, chance: torch.Generator) -> Tensor:
    return torch.randn(clean.shape, generator=chance).to(clean.device)


def process_of(settings: Settings) -> Process:
    return Flow() if settings.kind == "flow" else Diffusion(settings.diffusion_steps)
