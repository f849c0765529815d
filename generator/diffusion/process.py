"""The interface that training and sampling have in common for the diffusion process and for flow matching."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from generator.diffusion import diffusion, flow
from generator.diffusion.sampling import DenoisingSettings, NoiseSource, Sampler, denoise
from generator.model.mdm import MDM
from generator.text.text_batch import TextBatch
from generator.training.settings import Settings


class Process(Protocol):
    """A process between motion and noise.

    Attributes:
        name: name of the models that are trained for it.
        max_steps: most sampling steps.
        default_steps: sampling steps if a request names none.
    """

    name: str
    max_steps: int
    default_steps: int

    def add_noise(self, clean: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw times and noise for a training step, whose target is `clean`.

        Args:
            clean: (batch, frames, features) clean motions.
            rng: draws the times, then the noise.

        Returns:
            Noisy motions (batch, frames, features) and their integer times (batch,).
        """
        ...

    def sample(
        self,
        model: MDM,
        text: TextBatch,
        valid: Tensor,
        noise: NoiseSource,
        steps: int,
        guidance: float,
        sampler: Sampler,
    ) -> Tensor:
        """Sample normalised features (batch, frames, 263).

        Args:
            model: network that predicts clean motions.
            text: encoded texts.
            valid: (batch, frames) bool, False past the end of a motion.
            noise: source of unit noise, on the device of the model.
            steps: sampling steps, at most `max_steps`.
            guidance: scale of classifier-free guidance.
            sampler: see `generator.diffusion.sampling`; a flow has its own.
        """
        ...


class Diffusion:
    """The process of `generator.diffusion.diffusion`, sampled as in `generator.diffusion.sampling`.

    Args:
        steps: steps of the process.
    """

    name = "mdm"

    def __init__(self, steps: int):
        self.max_steps = self.default_steps = steps

    def add_noise(self, clean: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Add the noise of random steps; see `Process.add_noise`."""
        time = torch.randint(self.max_steps, (len(clean),), generator=rng)
        noise = _draw_noise_like(clean, rng)
        return diffusion.add_noise(clean, noise, time, self.max_steps), time.to(clean.device)

    def sample(
        self,
        model: MDM,
        text: TextBatch,
        valid: Tensor,
        noise: NoiseSource,
        steps: int,
        guidance: float,
        sampler: Sampler,
    ) -> Tensor:
        """Sample normalised features; see `Process.sample`."""
        return denoise(model, text, valid, noise, DenoisingSettings(self.max_steps, steps, guidance, sampler))


class Flow:
    """The process of `generator.diffusion.flow`."""

    name = "flow"
    max_steps = flow.MAX_STEPS
    default_steps = flow.DEFAULT_STEPS

    def add_noise(self, clean: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Interpolate to noise at random times; see `Process.add_noise`."""
        share = torch.rand(len(clean), generator=rng)
        noise = _draw_noise_like(clean, rng)
        return flow.interpolate(clean, noise, share), flow.time_indices(share).to(clean.device)

    def sample(
        self,
        model: MDM,
        text: TextBatch,
        valid: Tensor,
        noise: NoiseSource,
        steps: int,
        guidance: float,
        sampler: Sampler,
    ) -> Tensor:
        """Sample normalised features; see `Process.sample`."""
        return flow.integrate(model, text, valid, noise, steps, guidance)


def _draw_noise_like(clean: Tensor, rng: torch.Generator) -> Tensor:
    return torch.randn(clean.shape, generator=rng).to(clean.device)


def make_process(settings: Settings) -> Process:
    """Return the process that a model of these settings is trained for."""
    return Flow() if settings.kind == "flow" else Diffusion(settings.diffusion_steps)
