"""Sets of points for many runs at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class PointSet:
    """Points of one origin and generation, for each run; a training set is a sequence of such sets.

    Attributes:
        points: (runs, n, dim), one run for each seed.
        whole: the set that these are the first points of, if they were taken from one.
    """

    points: np.ndarray
    whole: PointSet | None = None

    def __len__(self) -> int:
        return self.points.shape[1]

    def first(self, n: int) -> PointSet:
        """Return the first `n` points of each run."""
        return PointSet(self.points[:, :n], self)

    @property
    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """The sum (runs, dim) and the sum of outer products (runs, dim, dim) of the points.

        They are all that fitting a Gaussian needs. They are cached because a set may be trained on in hundreds of
        generations.
        """
        if self.whole is None:
            return self._moments
        sums, squares = self.whole._running_moments
        return sums[len(self)], squares[len(self)]

    @cached_property
    def _moments(self) -> tuple[np.ndarray, np.ndarray]:
        return self.points.sum(axis=1), self.points.transpose(0, 2, 1) @ self.points

    @cached_property
    def _running_moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Moments of the first 0, 1, ... n points: (n + 1, runs, dim) and (n + 1, runs, dim, dim)."""
        points = self.points.transpose(1, 0, 2)
        outer = points[..., :, None] * points[..., None, :]
        sums, squares = (np.concatenate([np.zeros_like(e[:1]), e.cumsum(axis=0)]) for e in (points, outer))
        return sums, squares


def concatenated(sets: Sequence[PointSet]) -> np.ndarray:
    """Return the points of several sets in one array, (runs, n, dim)."""
    return np.concatenate([each.points for each in sets], axis=1)
