"""Class-conditional diffusion and flow matching with a U-Net (the one of `diffusers`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from loop_client.toy.image_models import ImageModel, normal_noise, num_levels
from motion.errors import InvalidInput

_GROUPS = 8
_TIME_SCALE = 1000.0  # the network's time embedding expects steps of a process of about this length


@dataclass(frozen=True)
class UNetModel(ImageModel):
    """Base of both kinds: a U-Net with classifier-free guidance.

    Ho and Salimans, "Classifier-Free Diffusion Guidance", 2022.

    Attributes:
        guidance: the weight w of (1 + w) · conditional - w · unconditional. A sampling bias below 1 adds 1 / bias - 1
            to it (Alemohammad et al., ICLR 2024, appendix).
        drop: share of images whose class is dropped in training.
        steps: of sampling.
    """

    guidance: float = 0.0
    drop: float = 0.1
    steps: int = 25

    def __post_init__(self) -> None:
        if self.width % _GROUPS:
            raise InvalidInput.of("generator.settings.width", f"is {self.width}; must be a multiple of {_GROUPS}")

    def _make_networks(self) -> nn.ModuleDict:
        from diffusers.models.unets.unet_2d import UNet2DModel

        levels = num_levels(self.image.shape, 3)
        network = UNet2DModel(
            in_channels=self.image.shape[0],
            out_channels=self.image.shape[0],
            block_out_channels=tuple(self.width * min(2**level, 4) for level in range(levels)),
            layers_per_block=1,
            down_block_types=("DownBlock2D",) * levels,
            up_block_types=("UpBlock2D",) * levels,
            norm_num_groups=_GROUPS,
            num_class_embeds=self.image.classes + 1,
            add_attention=False,
        )
        return nn.ModuleDict({"unet": network})

    def _drop_classes(self, classes: Tensor) -> Tensor:
        """Replace a random share of the class labels by the label for no class, for classifier-free guidance."""
        return torch.where(torch.rand(len(classes)).to(classes.device) < self.drop, self.image.classes, classes)

    def _guided(self, unet: nn.Module, x: Tensor, time: Tensor, classes: Tensor, bias: float) -> Tensor:
        weight = self.guidance + 1 / bias - 1
        if weight == 0:
            return unet(x, time, classes).sample
        no_class = torch.full_like(classes, self.image.classes)
        both = unet(torch.cat([x, x]), time, torch.cat([classes, no_class])).sample
        conditional, unconditional = both.chunk(2)
        return (1 + weight) * conditional - weight * unconditional


@dataclass(frozen=True)
class UNetDiffusion(UNetModel):
    """A `ToyModel`: diffusion that predicts the noise (Ho et al., 2020), with betas rising linearly from 1e-4 to 0.02.

    Attributes:
        times: steps of the process. With as many steps, sampling is ancestral; with fewer it is DDIM (Song et al.,
            2021).
        ancestral: sample ancestrally with fewer steps too, over times further apart (Nichol and Dhariwal, ICML 2021).
            Fresh noise in each step repairs errors of small networks.
    """

    times: int = 400
    ancestral: bool = False

    def _train_step(
        self, networks: nn.ModuleDict, optimizers: dict[str, Any], images: Tensor, classes: Tensor, step: int
    ) -> None:
        scheduler = self._scheduler()
        noise = torch.randn(images.shape).to(images.device)
        time = torch.randint(self.times, (len(images),)).to(images.device)
        noisy = scheduler.add_noise(images, noise, time)
        predicted = networks["unet"](noisy, time, self._drop_classes(classes)).sample
        optimizers["unet"].zero_grad()
        nn.functional.mse_loss(predicted, noise).backward()
        optimizers["unet"].step()

    def _generate(self, networks: nn.ModuleDict, classes: Tensor, bias: float, rng: torch.Generator) -> Tensor:
        scheduler = self._scheduler()
        scheduler.set_timesteps(min(self.steps, self.times))
        x = normal_noise((len(classes), *self.image.shape), rng)
        for time in scheduler.timesteps:
            predicted = self._guided(networks["unet"], x, time.to(x.device), classes, bias)
            x = scheduler.step(predicted, time, x, generator=rng).prev_sample
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
    """A `ToyModel`: flow matching with optimal transport in each batch (Tong et al., TMLR 2024), by Euler's method."""

    def _train_step(
        self, networks: nn.ModuleDict, optimizers: dict[str, Any], images: Tensor, classes: Tensor, step: int
    ) -> None:
        noise = torch.randn(images.shape).to(images.device)
        cost = torch.cdist(images.flatten(1), noise.flatten(1)).cpu().numpy() ** 2
        # The network knows the class, so noise is paired within each class.
        cost += 1e6 * (classes[:, None] != classes[None]).cpu().numpy()
        noise = noise[torch.from_numpy(linear_sum_assignment(cost)[1]).to(noise.device)]
        time = torch.rand(len(images)).to(images.device)
        share = time.view(-1, 1, 1, 1)
        noisy = (1 - share) * noise + share * images
        predicted = networks["unet"](noisy, _TIME_SCALE * time, self._drop_classes(classes)).sample
        optimizers["unet"].zero_grad()
        nn.functional.mse_loss(predicted, images - noise).backward()
        optimizers["unet"].step()

    def _generate(self, networks: nn.ModuleDict, classes: Tensor, bias: float, rng: torch.Generator) -> Tensor:
        x = normal_noise((len(classes), *self.image.shape), rng)
        for time in np.arange(self.steps) / self.steps:
            network_time = torch.tensor(_TIME_SCALE * time, dtype=torch.float32, device=x.device)
            x = x + self._guided(networks["unet"], x, network_time, classes, bias) / self.steps
        return x
