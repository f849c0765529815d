"""Small generative networks for points, one for each run, with all runs in one batch of matrix products."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from torch import Tensor
from torch.nn import functional

from loop_client.evaluation.torch_threads import single_threaded_torch
from loop_client.toy.point_set import PointSet, concatenated
from loop_client.toy.toy_model import RngFactory


@dataclass(eq=False)
class Networks:
    """A multilayer perceptron for each run, with its optimizer.

    Attributes:
        weights: of each layer, (runs, in, out).
        biases: of each layer, (runs, 1, out).
        optimizer: of all of them.
    """

    weights: list[Tensor]
    biases: list[Tensor]
    optimizer: torch.optim.Adam

    def __call__(self, x: Tensor, time: Tensor) -> Tensor:
        """Evaluate the networks on points (runs, n, dim) at times (runs, n, 1) from 0 to 1; returns (runs, n, dim)."""
        waves = torch.cat([torch.sin(k * torch.pi * time) for k in (0.5, 1, 2, 4)], dim=2)
        hidden = torch.cat([x, time, waves], dim=2)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden = functional.silu(torch.baddbmm(bias, hidden, weight))
        return torch.baddbmm(self.biases[-1], hidden, self.weights[-1])


_TIME_INPUTS = 5  # the time and four sines of it


def _initial(runs: int, dim: int, width: int, layers: int, rate: float, rng: np.random.Generator) -> Networks:
    sizes = [dim + _TIME_INPUTS, *[width] * layers, dim]
    weights, biases = [], []
    for fan_in, fan_out in itertools.pairwise(sizes):
        drawn = rng.uniform(-1, 1, (runs, fan_in + 1, fan_out)) / np.sqrt(fan_in)
        weights.append(torch.tensor(drawn[:, :-1], dtype=torch.float32, requires_grad=True))
        biases.append(torch.tensor(drawn[:, -1:], dtype=torch.float32, requires_grad=True))
    return Networks(weights, biases, torch.optim.Adam([*weights, *biases], rate))


def _copied(networks: Networks, rate: float) -> Networks:
    """Copy weights and optimizer state, so that training can continue without changing the original."""
    weights, biases = ([each.detach().clone().requires_grad_() for each in tensors]
                       for tensors in (networks.weights, networks.biases))  # fmt: skip
    optimizer = torch.optim.Adam([*weights, *biases], rate)
    optimizer.load_state_dict(networks.optimizer.state_dict())
    for state in optimizer.state.values():
        for name, value in state.items():
            state[name] = value.clone()
    return Networks(weights, biases, optimizer)


@dataclass(frozen=True)
class NetworkModel:
    """The common part of both kinds: training in epochs, continued from the generation before.

    Attributes:
        width, layers: units and number of hidden layers.
        epochs: epochs of each later generation.
        updates: optimizer steps of each later generation instead of `epochs`, where above 0: a constant number of
            points, whatever the size of the training set (Bertrand et al., section 5).
        first_epochs: epochs of generation 0.
        batch: points per step.
        rate: Adam's learning rate.
        steps: of sampling.
    """

    width: int = 64
    layers: int = 3
    epochs: int = 150
    updates: int = 0
    first_epochs: int = 150
    batch: int = 256
    rate: float = 1e-3
    steps: int = 100

    def train(self, training_set: Sequence[PointSet], previous: Networks | None, rng_for: RngFactory) -> Networks:
        """Train a network for each run, starting from the previous ones if there are any."""
        points, rng = concatenated(training_set).astype(np.float32), rng_for("fit")
        runs, n, dim = points.shape
        networks = _copied(previous, self.rate) if previous else self.untrained(runs, dim, rng_for("weights"))
        batch = min(self.batch, n)
        with single_threaded_torch():
            for rows in itertools.islice(_row_batches(runs, n, batch, rng), self._num_updates(n // batch, previous)):
                loss = self._loss(networks, np.take_along_axis(points, rows, axis=1), rng)
                networks.optimizer.zero_grad(set_to_none=True)
                # Runs share no weights, so the gradient of the sum is each run's own.
                loss.sum().backward()
                networks.optimizer.step()
        return networks

    def untrained(self, runs: int, dim: int, rng: np.random.Generator) -> Networks:
        """Return networks of random weights for points of `dim` coordinates."""
        return _initial(runs, dim, self.width, self.layers, self.rate, rng)

    def from_weights(self, weights: list[Tensor], biases: list[Tensor]) -> Networks:
        """Return networks of given weights and biases, which are taken over, with an optimizer that has no moments."""
        tensors = [each.requires_grad_() for each in (*weights, *biases)]
        return Networks(weights, biases, torch.optim.Adam(tensors, self.rate))

    def _num_updates(self, per_epoch: int, previous: Networks | None) -> int:
        if previous and self.updates:
            return self.updates
        return (self.epochs if previous else self.first_epochs) * per_epoch

    def sample(self, model: Networks, n: int, bias: float, rng: np.random.Generator) -> np.ndarray:
        """Sample points; `bias` scales the variance of the noise that they are generated from."""
        runs, dim = len(model.weights[0]), model.weights[-1].shape[2]
        with single_threaded_torch(), torch.inference_mode():
            return self._generate(model, (runs, n, dim), np.sqrt(bias), rng).double().numpy()

    def _loss(self, networks: Networks, clean: np.ndarray, rng: np.random.Generator) -> Tensor:
        """Compute the loss of each run (runs,) on points (runs, batch, dim)."""
        raise NotImplementedError

    def _generate(
        self, networks: Networks, shape: tuple[int, int, int], scale: float, rng: np.random.Generator
    ) -> Tensor:
        raise NotImplementedError


@dataclass(frozen=True)
class FlowMatchingModel(NetworkModel):
    """A `ToyModel`: flow matching with optimal transport in each batch, sampled by Euler's method.

    Tong et al., "Improving and Generalizing Flow-Based Generative Models with Minibatch Optimal Transport", TMLR 2024.

    Attributes:
        pairing: pair noise with points by optimal transport instead of at random.
    """

    pairing: bool = True

    def _loss(self, networks: Networks, clean: np.ndarray, rng: np.random.Generator) -> Tensor:
        noise = rng.standard_normal(clean.shape, dtype=np.float32)
        if self.pairing:
            noise = np.stack([_paired(*pair) for pair in zip(noise, clean, strict=True)])
        time = rng.random((*clean.shape[:2], 1), dtype=np.float32)
        velocity = torch.from_numpy(clean - noise)
        predicted = networks(torch.from_numpy((1 - time) * noise + time * clean), torch.from_numpy(time))
        return ((predicted - velocity) ** 2).mean((1, 2))

    def _generate(
        self, networks: Networks, shape: tuple[int, int, int], scale: float, rng: np.random.Generator
    ) -> Tensor:
        x = scale * torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))
        for step in range(self.steps):
            x = x + networks(x, torch.full((*shape[:2], 1), step / self.steps)) / self.steps
        return x


def _row_batches(runs: int, n: int, batch: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield rows (runs, batch, 1) of batches, epoch by epoch, without end."""
    while True:
        order = rng.permuted(np.tile(np.arange(n), (runs, 1)), axis=1)
        for start in range(0, n - batch + 1, batch):
            yield order[:, start : start + batch, None]


