"""Which motions are computed together: of like lengths, so that little padding is computed with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PAD_TO = 16
"""Frames of a batch are a multiple of this, so that few shapes occur."""


def padded(longest: int) -> int:
    """Frames of a batch whose longest motion has so many."""
    return -(-longest // PAD_TO) * PAD_TO


@dataclass(frozen=True)
class Window:
    """Neighbours of a request, from `start` to before `stop`, and the batches of indices that they are computed in."""

    start: int
    stop: int
    batches: tuple[tuple[int, ...], ...]


def sampling_windows(lengths: Sequence[int], batch: int, batches: int) -> list[Window]:
    """The request cut into windows of `batch` x `batches` motions, each sorted by length into its batches.

    Depends on the whole request alone, so that a sample has the same company whichever index one starts from.
    """
    windows = []
    for start in range(0, len(lengths), batch * batches):
        stop = min(start + batch * batches, len(lengths))
        order = sorted(range(start, stop), key=lambda index: (lengths[index], index))
        windows.append(Window(start, stop, tuple(tuple(order[at : at + batch]) for at in range(0, len(order), batch))))
    return windows


def training_batch(lengths: Sequence[int], batch: int, pool: int, seed: int, step: int) -> list[int]:
    """Indices of the motions of training step `step`.

    Each motion comes once before any comes again. `pool` batches are drawn at a time and sorted roughly by length
    before they are parted, and come in random order.
    """
    count, size = len(lengths), pool * batch
    number, place = divmod(step, pool)
    first = number * size
    epochs = range(first // count, (first + size - 1) // count + 1)
    stream = np.concatenate([np.random.default_rng([seed, 0, epoch]).permutation(count) for epoch in epochs])
    drawn = stream[first % count :][:size]
    rng = np.random.default_rng([seed, 1, number])
    rough = np.asarray(lengths)[drawn] * rng.uniform(0.8, 1.25, len(drawn))
    sorted_batches = drawn[np.argsort(rough, kind="stable")].reshape(pool, batch)
    return sorted_batches[rng.permutation(pool)[place]].tolist()
