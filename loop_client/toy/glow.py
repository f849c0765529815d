"""A normalising flow, one for each run, all runs in one batch of matrix products.

Kingma and Dhariwal, "Glow: generative flow with invertible 1x1 convolutions", NeurIPS 2018. In each of its steps the
coordinates are brought to mean 0 and deviation 1, of the first points that come, are turned, and half of them says how
the other half is scaled and shifted. Turns are products of three reflections (Tomczak and Welling, "Improving
variational auto-encoders using Householder flow", 2016), and what says scale and shift ends in a rectifier, so that
shifts are not negative and scales between a half and one: so InvertibleNetworks.jl has it, the library of flows that an
author of "Self-consuming generative models go MAD" has a hand in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from loop_client.evaluation.embedding import one_thread
from loop_client.toy.point_set import Part, gathered
from loop_client.toy.toy_model import Chance

_REFLECTIONS = 3


@dataclass(eq=False)
class Step:
    """Weights of one step, of every run: `log_scale`, `shift` (runs, 1, dim); `mirrors` (runs, 3, dim), normals of the
    reflections; `enter` (runs, dim / 2, width), `inner` (runs, width, width) and `leave` (runs, width, dim) with their
    biases (runs, 1, width), of the network between."""

    log_scale: Tensor
    shift: Tensor
    mirrors: Tensor
    enter: Tensor
    enter_bias: Tensor
    inner: Tensor
    inner_bias: Tensor
    leave: Tensor

    @staticmethod
    def drawn(runs: int, dim: int, width: int, rng: np.random.Generator) -> Step:
        """Weights to begin with: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
        networks", AISTATS 2010."""

        def uniform(fan_in: int, fan_out: int) -> np.ndarray:
            reach = np.sqrt(6 / (fan_in + fan_out))
            return rng.uniform(-reach, reach, (runs, fan_in, fan_out))

        weights = (
            np.zeros((runs, 1, dim)),
            np.zeros((runs, 1, dim)),
            rng.standard_normal((runs, _REFLECTIONS, dim)),
            uniform(dim // 2, width),
            np.zeros((runs, 1, width)),
            uniform(width, width),
            np.zeros((runs, 1, width)),
            uniform(width, dim),
        )
        return Step(*(torch.tensor(each, dtype=torch.float32, requires_grad=True) for each in weights))

    def weights(self) -> list[Tensor]:
        return [getattr(self, field.name) for field in fields(self)]

    def to_noise(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """A step towards noise (runs, n, dim), and the logarithm of its change of volume (runs, n)."""
        x = (x * torch.exp(self.log_scale) + self.shift) @ self._turn()
        moved, kept = x.chunk(2, 2)
        scale, shift = self._said(kept)
        volume = self.log_scale.sum(2) + torch.log(scale).sum(2)
        return torch.cat([moved * scale + shift, kept], 2), volume

    def to_points(self, x: Tensor) -> Tensor:
        """The same step back."""
        moved, kept = x.chunk(2, 2)
        scale, shift = self._said(kept)
        x = torch.cat([(moved - shift) / scale, kept], 2) @ self._turn().mT
        return (x - self.shift) * torch.exp(-self.log_scale)

    def normalize(self, x: Tensor) -> None:
        """Bring these points to mean 0 and deviation 1 where the step begins."""
        with torch.no_grad():
            deviation = x.std(1, keepdim=True) + 1e-6
            self.log_scale.copy_(-torch.log(deviation))
            self.shift.copy_(-x.mean(1, keepdim=True) / deviation)

    def _turn(self) -> Tensor:
        normals = self.mirrors / self.mirrors.norm(dim=2, keepdim=True)
        turn = unturned = torch.eye(normals.shape[2])
        for normal in normals.unbind(1):
            turn = turn @ (unturned - 2 * normal[:, :, None] * normal[:, None, :])
        return turn

    def _said(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        hidden = torch.relu(torch.baddbmm(self.enter_bias, kept, self.enter))
        hidden = torch.relu(hidden + torch.baddbmm(self.inner_bias, hidden, self.inner))
        log_odds, shift = torch.relu(torch.bmm(hidden, self.leave)).chunk(2, 2)
        return torch.sigmoid(log_odds), shift


@dataclass(eq=False)
class Glow:
    """A flow of every run."""

    steps: list[Step]

    def to_noise(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Noise (runs, n, dim), and the logarithm of the change of volume (runs, n)."""
        x, volume = points, torch.zeros(points.shape[:2])
        for step in self.steps:
            x, more = step.to_noise(x)
            volume = volume + more
        return x, volume

    def to_points(self, noise: Tensor) -> Tensor:
        x = noise
        for step in reversed(self.steps):
            x = step.to_points(x)
        return x

    def normalize(self, points: Tensor) -> None:
        """Let every step begin with mean 0 and deviation 1, of these points."""
        x = points
        for step in self.steps:
            step.normalize(x)
            with torch.no_grad():
                x, _ = step.to_noise(x)


@dataclass(frozen=True)
class GlowModel:
    """Fitted by maximum likelihood from scratch each time; of points of an even dimension.

    Attributes:
        couplings, width: how many steps, and of their networks, which have two hidden layers.
        epochs, batch, rate: of Adam.
    """

    couplings: int = 8
    width: int = 64
    epochs: int = 20
    batch: int = 256
    rate: float = 1e-3

    def fit(self, parts: Sequence[Part], before: Glow | None, chance: Chance) -> Glow:
        points, rng = gathered(parts), chance("fit")
        runs, n, dim = points.shape
        draws = [chance(f"weights {index}") for index in range(self.couplings)]
        flow = Glow([Step.drawn(runs, dim, self.width, draw) for draw in draws])
        optimizer = torch.optim.Adam([weight for step in flow.steps for weight in step.weights()], self.rate)
        batch, given = min(self.batch, n), points.astype(np.float32)
        with one_thread():
            for epoch in range(self.epochs):
                order = rng.permuted(np.tile(np.arange(n), (runs, 1)), axis=1)
                for start in range(0, n - batch + 1, batch):
                    rows = order[:, start : start + batch, None]
                    drawn = torch.from_numpy(np.take_along_axis(given, rows, axis=1))
                    if not epoch and not start:
                        flow.normalize(drawn)
                    noise, volume = flow.to_noise(drawn)
                    loss = (0.5 * (noise**2).sum(2) - volume).mean(1)
                    optimizer.zero_grad(set_to_none=True)
                    loss.sum().backward()  # runs share no weight
                    optimizer.step()
        return flow

    def sample(self, model: Glow, n: int, bias: float, rng: np.random.Generator) -> np.ndarray:
        """From noise N(0, bias I): Alemohammad et al., ICLR 2024."""
        first = model.steps[0].shift
        noise = np.sqrt(bias) * rng.standard_normal((first.shape[0], n, first.shape[2]))
        with one_thread(), torch.inference_mode():
            return model.to_points(torch.tensor(noise, dtype=torch.float32)).double().numpy()
