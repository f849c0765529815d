"""Strategies, which compose the training set of generation t.

A strategy composes it from `real`, the n real items of this generation, and `synthetic`, the items that the models so
far have made: those in `synthetic[-1]` are from the model of generation t - 1, those in `synthetic[0]` from that of
generation 0. Items may be anything. Corrections, of strength gamma, are applied to items before they are composed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

import numpy as np

T = TypeVar("T")

Composition = Callable[[Sequence[T], Sequence[Sequence[T]]], list[T]]
"""Returns a training set for the real items and the synthetic items of every generation so far."""


@dataclass(frozen=True)
class Strategy:
    """How training sets are composed.

    Attributes:
        compose: returns the training set for the real items and the synthetic items of every generation so far.
        synthesizes: whether synthetic items are used at all; otherwise none are made.
        fresh_real: whether each generation draws its own real items from the pool.
        fixed_size: whether only as many of the composed items are drawn as there are real items.
        keeps_all: whether the synthetic items of earlier generations are used again.
        only_synthetic: whether the training set has no real items.
        extrapolates: whether the weights are extrapolated away from those that training ends with.
    """

    compose: Composition
    synthesizes: bool = True
    fresh_real: bool = False
    fixed_size: bool = False
    keeps_all: bool = False
    only_synthetic: bool = False
    extrapolates: bool = False


def baseline(real: Sequence[T], synthetic: Sequence[Sequence[T]]) -> list[T]:
    """Compose the real items alone, as a baseline that trains for as many steps as the other arms.

    Gillman et al., "Self-Correcting Self-Consuming Loops for Generative Model Training", ICML 2024, section 7.
    """
    return list(real)


def replace(real: Sequence[T], synthetic: Sequence[Sequence[T]]) -> list[T]:
    """Compose the newest synthetic items alone: the fully synthetic loop.

    Alemohammad et al., "Self-Consuming Generative Models Go MAD", ICLR 2024, section 3.
    """
    return list(synthetic[-1])


def augment(real: Sequence[T], synthetic: Sequence[Sequence[T]]) -> list[T]:
    """Compose the real items and the newest lambda n synthetic items: iterative retraining.

    Bertrand et al., "On the Stability of Iterative Retraining of Generative Models on their own Data", ICLR 2024,
    algorithm 1; with corrected items, algorithm 1 of Gillman et al.
    """
    return [*real, *synthetic[-1]]


def accumulate(real: Sequence[T], synthetic: Sequence[Sequence[T]]) -> list[T]:
    """Compose the real items and the synthetic items of all generations so far.

    Gerstgrasser et al., "Is Model Collapse Inevitable?", COLM 2024.
    """
    return [*real, *chain.from_iterable(synthetic)]


def fresh(real: Sequence[T], synthetic: Sequence[Sequence[T]]) -> list[T]:
    """Compose real items that this generation drew from the pool, and the newest synthetic items: the fresh data loop.

    Alemohammad et al., section 5. The real items are drawn by `draw_subset`.
    """
    return [*real, *synthetic[-1]]


STRATEGIES: dict[str, Strategy] = {
    "baseline": Strategy(baseline, synthesizes=False),
    "replace": Strategy(replace, only_synthetic=True),
    "augment": Strategy(augment),
    "accumulate": Strategy(accumulate, keeps_all=True),
    # Kazdan et al., "Collapse or Thrive? Perils and Promises of Synthetic Data in a Self-Generating World", 2024:
    # all items accumulate, and each generation trains on a draw of constant size.
    "accumulate_fixed": Strategy(accumulate, fixed_size=True, keeps_all=True),
    "fresh": Strategy(fresh, fresh_real=True),
    # Alemohammad et al., "Neon: Negative Extrapolation From Self-Training Improves Image Generation", 2025: a model is
    # trained on its own samples alone, and its weights are then moved by w in the opposite direction.
    "neon": Strategy(replace, only_synthetic=True, extrapolates=True),
}


def number_synthetic(share: float, n: int) -> int:
    """Return the number of synthetic items of a generation, the integer part of lambda n.

    Args:
        share: lambda.
        n: number of real items.
    """
    # A product such as 0.29 * 100 may be just below the integer that it should be.
    return int(share * n + 1e-9)


def draw_subset(groups: Sequence[object], n: int, rng: np.random.Generator) -> list[int]:
    """Draw items without replacement, equally often from each group while it has items left.

    Args:
        groups: the group of each item; with one group this is a plain draw.
        n: number of items to draw; all are drawn if there are fewer.
        rng: the random generator.

    Returns:
        Indices of the items in the order in which they are drawn.
    """
    order = rng.permutation(len(groups))
    drawn: Counter[object] = Counter()
    rounds = []
    for index in order:
        rounds.append(drawn[groups[index]])
        drawn[groups[index]] += 1
    return [int(order[position]) for position in np.argsort(rounds, kind="stable")[:n]]


def draw_sources(items: int, count: int, rng: np.random.Generator) -> list[int]:
    """Draw the real items that give their prompts to samples.

    They are drawn without replacement. If there are fewer items than samples, all are used before any is used again.

    Args:
        items: number of real items.
        count: number of samples.
        rng: the random generator.

    Returns:
        For each sample, the index of its real item.
    """
    passes = -(-count // items)
    return [int(i) for i in np.concatenate([rng.permutation(items) for _ in range(passes)] or [[]])[:count]]


def draw_corrected(count: int, gamma: float, rng: np.random.Generator) -> np.ndarray:
    """Draw which samples are replaced by their corrections, each with probability gamma / (1 + gamma).

    In distribution this is the mixture of definition 4.1 of Gillman et al.

    Args:
        count: number of samples.
        gamma: strength of the correction; infinity corrects all samples.
        rng: the random generator.

    Returns:
        (count,) bool.
    """
    probability = 1.0 if np.isinf(gamma) else gamma / (1.0 + gamma)
    return rng.random(count) < probability
