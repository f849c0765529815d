"""Training of the motion diffusion model.

A step is a function of (weights, data, seed, its number): batches, times, noise and dropout are drawn from that alone,
so that a fit which was cut off goes on to the very same weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from generator.diffusion.diffusion import masked_loss, velocity_loss
from generator.diffusion.process import process_of
from generator.model.mdm import FEATURES, MDM
from generator.text.text_batch import TextBatch
from generator.training.batching import padded, training_batch
from generator.training.settings import Settings

_POOL = 4  # batches that are sorted by length together


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Normalised features (frames, 263) of each motion, and for each the vectors (tokens, dim) of its captions."""

    features: Sequence[np.ndarray]
    texts: Sequence[Sequence[np.ndarray]]


@dataclass(frozen=True, eq=False)
class Batch:
    """clean (batch, frames, 263), valid (batch, frames) bool, and the texts."""

    clean: Tensor
    valid: Tensor
    text: TextBatch


def draw_batch(data: TrainingSet, settings: Settings, seed: int, step: int) -> Batch:
    """The batch of step `step`: of each motion one of its captions or, for guidance, none."""
    chosen = training_batch([len(each) for each in data.features], settings.batch, _POOL, seed, step)
    rng = np.random.default_rng([seed, 2, step])
    longest = max(len(data.features[index]) for index in chosen)
    # A model that sees padded frames must see in training all those that it will see in sampling.
    frames = padded(longest) if settings.mask_frames else settings.max_frames
    clean = np.zeros((len(chosen), frames, FEATURES), np.float32)
    valid = np.zeros((len(chosen), frames), bool)
    texts: list[np.ndarray] = []
    for row, index in enumerate(chosen):
        length = len(data.features[index])
        clean[row, :length] = data.features[index]
        valid[row, :length] = True
        text = data.texts[index][int(rng.integers(len(data.texts[index])))]
        texts.append(text if rng.random() >= settings.cond_drop else np.zeros_like(text))
    return Batch(torch.from_numpy(clean), torch.from_numpy(valid), TextBatch.of(texts))


class Trainer:
    """A model on its way, step by step.

    Args:
        model: in its first state.
        data: what to train on.
        settings: of the training.
        steps: how many there will be, which the learning rate depends on.
        seed: of everything that is drawn.
        device: where to compute.
    """

    def __init__(self, model: MDM, data: TrainingSet, settings: Settings, steps: int, seed: int, device: torch.device):
        self.step = 0
        self._steps = steps
        self._model = model.to(device).train()
        self._data = data
        self._settings = settings
        self._process = process_of(settings)
        self._precision = torch.autocast(device.type, torch.bfloat16, enabled=settings.precision == "bfloat16")
        self._seed = seed
        self._device = device
        self._optimizer = torch.optim.AdamW(self._model.parameters(), lr=settings.lr, weight_decay=0.0)
        self._average = {name: weight.detach().clone() for name, weight in self._model.named_parameters()}

    def advance(self) -> float:
        """Make one step; its loss."""
        settings = self._settings
        batch = draw_batch(self._data, settings, self._seed, self.step)
        clean, valid, text = batch.clean.to(self._device), batch.valid.to(self._device), batch.text.to(self._device)
        chance = torch.Generator().manual_seed(_drawn_seed(self._seed, self.step))
        noisy, time = self._process.noised(clean, chance)
        with _dropout_seeded(_drawn_seed(self._seed, self.step, 1), self._device), self._precision:
            predicted = self._model(noisy, time, text, valid)
        loss = masked_loss(predicted, clean, valid).mean()
        objective = loss
        if settings.velocity_weight:
            objective = loss + settings.velocity_weight * velocity_loss(predicted, clean, valid).mean()
        self._optimizer.zero_grad(set_to_none=True)
        objective.backward()
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), settings.clip)
        for group in self._optimizer.param_groups:
            group["lr"] = settings.lr * rate_factor(self.step, self._steps, settings.warmup, settings.decay)
        self._optimizer.step()
        # Early on the average follows faster, or a short fit would keep its first weights.
        follow = 1 - min(settings.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, weight in self._model.named_parameters():
                self._average[name].lerp_(weight, follow)
        self.step += 1
        return float(loss.detach())

    def weights(self) -> dict[str, Tensor]:
        """The averaged weights, which are the model's result."""
        return {name: weight.cpu().contiguous() for name, weight in self._average.items()}

    def state(self) -> dict[str, Tensor]:
        """Everything that the next step depends on."""
        tensors = {f"average.{name}": weight.cpu() for name, weight in self._average.items()}
        for name, weight in self._model.named_parameters():
            tensors[f"model.{name}"] = weight.detach().cpu()
        return tensors | self.moments()

    def moments(self) -> dict[str, Tensor]:
        """Those of the optimizer."""
        return {
            f"adam.{moment}.{name}": torch.as_tensor(value).cpu().clone()
            for name, weight in self._model.named_parameters()
            for moment, value in self._optimizer.state[weight].items()
        }

    def take_moments(self, tensors: dict[str, Tensor]) -> None:
        """Take up `moments`, of this training or of another."""
        for name, weight in self._model.named_parameters():
            self._optimizer.state[weight] = {
                "step": tensors[f"adam.step.{name}"].clone(),
                "exp_avg": tensors[f"adam.exp_avg.{name}"].to(self._device).clone(),
                "exp_avg_sq": tensors[f"adam.exp_avg_sq.{name}"].to(self._device).clone(),
            }

    def restore(self, tensors: dict[str, Tensor], step: int) -> None:
        """Take up a `state` that was kept after `step` steps."""
        with torch.no_grad():
            for name, weight in self._model.named_parameters():
                weight.copy_(tensors[f"model.{name}"])
                self._average[name].copy_(tensors[f"average.{name}"])
        self.take_moments(tensors)
        self.step = step


def rate_factor(step: int, steps: int, warmup: int, decay: float) -> float:
    """What the learning rate is multiplied with at step `step` of `steps`: a ramp up, one, and half a cosine down."""
    rising = (step + 1) / max(min(warmup, steps // 4), 1)
    falling = (steps - step) / max(decay * steps, 1)
    return min(1.0, rising) * 0.5 * (1 - math.cos(math.pi * min(1.0, falling)))


def _drawn_seed(seed: int, step: int, stream: int = 0) -> int:
    return int(np.random.SeedSequence([seed, 3, step, stream]).generate_state(1, np.uint64)[0] >> 1)


@contextmanager
def _dropout_seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Dropout draws from torch's global generators; they are put back afterwards."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
