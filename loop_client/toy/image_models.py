"""Networks that make images of noise, one for each run, trained on labelled images."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from loop_client.evaluation.embedding import one_thread
from loop_client.toy.images import joined, split
from loop_client.toy.point_set import Part, gathered
from loop_client.toy.toy_model import Chance

_AT_ONCE = 512  # images sampled together


@dataclass(frozen=True)
class ImageKind:
    """What images are: channels, height and width, and the number of classes."""

    shape: tuple[int, int, int]
    classes: int


@dataclass(eq=False)
class Trained:
    """A model of one run: its networks by name, and the state of their optimizers."""

    networks: nn.ModuleDict
    optimizers: dict[str, Any]


@dataclass(frozen=True)
class ImageModel:
    """What the kinds have in common: a network for each run, trained in epochs from scratch or on from the last.

    Attributes:
        image: what the images are; the other attributes are settings of a recipe.
        width: channels of the first layer.
        first_epochs, epochs: of generation 0, and of each later one.
        first_rate, rate: of Adam, likewise; the first falls to nothing in a line.
        batch: images a step.
        scratch: later generations begin anew, with what generation 0 has.
        keep_optimizer: later generations go on with Adam's moments.
    """

    image: ImageKind
    width: int = 16
    first_epochs: int = 20
    epochs: int = 1
    first_rate: float = 1e-3
    rate: float = 1e-4
    batch: int = 128
    scratch: bool = False
    keep_optimizer: bool = False

    def fit(self, parts: Sequence[Part], before: list[Trained] | None, chance: Chance) -> list[Trained]:
        points, rng = gathered(parts), chance("fit")
        seeds = rng.integers(2**31, size=len(points))
        with one_thread():
            return [
                self._fitted(images, None if before is None or self.scratch else before[run], int(seed))
                for run, (images, seed) in enumerate(zip(points, seeds, strict=True))
            ]

    def sample(self, model: list[Trained], n: int, bias: float, rng: np.random.Generator) -> np.ndarray:
        """Of each class as many, in turns."""
        made = []
        with one_thread(), torch.inference_mode():
            for trained in model:
                classes = rng.permutation(np.arange(n) % self.image.classes)
                noise = torch.Generator().manual_seed(int(rng.integers(2**31)))
                parts = [
                    self._made(trained.networks.to(_device()).eval(), part.to(_device()), bias, noise).float().cpu()
                    for part in torch.from_numpy(classes).split(_AT_ONCE)
                ]
                made.append(joined(torch.cat(parts).flatten(1).clamp(-1, 1).double().numpy(), classes))
        return np.stack(made)

    def _fitted(self, points: np.ndarray, before: Trained | None, seed: int) -> Trained:
        pixels, classes = split(points)
        images = torch.from_numpy(pixels.astype(np.float32)).view(-1, *self.image.shape)
        labels = torch.from_numpy(classes)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            networks = copy.deepcopy(before.networks) if before else self._networks()
            networks.to(_device()).train().requires_grad_(True)
            rate = self.rate if before else self.first_rate
            optimizers = {name: self._optimizer(network, rate) for name, network in networks.items()}
            if before and self.keep_optimizer:
                for name, optimizer in optimizers.items():
                    optimizer.load_state_dict(before.optimizers[name])
                    for group in optimizer.param_groups:
                        group["lr"] = rate
            batch = min(self.batch, len(images))
            epochs = self.epochs if before else self.first_epochs
            steps = epochs * (len(images) // batch)
            for step, rows in enumerate(_batches(len(images), batch, epochs)):
                if before is None:
                    for optimizer in optimizers.values():
                        for group in optimizer.param_groups:
                            group["lr"] = rate * (1 - step / steps)
                self._step(networks, optimizers, images[rows].to(_device()), labels[rows].to(_device()), step)
        states = {name: optimizer.state_dict() for name, optimizer in optimizers.items()} if self.keep_optimizer else {}
        return Trained(networks.eval().requires_grad_(False).cpu(), states)

    def _optimizer(self, network: nn.Module, rate: float) -> torch.optim.Optimizer:
        return torch.optim.Adam(network.parameters(), rate)

    def _networks(self) -> nn.ModuleDict:
        raise NotImplementedError

    def _step(
        self, networks: nn.ModuleDict, optimizers: dict[str, Any], images: Tensor, classes: Tensor, step: int
    ) -> None:
        """One step of training, on images (batch, channels, height, width) of `classes` (batch,)."""
        raise NotImplementedError

    def _made(self, networks: nn.ModuleDict, classes: Tensor, bias: float, noise: torch.Generator) -> Tensor:
        """Images of `classes` (n,)."""
        raise NotImplementedError


def drawn(shape: Sequence[int], noise: torch.Generator) -> Tensor:
    """Normal numbers, the same on every device."""
    return torch.randn(*shape, generator=noise).to(_device())


def _batches(n: int, batch: int, epochs: int) -> Iterator[Tensor]:
    for _ in range(epochs):
        order = torch.randperm(n)
        yield from order[: n - n % batch].split(batch)


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def levels(shape: tuple[int, int, int], most: int) -> int:
    """How many sizes a network can have, each half of the one before, and at most `most`."""
    side, found = math.gcd(shape[1], shape[2]), 1
    while found < most and side % 2**found == 0:
        found += 1
    return found
