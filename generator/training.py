"""Training of the motion diffusion model.

A step is a function of (weights, data, seed, its number): batches, times, noise and dropout are drawn from that alone,
so that a fit which was cut off goes on to the very same weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from generator.diffusion import masked_loss, noised
from generator.mdm import FEATURES, MDM, TEXT_DIM
from generator.settings import Settings

_PAD_TO = 16  # frames; few lengths of batch, many of motion


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Normalised features (frames, 263) of each motion, and for each the vectors (captions, 512) of its captions."""

    features: Sequence[np.ndarray]
    texts: Sequence[np.ndarray]


@dataclass(frozen=True, eq=False)
class Batch:
    """clean (batch, frames, 263), valid (batch, frames) bool, text (batch, 512)."""

    clean: Tensor
    valid: Tensor
    text: Tensor


def draw_batch(data: TrainingSet, settings: Settings, seed: int, step: int) -> Batch:
    """The batch of step `step`: each motion once before any comes again, in an order of the seed's, with one of its
    captions or, for guidance, none."""
    count = len(data.features)
    places = np.arange(step * settings.batch, (step + 1) * settings.batch)
    epochs = {epoch: np.random.default_rng([seed, 0, epoch]).permutation(count) for epoch in set(places // count)}
    chosen = [int(epochs[place // count][place % count]) for place in places]
    rng = np.random.default_rng([seed, 1, step])
    longest = max(len(data.features[index]) for index in chosen)
    frames = -(-longest // _PAD_TO) * _PAD_TO
    clean = np.zeros((len(chosen), frames, FEATURES), np.float32)
    valid = np.zeros((len(chosen), frames), bool)
    text = np.zeros((len(chosen), TEXT_DIM), np.float32)
    for row, index in enumerate(chosen):
        length = len(data.features[index])
        clean[row, :length] = data.features[index]
        valid[row, :length] = True
        caption = rng.integers(len(data.texts[index]))
        if rng.random() >= settings.cond_drop:
            text[row] = data.texts[index][caption]
    return Batch(torch.from_numpy(clean), torch.from_numpy(valid), torch.from_numpy(text))


class Trainer:
    """A model on its way, step by step.

    Args:
        model: in its first state.
        data: what to train on.
        settings: of the training.
        seed: of everything that is drawn.
        device: where to compute.
    """

    def __init__(self, model: MDM, data: TrainingSet, settings: Settings, seed: int, device: torch.device):
        self.step = 0
        self._model = model.to(device).train()
        self._data = data
        self._settings = settings
        self._seed = seed
        self._device = device
        self._optimizer = torch.optim.AdamW(self._model.parameters(), lr=settings.lr, weight_decay=0.0)
        self._average = {name: weight.detach().clone() for name, weight in self._model.named_parameters()}

    def advance(self) -> float:
        """Make one step; its loss."""
        settings = self._settings
        batch = draw_batch(self._data, settings, self._seed, self.step)
        clean, valid, text = (each.to(self._device) for each in (batch.clean, batch.valid, batch.text))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(np.random.SeedSequence([self._seed, 2, self.step]).generate_state(1, np.uint64)[0]))
            time = torch.randint(settings.diffusion_steps, (len(clean),)).to(self._device)
            noise = torch.randn(clean.shape).to(self._device)
            noisy = noised(clean, noise, time, settings.diffusion_steps)
            loss = masked_loss(self._model(noisy, time, text, valid), clean, valid).mean()
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), settings.clip)
        for group in self._optimizer.param_groups:
            group["lr"] = settings.lr * min(1.0, (self.step + 1) / max(settings.warmup, 1))
        self._optimizer.step()
        # Early on the average follows faster, or a short fit would keep its first weights.
        decay = min(settings.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, weight in self._model.named_parameters():
                self._average[name].lerp_(weight, 1 - decay)
        self.step += 1
        return float(loss.detach())

    def run(self, steps: int, each: Callable[[int, float], None]) -> None:
        """Go on up to step `steps`; `each` is told of every step's number and loss, and may raise to stop."""
        while self.step < steps:
            loss = self.advance()
            each(self.step, loss)

    def weights(self) -> dict[str, Tensor]:
        """The averaged weights, which are the model's result."""
        return {name: weight.cpu().contiguous() for name, weight in self._average.items()}

    def state(self) -> dict[str, Tensor]:
        """Everything that the next step depends on."""
        tensors = {f"average.{name}": weight.cpu() for name, weight in self._average.items()}
        for name, weight in self._model.named_parameters():
            tensors[f"model.{name}"] = weight.detach().cpu()
            for moment, value in self._optimizer.state[weight].items():
                tensors[f"adam.{moment}.{name}"] = torch.as_tensor(value).cpu().clone()
        return tensors

    def restore(self, tensors: dict[str, Tensor], step: int) -> None:
        """Take up a `state` that was kept after `step` steps."""
        with torch.no_grad():
            for name, weight in self._model.named_parameters():
                weight.copy_(tensors[f"model.{name}"])
                self._average[name].copy_(tensors[f"average.{name}"])
                self._optimizer.state[weight] = {
                    "step": tensors[f"adam.step.{name}"].clone(),
                    "exp_avg": tensors[f"adam.exp_avg.{name}"].to(self._device).clone(),
                    "exp_avg_sq": tensors[f"adam.exp_avg_sq.{name}"].to(self._device).clone(),
                }
        self.step = step
