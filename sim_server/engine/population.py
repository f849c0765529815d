"""A population of candidates, moved towards the better ones by the cross-entropy method."""

from __future__ import annotations

import numpy as np

from motion.array_types import FloatArray

_KEPT_SHARE = 6  # one of so many candidates shapes the next population
_LEAST_KEPT = 4
_SPREAD = 0.1  # added to the standard deviation of the next population, in units of that of the first


class Population:
    """Candidates that are drawn from independent normal distributions.

    The cross-entropy method (Rubinstein and Kroese, "The cross-entropy method", 2004): the next population is drawn
    around the mean of the better candidates, with their standard deviation.

    Args:
        size: candidates of a population.
        deviation: (...) standard deviation of each number of a candidate at first, around 0; 0 for one that stays 0.
        rng: source of randomness.

    Attributes:
        candidates: (size, ...) the candidates; the first one is the mean.
    """

    def __init__(self, size: int, deviation: FloatArray, rng: np.random.Generator) -> None:
        self._size, self._rng = size, rng
        self._mean, self._deviation = np.zeros_like(deviation), deviation
        self._spread = _SPREAD * deviation
        self.candidates = self._draw()

    def learn(self, costs: FloatArray) -> None:
        """Draw the next population, given what each candidate costs."""
        order = np.argsort(costs, kind="stable")
        kept = self.candidates[order[: max(_LEAST_KEPT, self._size // _KEPT_SHARE)]]
        self._mean, self._deviation = kept.mean(0), kept.std(0) + self._spread
        self.candidates = self._draw()

    def _draw(self) -> FloatArray:
        noise = self._rng.standard_normal((self._size, *self._mean.shape))
        noise[0] = 0
        return self._mean + self._deviation * noise
