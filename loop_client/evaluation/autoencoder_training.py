"""Training of the autoencoder that embeds motions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import nn

from loop_client.evaluation.autoencoder import Autoencoder
from loop_client.evaluation.embedding_recipe import EmbeddingRecipe
from loop_client.evaluation.torch_threads import single_threaded_torch
from motion.humanml3d.features import mean_std

_WINDOW = 48  # frames
_BATCH = 32
_LEARNING_RATE = 2e-3
_MIN_STD = 1e-6  # features and codes that hardly vary are not scaled up


def train_autoencoder(
    clips: Sequence[np.ndarray], recipe: EmbeddingRecipe, progress: Callable[[int, int], None] | None = None
) -> tuple[Autoencoder, float]:
    """Train an autoencoder on features; equal clips and recipes give equal weights.

    Windows of 48 frames, drawn in each step from clips weighted by length, are reconstructed under a smooth L1
    loss with Adam, whose learning rate decays to 0 along a half cosine.

    Args:
        clips: features (frames, 263) of each motion, at least one step of the code long.
        recipe: size, width, steps and seed.
        progress: called with the number of steps so far and the number of all steps.

    Returns:
        The network in evaluation mode, and its smoothed final loss.
    """
    with single_threaded_torch(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        model = Autoencoder(recipe.size, recipe.width)
        mean, std = mean_std(clips)
        model.mean.copy_(torch.from_numpy(mean)[:, None])
        model.std.copy_(torch.from_numpy(np.where(std > _MIN_STD, std, 1.0).astype(np.float32))[:, None])
        loss = _optimize(model, clips, recipe, progress)
        with torch.no_grad():
            pooled = torch.stack([model.pool(clip) for clip in clips])
        model.center.copy_(pooled.mean(dim=0))
        model.scale.copy_(pooled.std(dim=0, correction=0).clamp_min(_MIN_STD))
    return model.eval(), loss


def _optimize(
    model: Autoencoder,
    clips: Sequence[np.ndarray],
    recipe: EmbeddingRecipe,
    progress: Callable[[int, int], None] | None,
) -> float:
    optimizer = torch.optim.Adam(model.parameters(), lr=_LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.steps)
    rng = np.random.default_rng(recipe.seed)
    smoothed = 0.0
    for step, batch in enumerate(_batches(clips, recipe.steps, rng)):
        windows = model.normalize(batch)
        loss = nn.functional.smooth_l1_loss(model.decoder(model.encoder(windows)), windows)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        smoothed = loss.item() if step == 0 else 0.95 * smoothed + 0.05 * loss.item()
        if progress:
            progress(step + 1, recipe.steps)
    return smoothed


def _batches(clips: Sequence[np.ndarray], steps: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield batches (32, 48, 263) of windows; a shorter clip is extended with its last frame."""
    lengths = np.array([len(clip) for clip in clips], float)
    padded = [np.pad(clip, ((0, max(0, _WINDOW - len(clip))), (0, 0)), mode="edge") for clip in clips]
    for _ in range(steps):
        chosen = rng.choice(len(padded), _BATCH, p=lengths / lengths.sum())
        starts = [rng.integers(len(padded[clip]) - _WINDOW + 1) for clip in chosen]
        yield np.stack([padded[clip][start : start + _WINDOW] for clip, start in zip(chosen, starts, strict=True)])
