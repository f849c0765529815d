"""A normalising flow of affine couplings, one for each run, all runs in one batch of matrix products.

Dinh et al., "Density estimation using Real NVP", ICLR 2017: half of a point's coordinates say how the other half is
scaled and shifted, in turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from loop_client.embedding import one_thread
from loop_client.points.model import Chance
from loop_client.points.part import Part, gathered


@dataclass(eq=False)
class Couplings:
    """`layers`: of each coupling the weights and biases of its network, (runs, in, out) and (runs, 1, out) in turns;
    center, scale (runs, 1, dim) of the points it was fitted to; `bound` as in the model."""

    layers: list[list[Tensor]]
    center: Tensor
    scale: Tensor
    bound: float

    def to_noise(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Noise (runs, n, dim), and the logarithm of the change of volume (runs, n)."""
        x = (points - self.center) / self.scale
        volume = -torch.log(self.scale).sum(2)
        for index, layer in enumerate(self.layers):
            kept, moved = _halves(x, index)
            log_scale, shift = _said(layer, kept, self.bound)
            moved = moved * torch.exp(log_scale) + shift
            volume = volume + log_scale.sum(2)
            x = _joined(kept, moved, index)
        return x, volume

    def to_points(self, noise: Tensor) -> Tensor:
        x = noise
        for index in reversed(range(len(self.layers))):
            kept, moved = _halves(x, index)
            log_scale, shift = _said(self.layers[index], kept, self.bound)
            x = _joined(kept, (moved - shift) * torch.exp(-log_scale), index)
        return x * self.scale + self.center


def _halves(x: Tensor, index: int) -> tuple[Tensor, Tensor]:
    first, second = x.chunk(2, 2)
    return (first, second) if index % 2 == 0 else (second, first)


def _joined(kept: Tensor, moved: Tensor, index: int) -> Tensor:
    return torch.cat([kept, moved] if index % 2 == 0 else [moved, kept], 2)


def _said(layer: list[Tensor], kept: Tensor, bound: float) -> tuple[Tensor, Tensor]:
    hidden = kept
    for place in range(0, len(layer) - 2, 2):
        hidden = functional.silu(torch.baddbmm(layer[place + 1], hidden, layer[place]))
    log_scale, shift = torch.baddbmm(layer[-1], hidden, layer[-2]).chunk(2, 2)
    return bound * torch.tanh(log_scale / bound), shift


@dataclass(frozen=True)
class CouplingFlowModel:
    """Fitted by maximum likelihood from scratch each time; of points of an even dimension.

    Attributes:
        couplings, width: how many, and of their networks, which have two hidden layers.
        epochs, batch, rate: of Adam.
        bound: the largest logarithm of a coupling's scale, softly. Where there are few points, it is what keeps a
            coupling from stretching without end.
    """

    couplings: int = 8
    width: int = 64
    epochs: int = 20
    batch: int = 256
    rate: float = 1e-3
    bound: float = 0.5

    def fit(self, parts: Sequence[Part], before: Couplings | None, chance: Chance) -> Couplings:
        points, rng = gathered(parts), chance("fit")
        runs, n, dim = points.shape
        center, scale = points.mean(axis=1, keepdims=True), points.std(axis=1, keepdims=True) + 1e-9
        flow = Couplings(
            [self._network(runs, dim // 2, chance(f"weights {index}")) for index in range(self.couplings)],
            torch.tensor(center, dtype=torch.float32),
            torch.tensor(scale, dtype=torch.float32),
            self.bound,
        )
        optimizer = torch.optim.Adam([weight for layer in flow.layers for weight in layer], self.rate)
        batch, given = min(self.batch, n), points.astype(np.float32)
        steps = self.epochs * (n // batch)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        with one_thread():
            for _ in range(self.epochs):
                order = rng.permuted(np.tile(np.arange(n), (runs, 1)), axis=1)
                for start in range(0, n - batch + 1, batch):
                    rows = order[:, start : start + batch, None]
                    noise, volume = flow.to_noise(torch.from_numpy(np.take_along_axis(given, rows, axis=1)))
                    loss = (0.5 * (noise**2).sum(2) - volume).mean(1)
                    optimizer.zero_grad(set_to_none=True)
                    loss.sum().backward()  # runs share no weight
                    optimizer.step()
                    schedule.step()
        return flow

    def sample(self, model: Couplings, n: int, bias: float, rng: np.random.Generator) -> np.ndarray:
        """From noise N(0, bias I): Alemohammad et al., ICLR 2024."""
        noise = np.sqrt(bias) * rng.standard_normal((len(model.center), n, model.center.shape[2]))
        with one_thread(), torch.inference_mode():
            return model.to_points(torch.tensor(noise, dtype=torch.float32)).double().numpy()

    def _network(self, runs: int, half: int, rng: np.random.Generator) -> list[Tensor]:
        sizes = [half, self.width, self.width, 2 * half]
        layer = []
        for place, (fan_in, fan_out) in enumerate(pairwise(sizes)):
            # The last begins at nothing, so that the flow begins as the identity.
            reach = 0.0 if place == len(sizes) - 2 else 1 / np.sqrt(fan_in)
            drawn = rng.uniform(-reach, reach, (runs, fan_in + 1, fan_out))
            layer += [
                torch.tensor(part, dtype=torch.float32, requires_grad=True) for part in (drawn[:, :-1], drawn[:, -1:])
            ]
        return layer
