"""Optimizer steps of a motion model.

A step is a function of (weights, data, seed, number of the step): its batch, times, noise and dropout are drawn from
these alone. So a training run that was interrupted ends in the same weights as one that was not.
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
from generator.diffusion.process import make_process
from generator.model.mdm import FEATURES, MDM
from generator.text.text_batch import TextBatch
from generator.training.batching import padded_length, training_indices
from generator.training.data_parallel import ProcessGroup
from generator.training.settings import Settings

_SORTED_BATCHES = 4
"""Batches that are sorted by length together."""
SINGLE_PROCESS = ProcessGroup()


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Encoded motions and captions to train on.

    Attributes:
        features: normalised features (frames, 263) of each motion.
        texts: encoded captions (tokens, dim) of each motion.
    """

    features: Sequence[np.ndarray]
    texts: Sequence[Sequence[np.ndarray]]


@dataclass(frozen=True, eq=False)
class Batch:
    """Motions and texts of one training step.

    Attributes:
        clean: (batch, frames, 263) normalised features, zeros past the end of a motion.
        valid: (batch, frames) bool, False past the end of a motion.
        text: encoded texts.
    """

    clean: Tensor
    valid: Tensor
    text: TextBatch


def draw_batch(data: TrainingData, settings: Settings, seed: int, step: int) -> Batch:
    """Draw the batch of a training step: motions, and for each one of its captions or, for guidance, no text."""
    lengths = [len(each) for each in data.features]
    chosen = training_indices(lengths, settings.batch, _SORTED_BATCHES, seed, step)
    rng = np.random.default_rng([seed, 2, step])
    longest = max(lengths[index] for index in chosen)
    # A model that attends to padding must see in training as much of it as in sampling.
    frames = padded_length(longest) if settings.mask_frames else settings.max_frames
    clean = np.zeros((len(chosen), frames, FEATURES), np.float32)
    valid = np.zeros((len(chosen), frames), bool)
    texts: list[np.ndarray] = []
    for row, index in enumerate(chosen):
        clean[row, : lengths[index]] = data.features[index]
        valid[row, : lengths[index]] = True
        text = data.texts[index][int(rng.integers(len(data.texts[index])))]
        texts.append(text if rng.random() >= settings.cond_drop else np.zeros_like(text))
    return Batch(torch.from_numpy(clean), torch.from_numpy(valid), TextBatch.from_arrays(texts))


