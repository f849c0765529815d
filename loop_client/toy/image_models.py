"""The base of generators of images: one network for each run, trained on labelled images."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from loop_client.evaluation.torch_threads import single_threaded_torch
from loop_client.toy.image_sets import join_images, split_images
from loop_client.toy.point_set import PointSet, concatenated
from loop_client.toy.toy_model import RngFactory

_CHUNK = 512  # images sampled at once


@dataclass(frozen=True)
class ImageFormat:
    """The format of images.

    Attributes:
        shape: channels, height, width.
        classes: number of classes.
    """

    shape: tuple[int, int, int]
    classes: int


@dataclass(eq=False)
class TrainedImageModel:
    """The trained model of one run.

    Attributes:
        networks: by name.
        optimizers: the state of each network's optimizer, by the same name; empty where it is not kept.
    """

    networks: nn.ModuleDict
    optimizers: dict[str, Any]


@dataclass(frozen=True)
class ImageModel:
    """Base of the `ToyModel`s of images: a network for each run, trained from scratch or continued.

    Attributes:
        image: the format of the images; the other attributes are settings of a recipe.
        width: channels of the first layer.
        first_epochs: epochs of generation 0.
        epochs: epochs of each later generation.
        updates: optimizer steps of each later generation instead of `epochs`, where above 0: a constant number of
            images, whatever the size of the training set (Bertrand et al., section 5).
        first_rate: Adam's learning rate in generation 0, which falls to zero linearly.
        rate: Adam's learning rate in later generations.
        batch: images per step.
        scratch: train later generations from scratch, like generation 0.
        keep_optimizer: continue later generations with Adam's moments.
    """

    image: ImageFormat
    width: int = 16
    first_epochs: int = 20
    epochs: int = 1
    updates: int = 0
    first_rate: float = 1e-3
    rate: float = 1e-4
    batch: int = 128
    scratch: bool = False
    keep_optimizer: bool = False

    def train(
        self, training_set: Sequence[PointSet], previous: list[TrainedImageModel] | None, rng_for: RngFactory
    ) -> list[TrainedImageModel]:
        """Train a model for each run, starting from the previous ones unless `scratch` is set."""
        points, rng = concatenated(training_set), rng_for("fit")
        seeds = rng.integers(2**31, size=len(points))
        with single_threaded_torch():
            return [
                self._train_run(images, None if previous is None or self.scratch else previous[run], int(seed))
                for run, (images, seed) in enumerate(zip(points, seeds, strict=True))
            ]

    def untrained(self, runs: int, rng: np.random.Generator) -> list[TrainedImageModel]:
        """Return networks of random weights."""
        seeds = rng.integers(2**31, size=runs)
        with torch.random.fork_rng(devices=[]):
            return [self._untrained_run(int(seed)) for seed in seeds]

    def _untrained_run(self, seed: int) -> TrainedImageModel:
        torch.manual_seed(seed)
        return TrainedImageModel(self._make_networks().eval().requires_grad_(False), {})

    def sample(self, model: list[TrainedImageModel], n: int, bias: float, rng: np.random.Generator) -> np.ndarray:
        """Sample images, equally many of each class."""
        samples = []
        with single_threaded_torch(), torch.inference_mode():
            for trained in model:
                classes = rng.permutation(np.arange(n) % self.image.classes)
                noise_rng = torch.Generator().manual_seed(int(rng.integers(2**31)))
                networks = trained.networks.to(_device()).eval()
                chunks = [
                    self._generate(networks, chunk.to(_device()), bias, noise_rng).float().cpu()
                    for chunk in torch.from_numpy(classes).split(_CHUNK)
                ]
                pixels = torch.cat(chunks).flatten(1).clamp(-1, 1).double().numpy()
                samples.append(join_images(pixels, classes))
        return np.stack(samples)

    def _train_run(self, points: np.ndarray, previous: TrainedImageModel | None, seed: int) -> TrainedImageModel:
        pixels, classes = split_images(points)
        images = torch.from_numpy(pixels.astype(np.float32)).view(-1, *self.image.shape)
        labels = torch.from_numpy(classes)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            networks = copy.deepcopy(previous.networks) if previous else self._make_networks()
            networks.to(_device()).train().requires_grad_(True)
            rate = self.rate if previous else self.first_rate
            optimizers = {name: self.make_optimizer(network, rate) for name, network in networks.items()}
            if previous and self.keep_optimizer:
                for name, optimizer in optimizers.items():
                    optimizer.load_state_dict(previous.optimizers[name])
                    for group in optimizer.param_groups:
                        group["lr"] = rate
            batch = min(self.batch, len(images))
            epochs = self.epochs if previous else self.first_epochs
            steps = self.updates if previous and self.updates else epochs * (len(images) // batch)
            for step, rows in enumerate(itertools.islice(_batches(len(images), batch), steps)):
                if previous is None:
                    for optimizer in optimizers.values():
                        for group in optimizer.param_groups:
                            group["lr"] = rate * (1 - step / steps)
                self._train_step(networks, optimizers, images[rows].to(_device()), labels[rows].to(_device()), step)
        states = {name: optimizer.state_dict() for name, optimizer in optimizers.items()} if self.keep_optimizer else {}
        return TrainedImageModel(networks.eval().requires_grad_(False).cpu(), states)

    def make_optimizer(self, network: nn.Module, rate: float) -> torch.optim.Optimizer:
        """Return an optimizer of a network's weights, without moments."""
        return torch.optim.Adam(network.parameters(), rate)

    def _make_networks(self) -> nn.ModuleDict:
        raise NotImplementedError

    def _train_step(
        self, networks: nn.ModuleDict, optimizers: dict[str, Any], images: Tensor, classes: Tensor, step: int
    ) -> None:
        """Update the networks on images (batch, channels, height, width) of `classes` (batch,)."""
        raise NotImplementedError

    def _generate(self, networks: nn.ModuleDict, classes: Tensor, bias: float, rng: torch.Generator) -> Tensor:
        """Generate images (n, channels, height, width) of `classes` (n,)."""
        raise NotImplementedError


def normal_noise(shape: Sequence[int], rng: torch.Generator) -> Tensor:
    """Draw standard normal numbers on the CPU, so that they are the same whatever the device."""
    return torch.randn(*shape, generator=rng).to(_device())


def _batches(n: int, batch: int) -> Iterator[Tensor]:
    """Yield rows of batches, epoch by epoch, without end."""
    while True:
        order = torch.randperm(n)
        yield from order[: n - n % batch].split(batch)


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def num_levels(shape: tuple[int, int, int], most: int) -> int:
    """Count the resolutions of a network for images of this shape, each half of the one before, at most `most`."""
    side, found = math.gcd(shape[1], shape[2]), 1
    while found < most and side % 2**found == 0:
        found += 1
    return found
