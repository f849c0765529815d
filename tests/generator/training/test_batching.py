"""Training batches of similar lengths."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from generator.training.batching import PADDING_MULTIPLE, padded_length, training_indices


@pytest.mark.parametrize("longest", [1, 15, 16, 17, 196])
def test_padding_is_less_than_the_padding_multiple(longest: int) -> None:
    assert longest <= padded_length(longest) < longest + PADDING_MULTIPLE


@pytest.mark.parametrize("count, batch, pool", [(2, 3, 4), (10, 4, 4), (64, 16, 4), (7, 7, 1), (100, 16, 3)])
def test_every_motion_is_drawn_once_before_any_is_drawn_again(count: int, batch: int, pool: int) -> None:
    lengths = list(np.random.default_rng(0).integers(8, 196, count))
    seen: Counter[int] = Counter()
    for step in range(5 * pool):
        seen.update(training_indices(lengths, batch, pool, seed=1, step=step))
        if (step + 1) % pool == 0:
            times = [seen[index] for index in range(count)]
            assert max(times) - min(times) <= 1


def test_a_training_batch_is_a_function_of_seed_and_step() -> None:
    lengths = list(range(8, 72))
    batches = {(seed, step): training_indices(lengths, 8, 4, seed, step) for seed in (0, 1) for step in range(12)}
    for (seed, step), expected in reversed(batches.items()):
        assert training_indices(lengths, 8, 4, seed, step) == expected
    assert len({tuple(batch) for batch in batches.values()}) == len(batches)


def test_lengths_in_a_training_batch_are_similar() -> None:
    lengths = np.random.default_rng(0).integers(8, 196, 256)
    spread = [np.ptp(lengths[training_indices(list(lengths), 16, 4, 0, step)]) for step in range(16)]
    assert np.mean(spread) < 0.8 * np.ptp(lengths)
