"""Strategies: what generation t is trained on.

A strategy composes a training set out of `real`, the n real items of this generation, and `synthetic`, the items that
each generation's predecessor made: `synthetic[-1]` came from the model of generation t - 1, `synthetic[0]` from that of
generation 0. Items may be anything. Gamma, the strength of the correction, acts on the items before they come here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

import numpy as np

T = TypeVar("T")

Composition = Callable[[Sequence[T], Sequence[Sequence[T]]], list[T]]


@dataclass(frozen=True)
class Strategy:
    """How training sets are composed.

    Attributes:
        compose: the training set from the real items and the synthetic ones of every generation so far.
        synthesizes: whether it uses synthetic items at all; where not, none need be made.
        fresh_real: whether each generation draws its own real items from the pool.
        fixed_size: whether of what is composed as many are drawn as there are real items.
        keeps_all: whether the synthetic items of earlier generations are used again.
        only_synthetic: whether no real items are among them.
        extrapolates: whether the weights go away from what was trained, not to it.
    """

    compose: Composition
    synthesizes: bool = True
    fresh_real: bool = False
    fixed_size: bool = False
    keeps_all: bool = False
    only_synthetic: bool = False
    extrapolates: bool = False


def baseline(real: Sequence[T], synthetic: Sequence[Sequence[T]]) -> list[T]:
    """The real items alone, trained on for as many steps as the other arms: what more training by itself does.

    Gillman et al., "Self-Correcting Self-Consuming Loops for Generative Model Training", ICML 2024, section 6.
    """
    return list(real)


def replace(real: Sequence[T], synthetic: Sequence[Sequence[T]]) -> list[T]:
    """The newest synthetic items alone: the fully synthetic loop.

    Alemohammad et al., "Self-Consuming Generative Models Go MAD", ICLR 2024, section 3.
    """
    return list(synthetic[-1])


def augment(real: Sequence[T], synthetic: Sequence[Sequence[T]]) -> list[T]:
    """The real items and the newest lambda n synthetic ones: iterative retraining.

    Bertrand et al., "On the Stability of Iterative Retraining of Generative Models on their own Data", ICLR 2024,
    algorithm 1; with corrected items, algorithm 1 of Gillman et al.
    """
    return [*real, *synthetic[-1]]


def accumulate(real: Sequence[T], synthetic: Sequence[Sequence[T]]) -> list[T]:
    """The real items and the synthetic ones of all generations so far, none thrown away.

    Gerstgrasser et al., "Is Model Collapse Inevitable?", COLM 2024.
    """
    return [*real, *chain.from_iterable(synthetic)]


def fresh(real: Sequence[T], synthetic: Sequence[Sequence[T]]) -> list[T]:
    """Real items that this generation drew anew from the pool, and the newest synthetic ones: the fresh data loop.

    Alemohammad et al., section 5. The drawing is `draw_subset`'s.
    """
    return [*real, *synthetic[-1]]


STRATEGIES: dict[str, Strategy] = {
    "baseline": Strategy(baseline, synthesizes=False),
    "replace": Strategy(replace, only_synthetic=True),
    "augment": Strategy(augment),
    "accumulate": Strategy(accumulate, keeps_all=True),
    # Kazdan et al., "Collapse or Thrive? Perils and Promises of Synthetic Data in a Self-Generating World", 2024:
    # everything accumulates, and each generation trains on a draw of it that does not grow.
    "accumulate_fixed": Strategy(accumulate, fixed_size=True, keeps_all=True),
    "fresh": Strategy(fresh, fresh_real=True),
    # Alemohammad et al., "Neon: Negative Extrapolation From Self-Training Improves Image Generation", 2025: a model
    # is trained on its own samples alone, and its weights then go the other way by w.
    "neon": Strategy(replace, only_synthetic=True, extrapolates=True),
}


def number_synthetic(share: float, n: int) -> int:
    """How many synthetic items a generation asks for: the whole part of lambda n."""
    # A product such as 0.29 * 100 may fall just short of the whole number that is meant.
    return int(share * n + 1e-9)


def draw_subset(groups: Sequence[object], n: int, rng: np.random.Generator) -> list[int]:
    """Indices of `n` items without replacement, in the order drawn; those that follow are left out.

    `groups` has each item's group. Groups take turns, so that none is drawn more often than another while that still
    has items; of one group only, this is a plain draw.
    """
    order = rng.permutation(len(groups))
    turn: dict[object, int] = {}
    turns = []
    for index in order:
        turns.append(turn.get(groups[index], 0))
        turn[groups[index]] = turns[-1] + 1
    return [int(order[place]) for place in np.argsort(turns, kind="stable")[:n]]


def draw_sources(items: int, count: int, rng: np.random.Generator) -> list[int]:
    """Which of `items` real items give their prompts to `count` samples: drawn without replacement.

    Where more are asked for than there are items, all are used before any is used again.
    """
    passes = -(-count // items)
    return [int(i) for i in np.concatenate([rng.permutation(items) for _ in range(passes)] or [[]])[:count]]


def draw_corrected(count: int, gamma: float, rng: np.random.Generator) -> np.ndarray:
    """Which of `count` samples are replaced by their correction: each with probability gamma / (1 + gamma); (count,).

    In distribution this is the mixture of definition 4.1 of Gillman et al.; gamma = inf corrects all of them.
    """
    probability = 1.0 if np.isinf(gamma) else gamma / (1.0 + gamma)
    return rng.random(count) < probability