class Trainer:
    """Trains a model step by step.

    Args:
        model: network with its initial weights.
        data: motions and captions to train on.
        settings: settings of the training run.
        steps: total number of steps, which the learning rate schedule depends on.
        seed: seed of everything random.
        device: where to compute.
        processes: the processes that share the work.

    Attributes:
        step: number of steps taken.

    Raises:
        InvalidInput: if the processes cannot share the shards of a batch.
    """

    def __init__(
        self,
        model: MDM,
        data: TrainingData,
        settings: Settings,
        steps: int,
        seed: int,
        device: torch.device,
        processes: ProcessGroup = SINGLE_PROCESS,
    ):
        processes.check_shards(settings.shards)
        self._processes = processes
        self.step = 0
        self._steps = steps
        self._model = model.to(device).train()
        self._data = data
        self._settings = settings
        self._process = make_process(settings)
        self._precision = torch.autocast(device.type, torch.bfloat16, enabled=settings.precision == "bfloat16")
        self._seed = seed
        self._device = device
        self._optimizer = torch.optim.AdamW(
            self._model.parameters(), lr=settings.lr, weight_decay=0.0, fused=settings.fused or None
        )
        self._average = {name: weight.detach().clone() for name, weight in self._model.named_parameters()}

    def advance(self) -> float:
        """Take one optimizer step and return its loss."""
        settings = self._settings
        batch = draw_batch(self._data, settings, self._seed, self.step)
        rng = torch.Generator().manual_seed(_derive_seed(self._seed, self.step))
        noisy, time = self._process.add_noise(batch.clean, rng)
        if settings.shards == 1:
            loss = self._differentiate(batch, noisy, time, slice(None), 0)
        else:
            loss = self._differentiate_shards(batch, noisy, time)
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), settings.clip)
        for group in self._optimizer.param_groups:
            factor = learning_rate_factor(self.step, self._steps, settings.warmup, settings.decay)
            group["lr"] = settings.lr * factor
        self._optimizer.step()
        # The average follows the weights faster in the first steps; a short run would otherwise keep its initial ones.
        follow = 1 - min(settings.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, weight in self._model.named_parameters():
                self._average[name].lerp_(weight, follow)
        self.step += 1
        return loss

    def _differentiate(self, batch: Batch, noisy: Tensor, time: Tensor, rows: slice, shard: int) -> float:
        """Compute the gradients of some rows' share of the objective, and return their share of the loss."""
        settings, device = self._settings, self._device
        clean, valid = batch.clean[rows].to(device), batch.valid[rows].to(device)
        text = batch.text.rows(rows).to(device)
        with _seeded_dropout(_derive_seed(self._seed, self.step, 1 + shard), device), self._precision:
            predicted = self._model(noisy[rows].to(device), time[rows].to(device), text, valid)
        loss = masked_loss(predicted, clean, valid).mean()
        objective = loss
        if settings.velocity_weight:
            objective = loss + settings.velocity_weight * velocity_loss(predicted, clean, valid).mean()
        share = len(clean) / len(batch.clean)
        self._optimizer.zero_grad(set_to_none=True)
        (objective if share == 1 else objective * share).backward()
        return float(loss.detach()) * share

    def _differentiate_shards(self, batch: Batch, noisy: Tensor, time: Tensor) -> float:
        """Compute the gradients of a batch in parts, which are added in their order whoever has computed them."""
        settings, group = self._settings, self._processes
        bounds = [len(batch.clean) * shard // settings.shards for shard in range(settings.shards + 1)]
        weights = list(self._model.parameters())
        total: Tensor | None = None
        for first in range(0, settings.shards, group.count):
            shard = first + group.rank
            loss = self._differentiate(batch, noisy, time, slice(bounds[shard], bounds[shard + 1]), shard)
            parts = [torch.zeros_like(each) if each.grad is None else each.grad for each in weights]
            own = torch.cat([*(part.flatten() for part in parts), torch.tensor([loss], device=self._device)])
            for gradients in group.gather(own):
                total = gradients.clone() if total is None else total.add_(gradients)
        assert total is not None
        at = 0
        for weight in weights:
            weight.grad = total[at : at + weight.numel()].view_as(weight).clone()
            at += weight.numel()
        return float(total[-1])

    def weights(self) -> dict[str, Tensor]:
        """Return the moving average of the weights, the result of the training."""
        return {name: weight.cpu().contiguous() for name, weight in self._average.items()}

    def state(self) -> dict[str, Tensor]:
        """Return everything that the next step depends on, for `restore`."""
        tensors = {f"average.{name}": weight.cpu() for name, weight in self._average.items()}
        for name, weight in self._model.named_parameters():
            tensors[f"model.{name}"] = weight.detach().cpu()
        return tensors | self.moments()

    def restore(self, tensors: dict[str, Tensor], step: int) -> None:
        """Continue from a `state` that was saved after `step` steps."""
        with torch.no_grad():
            for name, weight in self._model.named_parameters():
                weight.copy_(tensors[f"model.{name}"])
                self._average[name].copy_(tensors[f"average.{name}"])
        self.load_moments(tensors)
        self.step = step

    def moments(self) -> dict[str, Tensor]:
        """Return Adam's moments, for `load_moments`."""
        return {
            f"adam.{moment}.{name}": torch.as_tensor(value).cpu().clone()
            for name, weight in self._model.named_parameters()
            for moment, value in self._optimizer.state[weight].items()
        }

    def load_moments(self, tensors: dict[str, Tensor]) -> None:
        """Continue with the `moments` of this or another training run."""
        for name, weight in self._model.named_parameters():
            self._optimizer.state[weight] = {
                # The fused kernel of a GPU counts the steps there.
                "step": tensors[f"adam.step.{name}"].to(self._device if self._settings.fused else "cpu").clone(),
                "exp_avg": tensors[f"adam.exp_avg.{name}"].to(self._device).clone(),
                "exp_avg_sq": tensors[f"adam.exp_avg_sq.{name}"].to(self._device).clone(),
            }


def learning_rate_factor(step: int, steps: int, warmup: int, decay: float) -> float:
    """Compute the factor of the learning rate: a linear warm-up, then 1, then half a cosine down to 0.

    Args:
        step: number of the step.
        steps: total number of steps.
        warmup: steps of the warm-up; at most a quarter of all steps are used.
        decay: share of the steps, at the end, in which the factor falls.
    """
    rising = (step + 1) / max(min(warmup, steps // 4), 1)
    falling = (steps - step) / max(decay * steps, 1)
    return min(1.0, rising) * 0.5 * (1 - math.cos(math.pi * min(1.0, falling)))


def _derive_seed(seed: int, step: int, stream: int = 0) -> int:
    return int(np.random.SeedSequence([seed, 3, step, stream]).generate_state(1, np.uint64)[0] >> 1)


@contextmanager
def _seeded_dropout(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's global generators, which dropout draws from, and restore them afterwards."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
