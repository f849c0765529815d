"""A normalising flow for each run, with all runs in one batch of matrix products.

Kingma and Dhariwal, "Glow: generative flow with invertible 1x1 convolutions", NeurIPS 2018. Each step normalises the
coordinates (to mean 0 and standard deviation 1 on the first batch), rotates them, and scales and shifts one half of
them by amounts that a network computes from the other half. Rotations are products of three reflections (Tomczak and
Welling, "Improving variational auto-encoders using Householder flow", 2016). The network ends in a rectifier, so that
shifts are not negative and scales lie between a half and one. InvertibleNetworks.jl, to which an author of
"Self-consuming generative models go MAD" contributes, does the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from loop_client.evaluation.torch_threads import single_threaded_torch
from loop_client.toy.point_set import PointSet, concatenated
from loop_client.toy.toy_model import RngFactory

_REFLECTIONS = 3


@dataclass(eq=False)
class Step:
    """Weights of one step of the flow, for every run.

    Attributes:
        log_scale, shift: (runs, 1, dim), of the normalisation.
        mirrors: (runs, 3, dim) normals of the reflections.
        enter, enter_bias: (runs, dim / 2, width) and (runs, 1, width), first layer of the network.
        inner, inner_bias: (runs, width, width) and (runs, 1, width), second layer.
        leave: (runs, width, dim), last layer.
    """

    log_scale: Tensor
    shift: Tensor
    mirrors: Tensor
    enter: Tensor
    enter_bias: Tensor
    inner: Tensor
    inner_bias: Tensor
    leave: Tensor

    @staticmethod
    def initial(runs: int, dim: int, width: int, rng: np.random.Generator) -> Step:
        """Draw initial weights.

        Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010.
        """

        def uniform(fan_in: int, fan_out: int) -> np.ndarray:
            limit = np.sqrt(6 / (fan_in + fan_out))
            return rng.uniform(-limit, limit, (runs, fan_in, fan_out))

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
        """Return all trainable tensors."""
        return [getattr(self, field.name) for field in fields(self)]

    def to_noise(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map points towards noise (runs, n, dim); also return the log determinant of the Jacobian (runs, n)."""
        x = (x * torch.exp(self.log_scale) + self.shift) @ self._rotation()
        moved, kept = x.chunk(2, 2)
        scale, shift = self._scale_and_shift(kept)
        volume = self.log_scale.sum(2) + torch.log(scale).sum(2)
        return torch.cat([moved * scale + shift, kept], 2), volume

    def to_points(self, x: Tensor) -> Tensor:
        """Invert `to_noise`."""
        moved, kept = x.chunk(2, 2)
        scale, shift = self._scale_and_shift(kept)
        x = torch.cat([(moved - shift) / scale, kept], 2) @ self._rotation().mT
        return (x - self.shift) * torch.exp(-self.log_scale)

    def normalize(self, x: Tensor) -> None:
        """Set the normalisation so that these points have mean 0 and standard deviation 1."""
        with torch.no_grad():
            deviation = x.std(1, keepdim=True) + 1e-6
            self.log_scale.copy_(-torch.log(deviation))
            self.shift.copy_(-x.mean(1, keepdim=True) / deviation)

    def _rotation(self) -> Tensor:
        normals = self.mirrors / self.mirrors.norm(dim=2, keepdim=True)
        rotation = identity = torch.eye(normals.shape[2])
        for normal in normals.unbind(1):
            rotation = rotation @ (identity - 2 * normal[:, :, None] * normal[:, None, :])
        return rotation

    def _scale_and_shift(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        hidden = torch.relu(torch.baddbmm(self.enter_bias, kept, self.enter))
        hidden = torch.relu(hidden + torch.baddbmm(self.inner_bias, hidden, self.inner))
        log_odds, shift = torch.relu(torch.bmm(hidden, self.leave)).chunk(2, 2)
        return torch.sigmoid(log_odds), shift


@dataclass(eq=False)
class Glow:
    """A flow for every run.

    Attributes:
        steps: from points to noise.
    """

    steps: list[Step]

    def to_noise(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Map points (runs, n, dim) to noise; also return the log determinant of the Jacobian (runs, n)."""
        x, volume = points, torch.zeros(points.shape[:2])
        for step in self.steps:
            x, more = step.to_noise(x)
            volume = volume + more
        return x, volume

    def to_points(self, noise: Tensor) -> Tensor:
        """Map noise (runs, n, dim) to points."""
        x = noise
        for step in reversed(self.steps):
            x = step.to_points(x)
        return x

    def normalize(self, points: Tensor) -> None:
        """Set the normalisation of every step from these points."""
        x = points
        for step in self.steps:
            step.normalize(x)
            with torch.no_grad():
                x, _ = step.to_noise(x)


@dataclass(frozen=True)
class GlowModel:
    """A `ToyModel`: a flow in an even dimension, trained from scratch by maximum likelihood each time.

    Attributes:
        couplings: number of steps.
        width: units in each of the two hidden layers of the networks.
        epochs, batch, rate: of training with Adam.
    """

    couplings: int = 8
    width: int = 64
    epochs: int = 20
    batch: int = 256
    rate: float = 1e-3

    def train(self, training_set: Sequence[PointSet], previous: Glow | None, rng_for: RngFactory) -> Glow:
        """Train a new flow for each run."""
        points, rng = concatenated(training_set), rng_for("fit")
        runs, n, dim = points.shape
        rngs = [rng_for(f"weights {index}") for index in range(self.couplings)]
        flow = Glow([Step.initial(runs, dim, self.width, each) for each in rngs])
        optimizer = torch.optim.Adam([weight for step in flow.steps for weight in step.weights()], self.rate)
        batch, data = min(self.batch, n), points.astype(np.float32)
        with single_threaded_torch():
            for epoch in range(self.epochs):
                order = rng.permuted(np.tile(np.arange(n), (runs, 1)), axis=1)
                for start in range(0, n - batch + 1, batch):
                    rows = order[:, start : start + batch, None]
                    chosen = torch.from_numpy(np.take_along_axis(data, rows, axis=1))
                    if not epoch and not start:
                        flow.normalize(chosen)
                    noise, volume = flow.to_noise(chosen)
                    loss = (0.5 * (noise**2).sum(2) - volume).mean(1)
                    optimizer.zero_grad(set_to_none=True)
                    loss.sum().backward()  # runs share no weights, so each gets its own gradient
                    optimizer.step()
        return flow

    def sample(self, model: Glow, n: int, bias: float, rng: np.random.Generator) -> np.ndarray:
        """Sample from noise N(0, bias I): Alemohammad et al., ICLR 2024."""
        first = model.steps[0].shift
        noise = np.sqrt(bias) * rng.standard_normal((first.shape[0], n, first.shape[2]))
        with single_threaded_torch(), torch.inference_mode():
            return model.to_points(torch.tensor(noise, dtype=torch.float32)).double().numpy()
