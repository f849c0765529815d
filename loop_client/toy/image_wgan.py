"""A class-conditional Wasserstein GAN with gradient penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from loop_client.toy.image_models import ImageFormat, ImageModel, normal_noise
from motion.errors import InvalidInput

_CRITIC_STEPS = 5
_PENALTY = 10.0


class _Generator(nn.Module):
    """Maps noise (n, latent) and classes (n,) to images (n, channels, height, width)."""

    def __init__(self, image: ImageFormat, width: int, latent: int):
        super().__init__()
        channels, height, breadth = image.shape
        self.begin = (4 * width, height // 4, breadth // 4)
        self.image, self.latent = image, latent
        self.first = nn.Linear(latent + image.classes, int(np.prod(self.begin)))
        self.rest = nn.Sequential(
            nn.ReLU(), nn.Upsample(scale_factor=2), nn.Conv2d(4 * width, 2 * width, 3, padding=1),
            nn.ReLU(), nn.Upsample(scale_factor=2), nn.Conv2d(2 * width, width, 3, padding=1),
            nn.ReLU(), nn.Conv2d(width, channels, 3, padding=1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, noise: Tensor, classes: Tensor) -> Tensor:
        one_hot = functional.one_hot(classes, self.image.classes).to(noise.dtype)
        return self.rest(self.first(torch.cat([noise, one_hot], 1)).view(-1, *self.begin))


class _Critic(nn.Module):
    """Maps images (n, channels, height, width) and classes (n,) to scores (n,)."""

    def __init__(self, image: ImageFormat, width: int):
        super().__init__()
        channels, height, breadth = image.shape
        self.classes = image.classes
        self.layers = nn.Sequential(
            nn.Conv2d(channels + image.classes, 2 * width, 3, stride=2, padding=1), nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1), nn.LeakyReLU(0.2),
            nn.Flatten(), nn.Linear(4 * width * (height // 4) * (breadth // 4), 1),
        )  # fmt: skip

    def forward(self, images: Tensor, classes: Tensor) -> Tensor:
        one_hot = functional.one_hot(classes, self.classes).to(images.dtype)[..., None, None]
        return self.layers(torch.cat([images, one_hot.expand(-1, -1, *images.shape[2:])], 1))[:, 0]


@dataclass(frozen=True)
class WassersteinGAN(ImageModel):
    """A `ToyModel`: WGAN-GP, with five steps of the critic for one of the generator.

    Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017. Height and width of the images must be
    multiples of 4.

    Attributes:
        latent: dimension of the noise, whose variance a sampling bias scales (truncation).
    """

    latent: int = 32

    def __post_init__(self) -> None:
        if self.image.shape[1] % 4 or self.image.shape[2] % 4:
            size = "{} x {}".format(*self.image.shape[1:])
            raise InvalidInput.of(
                "generator.kind", f"is 'wgan-gp', which needs images whose sides are multiples of 4; these are {size}"
            )

    def _make_networks(self) -> nn.ModuleDict:
        return nn.ModuleDict({"generator": _Generator(self.image, self.width, self.latent),
                              "critic": _Critic(self.image, self.width)})  # fmt: skip

    def make_optimizer(self, network: nn.Module, rate: float) -> torch.optim.Optimizer:
        """Return an optimizer of a network's weights, without moments."""
        return torch.optim.Adam(network.parameters(), rate, betas=(0.0, 0.9))

    def _train_step(
        self, networks: nn.ModuleDict, optimizers: dict[str, Any], images: Tensor, classes: Tensor, step: int
    ) -> None:
        generator, critic = networks["generator"], networks["critic"]
        fake = generator(torch.randn(len(images), self.latent).to(images.device), classes)
        distance = critic(fake.detach(), classes).mean() - critic(images, classes).mean()
        share = torch.rand(len(images), 1, 1, 1).to(images.device)
        between = (share * images + (1 - share) * fake.detach()).requires_grad_(True)
        (slope,) = torch.autograd.grad(critic(between, classes).sum(), between, create_graph=True)
        penalty = ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
        optimizers["critic"].zero_grad()
        (distance + _PENALTY * penalty).backward()
        optimizers["critic"].step()
        if step % _CRITIC_STEPS == 0:
            optimizers["generator"].zero_grad()
            noise = torch.randn(len(images), self.latent).to(images.device)
            (-critic(generator(noise, classes), classes).mean()).backward()
            optimizers["generator"].step()

    def _generate(self, networks: nn.ModuleDict, classes: Tensor, bias: float, rng: torch.Generator) -> Tensor:
        return networks["generator"](np.sqrt(bias) * normal_noise((len(classes), self.latent), rng), classes)
