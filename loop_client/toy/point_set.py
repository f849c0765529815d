"""Points that belong together, for many runs at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a training set.

    Attributes:
        points: (runs, n, dim), a run for each seed.
        whole: the part of which these are the first points, if they are.
    """

    points: np.ndarray
    whole: Part | None = None

    def __len__(self) -> int:
        return self.points.shape[1]

    def first(self, n: int) -> Part:
        """The first `n` points."""
        return Part(self.points[:, :n], self)

    @property
    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Sum (runs, dim) and sum of outer products (runs, dim, dim) of the points, which are all that a Gaussian
        needs to know: a part may be in the training sets of hundreds of generations."""
        if self.whole is None:
            return self._moments
        sums, squares = self.whole._running
        return sums[len(self)], squares[len(self)]

    @cached_property
    def _moments(self) -> tuple[np.ndarray, np.ndarray]:
        return self.points.sum(axis=1), self.points.transpose(0, 2, 1) @ self.points

    @cached_property
    def _running(self) -> tuple[np.ndarray, np.ndarray]:
        """The moments of the first 0, 1, ... n points: (n + 1, runs, dim) and (n + 1, runs, dim, dim)."""
        points = self.points.transpose(1, 0, 2)
        outer = points[..., :, None] * points[..., None, :]
        sums, squares = (np.concatenate([np.zeros_like(e[:1]), e.cumsum(axis=0)]) for e in (points, outer))
        return sums, squares


def gathered(parts: Sequence[Part]) -> np.ndarray:
    """All points of several parts, (runs, n, dim)."""
    return np.concatenate([part.points for part in parts], axis=1)
