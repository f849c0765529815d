"""Small networks that make points of noise, one for each run, all runs in one batch of matrix products."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from torch import Tensor
from torch.nn import functional

from loop_client.evaluation.embedding import one_thread
from loop_client.toy.point_set import Part, gathered
from loop_client.toy.toy_model import Chance


@dataclass(eq=False)
class Networks:
    """A network for each run, with its optimizer.

    Attributes:
        weights: of each layer (runs, in, out); biases (runs, 1, out).
    """

    weights: list[Tensor]
    biases: list[Tensor]
    optimizer: torch.optim.Adam

    def __call__(self, x: Tensor, time: Tensor) -> Tensor:
        """(runs, n, dim), of points (runs, n, dim) at times (runs, n, 1) from 0 to 1."""
        waves = torch.cat([torch.sin(k * torch.pi * time) for k in (0.5, 1, 2, 4)], dim=2)
        hidden = torch.cat([x, time, waves], dim=2)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden = functional.silu(torch.baddbmm(bias, hidden, weight))
        return torch.baddbmm(self.biases[-1], hidden, self.weights[-1])


_TIME = 5  # inputs that tell the time


def _new(runs: int, dim: int, width: int, layers: int, rate: float, rng: np.random.Generator) -> Networks:
    sizes = [dim + _TIME, *[width] * layers, dim]
    weights, biases = [], []
    for fan_in, fan_out in itertools.pairwise(sizes):
        drawn = rng.uniform(-1, 1, (runs, fan_in + 1, fan_out)) / np.sqrt(fan_in)
        weights.append(torch.tensor(drawn[:, :-1], dtype=torch.float32, requires_grad=True))
        biases.append(torch.tensor(drawn[:, -1:], dtype=torch.float32, requires_grad=True))
    return Networks(weights, biases, torch.optim.Adam([*weights, *biases], rate))


def _copied(networks: Networks, rate: float) -> Networks:
    """Weights and the optimizer's moments, so that training goes on and the ones before stay as they are."""
    weights, biases = ([each.detach().clone().requires_grad_() for each in part]
                       for part in (networks.weights, networks.biases))  # fmt: skip
    optimizer = torch.optim.Adam([*weights, *biases], rate)
    optimizer.load_state_dict(networks.optimizer.state_dict())
    for state in optimizer.state.values():
        for name, value in state.items():
            state[name] = value.clone()
    return Networks(weights, biases, optimizer)


@dataclass(frozen=True)
class _Trained:
    """What both kinds have alike: training in epochs, warm-started from the generation before.

    Attributes:
        width, layers: of the networks.
        epochs: of each generation; `first_epochs`, of generation 0.
        batch: points a step.
        rate: Adam's learning rate.
        steps: of sampling.
    """

    width: int = 64
    layers: int = 3
    epochs: int = 150
    first_epochs: int = 150
    batch: int = 256
    rate: float = 1e-3
    steps: int = 100

    def fit(self, parts: Sequence[Part], before: Networks | None, chance: Chance) -> Networks:
        points, rng = gathered(parts).astype(np.float32), chance("fit")
        runs, n, dim = points.shape
        networks = (
            _copied(before, self.rate)
            if before
            else _new(runs, dim, self.width, self.layers, self.rate, chance("weights"))
        )
        batch = min(self.batch, n)
        with one_thread():
            for _ in range(self.epochs if before else self.first_epochs):
                order = rng.permuted(np.tile(np.arange(n), (runs, 1)), axis=1)
                for start in range(0, n - batch + 1, batch):
                    rows = order[:, start : start + batch, None]
                    loss = self._loss(networks, np.take_along_axis(points, rows, axis=1), rng)
                    networks.optimizer.zero_grad(set_to_none=True)
                    # Runs share no weight, so that the sum's gradient is each run's own.
                    loss.sum().backward()
                    networks.optimizer.step()
        return networks

    def sample(self, model: Networks, n: int, bias: float, rng: np.random.Generator) -> np.ndarray:
        """`bias` scales the variance of the noise that points are made of."""
        runs, dim = len(model.weights[0]), model.weights[-1].shape[2]
        with one_thread(), torch.inference_mode():
            return self._made(model, (runs, n, dim), np.sqrt(bias), rng).double().numpy()

    def _loss(self, networks: Networks, clean: np.ndarray, rng: np.random.Generator) -> Tensor:
        """(runs,), of points (runs, batch, dim)."""
        raise NotImplementedError

    def _made(self, networks: Networks, shape: tuple[int, int, int], scale: float, rng: np.random.Generator) -> Tensor:
        raise NotImplementedError


