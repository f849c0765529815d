"""Diffusion and flow matching with a U-Net (the one of `diffusers`), told the class."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from loop_client.toy.image_models import ImageModel, drawn, levels
from motion.errors import InvalidInput

_GROUPS = 8
_TIMES = 1000.0  # the network was made for steps of this many


@dataclass(frozen=True)
class UNetModel(ImageModel):
    """Classifier-free guidance (Ho and Salimans, "Classifier-Free Diffusion Guidance", 2022) and what it needs.

    Attributes:
        guidance: w of (1 + w) · told - w · untold. A sampling bias below 1 adds 1 / bias - 1 to it (Alemohammad et al.,
            ICLR 2024, appendix).
        drop: share of images whose class is not told in training.
        steps: of sampling.
    """

    guidance: float = 0.0
    drop: float = 0.1
    steps: int = 25

    def __post_init__(self) -> None:
        if self.width % _GROUPS:
            raise InvalidInput.of("generator.settings.width", f"is {self.width}; must be a multiple of {_GROUPS}")

    def _networks(self) -> nn.ModuleDict:
        from diffusers.models.unets.unet_2d import UNet2DModel

        sizes = levels(self.image.shape, 3)
        network = UNet2DModel(
            in_channels=self.image.shape[0],
            out_channels=self.image.shape[0],
            block_out_channels=tuple(self.width * min(2**level, 4) for level in range(sizes)),
            layers_per_block=1,
            down_block_types=("DownBlock2D",) * sizes,
            up_block_types=("UpBlock2D",) * sizes,
            norm_num_groups=_GROUPS,
            num_class_embeds=self.image.classes + 1,
            add_attention=False,
        )
        return nn.ModuleDict({"unet": network})

    def _told(self, classes: Tensor) -> Tensor:
        """Classes, some of them untold."""
        return torch.where(torch.rand(len(classes)).to(classes.device) < self.drop, self.image.classes, classes)

    def _guided(self, unet: nn.Module, x: Tensor, time: Tensor, classes: Tensor, bias: float) -> Tensor:
        weight = self.guidance + 1 / bias - 1
        if weight == 0:
            return unet(x, time, classes).sample
        untold = torch.full_like(classes, self.image.classes)
        told, free = unet(torch.cat([x, x]), time, torch.cat([classes, untold])).sample.chunk(2)
        return (1 + weight) * told - weight * free


@dataclass(frozen=True)
class UNetDiffusion(UNetModel):
    """Noise is predicted (Ho et al., 2020), betas rise linearly from 1e-4 to 0.02.

    Attributes:
        times: steps of the process; sampling in as many is ancestral, in fewer DDIM's (Song et al., 2021).
        ancestral: in fewer too, over times further apart (Nichol and Dhariwal, ICML 2021). Fresh noise in each step
            makes good what small networks get wrong.
    """

    times: int = 400
    ancestral: bool = False

    def _step(
        self, networks: nn.ModuleDict, optimizers: dict[str, Any], images: Tensor, classes: Tensor, step: int
    ) -> None:
        scheduler = self._scheduler()
        noise = torch.randn(images.shape).to(images.device)
        time = torch.randint(self.times, (len(images),)).to(images.device)
        noisy = scheduler.add_noise(images, noise, time)
        said = networks["unet"](noisy, time, self._told(classes)).sample
        optimizers["unet"].zero_grad()
        nn.functional.mse_loss(said, noise).backward()
        optimizers["unet"].step()

    def _made(self, networks: nn.ModuleDict, classes: Tensor, bias: float, noise: torch.Generator) -> Tensor:
        scheduler = self._scheduler()
        scheduler.set_timesteps(min(self.steps, self.times))
        x = drawn((len(classes), *self.image.shape), noise)
        for time in scheduler.timesteps:
            said = self._guided(networks["unet"], x, time.to(x.device), classes, bias)
            x = scheduler.step(said, time, x, generator=noise).prev_sample
        return x

    def _scheduler(self) -> Any:
        return _scheduler(self.times, self.ancestral or self.steps >= self.times)


@cache
def _scheduler(times: int, ancestral: bool) -> Any:
    from diffusers.schedulers.scheduling_ddim import DDIMScheduler
    from diffusers.schedulers.scheduling_ddpm import DDPMScheduler

    return (DDPMScheduler if ancestral else DDIMScheduler)(times)


@dataclass(frozen=True)
class UNetFlow(UNetModel):
    """Flow matching with optimal transport in each batch: Tong et al., TMLR 2024. Sampling by Euler's rule."""

    def _step(
        self, networks: nn.ModuleDict, optimizers: dict[str, Any], images: Tensor, classes: Tensor, step: int
    ) -> None:
        noise = torch.randn(images.shape).to(images.device)
        cost = torch.cdist(images.flatten(1), noise.flatten(1)).cpu().numpy() ** 2
        # Each class for itself, as the network is told it.
        cost += 1e6 * (classes[:, None] != classes[None]).cpu().numpy()
        noise = noise[torch.from_numpy(linear_sum_assignment(cost)[1]).to(noise.device)]
        time = torch.rand(len(images)).to(images.device)
        share = time.view(-1, 1, 1, 1)
        said = networks["unet"]((1 - share) * noise + share * images, _TIMES * time, self._told(classes)).sample
        optimizers["unet"].zero_grad()
        nn.functional.mse_loss(said, images - noise).backward()
        optimizers["unet"].step()

    def _made(self, networks: nn.ModuleDict, classes: Tensor, bias: float, noise: torch.Generator) -> Tensor:
        x = drawn((len(classes), *self.image.shape), noise)
        for time in np.arange(self.steps) / self.steps:
            told = torch.tensor(_TIMES * time, dtype=torch.float32, device=x.device)
            x = x + self._guided(networks["unet"], x, told, classes, bias) / self.steps
        return x