def _paired(noise: np.ndarray, clean: np.ndarray) -> np.ndarray:
    """Reorder `noise` so that the sum of squared distances to `clean` is least."""
    return noise[linear_sum_assignment(cdist(clean, noise, "sqeuclidean"))[1]]


@dataclass(frozen=True)
class DiffusionModel(NetworkModel):
    """A `ToyModel`: denoising diffusion that predicts the noise (Ho et al., 2020).

    Sampling is ancestral, in all `steps` of the process.
    """

    def _loss(self, networks: Networks, clean: np.ndarray, rng: np.random.Generator) -> Tensor:
        index = rng.integers(self.steps, size=(*clean.shape[:2], 1))
        noise = rng.standard_normal(clean.shape, dtype=np.float32)
        signal = self._signal_share()[index].astype(np.float32)
        noisy = np.sqrt(signal) * clean + np.sqrt(1 - signal) * noise
        time = ((index + 1) / self.steps).astype(np.float32)
        predicted = networks(torch.from_numpy(noisy), torch.from_numpy(time))
        return ((predicted - torch.from_numpy(noise)) ** 2).mean((1, 2))

    def _generate(
        self, networks: Networks, shape: tuple[int, int, int], scale: float, rng: np.random.Generator
    ) -> Tensor:
        signal = self._signal_share()
        previous = np.concatenate([[1.0], signal[:-1]])
        x = torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))
        for index in reversed(range(self.steps)):
            alpha = signal[index] / previous[index]
            noise = networks(x, torch.full((*shape[:2], 1), (index + 1) / self.steps))
            x = (x - (1 - alpha) / np.sqrt(1 - signal[index]) * noise) / np.sqrt(alpha)
            if index:
                deviation = scale * np.sqrt((1 - alpha) * (1 - previous[index]) / (1 - signal[index]))
                x = x + float(deviation) * torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))
        return x

    def _signal_share(self) -> np.ndarray:
        """Compute the share of the signal's variance after each step, (steps,).

        It is the limit of linearly rising betas in many steps: Song et al., "Score-Based Generative Modeling through
        Stochastic Differential Equations", 2021, appendix C.
        """
        time = np.arange(1, self.steps + 1) / self.steps
        return np.exp(-0.1 * time - 0.5 * 19.9 * time**2)
