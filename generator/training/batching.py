"""Grouping motions of similar lengths into batches, so that little padding is computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

PADDING_MULTIPLE = 16
"""The frames of a batch are a multiple of this, so that batches have few different shapes."""


def padded_length(longest: int) -> int:
    """Return the frames of a batch whose longest motion has `longest`."""
    return -(-longest // PADDING_MULTIPLE) * PADDING_MULTIPLE


def training_indices(lengths: Sequence[int], batch_size: int, pool: int, seed: int, step: int) -> list[int]:
    """Choose the motions of one training step.

    Every motion is drawn once before any is drawn again. `pool` batches are drawn at a time, sorted roughly by length,
    divided, and used in random order.

    Args:
        lengths: frames of each motion.
        batch_size: motions in a batch.
        pool: batches that are sorted together.
        seed: seed of the training run.
        step: number of the training step.

    Returns:
        Indices of the motions, `batch_size` of them.
    """
    count, size = len(lengths), pool * batch_size
    number, position = divmod(step, pool)
    first = number * size
    epochs = range(first // count, (first + size - 1) // count + 1)
    stream = np.concatenate([np.random.default_rng([seed, 0, epoch]).permutation(count) for epoch in epochs])
    drawn = stream[first % count :][:size]
    rng = np.random.default_rng([seed, 1, number])
    rough_lengths = np.asarray(lengths)[drawn] * rng.uniform(0.8, 1.25, len(drawn))
    sorted_batches = drawn[np.argsort(rough_lengths, kind="stable")].reshape(pool, batch_size)
    return sorted_batches[rng.permutation(pool)[position]].tolist()