@dataclass(frozen=True)
class FlowMatchingModel(_Trained):
    """Flow matching with optimal transport in each batch: Tong et al., "Improving and Generalizing Flow-Based
    Generative Models with Minibatch Optimal Transport", TMLR 2024. Sampling by Euler's rule.

    Attributes:
        pairing: pair noise with points by optimal transport; else at random.
    """

    pairing: bool = True

    def _loss(self, networks: Networks, clean: np.ndarray, rng: np.random.Generator) -> Tensor:
        noise = rng.standard_normal(clean.shape, dtype=np.float32)
        if self.pairing:
            noise = np.stack([_paired(*pair) for pair in zip(noise, clean, strict=True)])
        time = rng.random((*clean.shape[:2], 1), dtype=np.float32)
        wanted = torch.from_numpy(clean - noise)
        said = networks(torch.from_numpy((1 - time) * noise + time * clean), torch.from_numpy(time))
        return ((said - wanted) ** 2).mean((1, 2))

    def _made(self, networks: Networks, shape: tuple[int, int, int], scale: float, rng: np.random.Generator) -> Tensor:
        x = scale * torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))
        for step in range(self.steps):
            x = x + networks(x, torch.full((*shape[:2], 1), step / self.steps)) / self.steps
        return x


def _paired(noise: np.ndarray, clean: np.ndarray) -> np.ndarray:
    """`noise` in the order in which it is nearest to `clean`, squared distances summed."""
    return noise[linear_sum_assignment(cdist(clean, noise, "sqeuclidean"))[1]]


@dataclass(frozen=True)
class DiffusionModel(_Trained):
    """Denoising diffusion (Ho et al., 2020): noise is predicted, sampling is ancestral in all
    `steps` of the process."""

    def _loss(self, networks: Networks, clean: np.ndarray, rng: np.random.Generator) -> Tensor:
        index = rng.integers(self.steps, size=(*clean.shape[:2], 1))
        noise = rng.standard_normal(clean.shape, dtype=np.float32)
        left = self._left()[index].astype(np.float32)
        noisy = np.sqrt(left) * clean + np.sqrt(1 - left) * noise
        time = ((index + 1) / self.steps).astype(np.float32)
        said = networks(torch.from_numpy(noisy), torch.from_numpy(time))
        return ((said - torch.from_numpy(noise)) ** 2).mean((1, 2))

    def _made(self, networks: Networks, shape: tuple[int, int, int], scale: float, rng: np.random.Generator) -> Tensor:
        left = self._left()
        before = np.concatenate([[1.0], left[:-1]])
        x = torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))
        for index in reversed(range(self.steps)):
            alpha = left[index] / before[index]
            noise = networks(x, torch.full((*shape[:2], 1), (index + 1) / self.steps))
            x = (x - (1 - alpha) / np.sqrt(1 - left[index]) * noise) / np.sqrt(alpha)
            if index:
                spread = scale * np.sqrt((1 - alpha) * (1 - before[index]) / (1 - left[index]))
                x = x + float(spread) * torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))
        return x

    def _left(self) -> np.ndarray:
        """Share of the signal's variance after each step, (steps,): what betas that rise linearly come to in many steps
        (Song et al., "Score-Based Generative Modeling through Stochastic Differential Equations", 2021, appendix C)."""
        time = np.arange(1, self.steps + 1) / self.steps
        return np.exp(-0.1 * time - 0.5 * 19.9 * time**2)
