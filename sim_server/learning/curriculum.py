"""Which clip comes next and with how much help: hard clips more often, and each with as little as it can do with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_MEMORY = 0.15  # weight of the newest episode in a clip's running share of failures
_FLOOR = 0.15  # what a clip that never fails is still drawn with


@dataclass(frozen=True)
class LimitSchedule:
    """How a clip's assist limit, N and Nm, follows its episodes.

    Attributes:
        start: the first.
        least, most: it stays between.
        on_success, on_failure: factors.
        zero_share: share of the episodes that are given none at all, whatever the clip's limit.
    """

    start: float = 60.0
    least: float = 3.0
    most: float = 200.0
    on_success: float = 0.94
    on_failure: float = 1.12
    zero_share: float = 0.1


class Curriculum:
    """Running averages over the episodes of each clip."""

    def __init__(self, weights: np.ndarray, schedule: LimitSchedule):
        self._weights = np.asarray(weights, float)
        self._schedule = schedule
        self.failures = np.full(len(self._weights), 0.5)
        self.limits = np.full(len(self._weights), schedule.start)

    def draw(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Clips (count,) and limits (count,) of new episodes."""
        odds = self._weights * (_FLOOR + self.failures)
        clips = rng.choice(len(odds), count, p=odds / odds.sum())
        spread = rng.uniform(0.5, 1.5, count)
        alone = rng.random(count) < self._schedule.zero_share
        return clips, np.where(alone, 0.0, self.limits[clips] * spread)

    def ended(self, clip: int, limit: float, failed: bool) -> None:
        """Learn from an episode of `clip` that was given `limit`."""
        self.failures[clip] += _MEMORY * (failed - self.failures[clip])
        # Failing with less than the clip's limit, or managing with more, says nothing about the limit.
        schedule = self._schedule
        if failed and limit >= self.limits[clip]:
            self.limits[clip] *= schedule.on_failure
        elif not failed and limit <= self.limits[clip]:
            self.limits[clip] *= schedule.on_success
        self.limits[clip] = np.clip(self.limits[clip], schedule.least, schedule.most)

    def state(self) -> dict[str, np.ndarray]:
        return {"failures": self.failures.copy(), "limits": self.limits.copy()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self.failures, self.limits = state["failures"].copy(), state["limits"].copy()
