"""EDM on points and on images.

Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models", NeurIPS 2022.

A denoiser D(x, s) = c_skip x + c_out F(c_in x, c_noise) is trained at noise levels s of a lognormal distribution, and
sampled deterministically by Heun's method.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from loop_client.toy.image_models import normal_noise
from loop_client.toy.image_unet import UNetModel
from loop_client.toy.point_networks import NetworkModel, Networks

_LOG_MEAN, _LOG_SPREAD = -1.2, 1.2  # of the noise levels in training, where the data has a deviation of 0.5
_LEAST, _MOST, _RHO = 0.002, 80.0, 7.0  # noise levels in sampling, likewise, and the exponent of their spacing
_PUBLISHED_DEVIATION = 0.5
_TIME_SCALE = 1000.0

Denoiser = Callable[[Tensor, Tensor], Tensor]
"""(x, noise levels that broadcast to x) -> denoised x."""


@dataclass(frozen=True)
class Preconditioning:
    """The scalings of EDM for data of a standard deviation (table 1 of the paper).

    Attributes:
        deviation: of the data, over all its coordinates.
    """

    deviation: float

    def training_levels(self, normal: Tensor) -> Tensor:
        """Return the noise levels for standard normal numbers."""
        return torch.exp(_LOG_MEAN + _LOG_SPREAD * normal) * (self.deviation / _PUBLISHED_DEVIATION)

    def denoise(self, network: Denoiser, x: Tensor, level: Tensor) -> Tensor:
        """Denoise with a network F that is given the scaled input and c_noise = ln(s) / 4."""
        total = level**2 + self.deviation**2
        skip, out = self.deviation**2 / total, level * self.deviation / torch.sqrt(total)
        return skip * x + out * network(x / torch.sqrt(total), torch.log(level / self.deviation) / 4)

    def weight(self, level: Tensor) -> Tensor:
        """Return the weight of the squared error at a noise level."""
        return (level**2 + self.deviation**2) / (level * self.deviation) ** 2

    def sampling_levels(self, steps: int) -> np.ndarray:
        """Return decreasing noise levels, (steps + 1,), of which the last is 0."""
        ramp = np.arange(steps) / max(steps - 1, 1)
        low, high = _LEAST ** (1 / _RHO), _MOST ** (1 / _RHO)
        return np.append((high + ramp * (low - high)) ** _RHO * (self.deviation / _PUBLISHED_DEVIATION), 0.0)

    def sample(self, network: Denoiser, noise: Tensor, steps: int) -> Tensor:
        """Sample by Heun's method from standard normal noise."""
        levels = self.sampling_levels(steps)
        x = noise * float(levels[0])
        for now, after in pairwise(levels):
            slope = (x - self.denoise(network, x, _filled(x, now))) / now
            ahead = x + (after - now) * slope
            if after:
                second = (ahead - self.denoise(network, ahead, _filled(x, after))) / after
                ahead = x + (after - now) * (slope + second) / 2
            x = ahead
        return x


def _filled(x: Tensor, level: float) -> Tensor:
    """Return a noise level for each point (runs, n, 1) or image (n, 1, 1, 1)."""
    shape = (*x.shape[:2], 1) if x.ndim == 3 else (len(x), 1, 1, 1)
    return torch.full(shape, float(level), dtype=x.dtype, device=x.device)


@dataclass(frozen=True)
class PointEDM(NetworkModel):
    """A `ToyModel` of points.

    Attributes:
        deviation: standard deviation of the data over all its coordinates.
    """

    deviation: float = 1.0

    def _loss(self, networks: Networks, clean: np.ndarray, rng: np.random.Generator) -> Tensor:
        scaling = Preconditioning(self.deviation)
        normal = torch.from_numpy(rng.standard_normal((*clean.shape[:2], 1), dtype=np.float32))
        level = scaling.training_levels(normal)
        points = torch.from_numpy(clean)
        noisy = points + level * torch.from_numpy(rng.standard_normal(clean.shape, dtype=np.float32))
        error = scaling.denoise(networks, noisy, level) - points
        return (scaling.weight(level) * error**2).mean((1, 2))

    def _generate(
        self, networks: Networks, shape: tuple[int, int, int], scale: float, rng: np.random.Generator
    ) -> Tensor:
        noise = scale * torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))
        return Preconditioning(self.deviation).sample(networks, noise, self.steps)


@dataclass(frozen=True)
class UNetEDM(UNetModel):
    """A `ToyModel` of images.

    Attributes:
        deviation: standard deviation of the pixels.
    """

    deviation: float = 0.5

    def _train_step(
        self, networks: nn.ModuleDict, optimizers: dict[str, Any], images: Tensor, classes: Tensor, step: int
    ) -> None:
        scaling = Preconditioning(self.deviation)
        level = scaling.training_levels(torch.randn(len(images), 1, 1, 1)).to(images.device)
        noisy = images + level * torch.randn(images.shape).to(images.device)
        labels = self._drop_classes(classes)

        def network(x: Tensor, noise: Tensor) -> Tensor:
            return networks["unet"](x, _TIME_SCALE * noise.flatten(), labels).sample

        error = scaling.denoise(network, noisy, level) - images
        optimizers["unet"].zero_grad()
        (scaling.weight(level) * error**2).mean().backward()
        optimizers["unet"].step()

    def _generate(self, networks: nn.ModuleDict, classes: Tensor, bias: float, rng: torch.Generator) -> Tensor:
        def network(x: Tensor, noise: Tensor) -> Tensor:
            time = _TIME_SCALE * noise.flatten(1)[:, 0]
            return self._guided(networks["unet"], x, time.repeat(2 if self._is_guided(bias) else 1), classes, bias)

        noise = normal_noise((len(classes), *self.image.shape), rng)
        return Preconditioning(self.deviation).sample(network, noise, self.steps)

    def _is_guided(self, bias: float) -> bool:
        return self.guidance + 1 / bias - 1 != 0
