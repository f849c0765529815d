"""The curriculum: clips that fail are drawn more often, and each clip gets as little assist as it can do with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_MEMORY = 0.15  # weight of the newest episode in the running failure rate of a clip
_MIN_ODDS = 0.15  # odds of a clip that never fails


@dataclass(frozen=True)
class AssistSchedule:
    """How the assist limit of a clip follows the outcome of its episodes.

    Attributes:
        start: first limit of every clip [N, N m].
        least: smallest limit [N, N m].
        most: largest limit [N, N m].
        on_success: factor on the limit after an episode that succeeded.
        on_failure: factor on the limit after an episode that failed.
        zero_share: share of the episodes without any assist, whatever the limit of the clip.
    """

    start: float = 60.0
    least: float = 3.0
    most: float = 200.0
    on_success: float = 0.94
    on_failure: float = 1.12
    zero_share: float = 0.1


class Curriculum:
    """Failure rates and assist limits of clips, which follow the episodes.

    Args:
        weights: (clips,) relative frequencies of the clips.
        schedule: how the limits follow the episodes.

    Attributes:
        failures: (clips,) running failure rate of each clip.
        limits: (clips,) assist limit of each clip [N, N m].
    """

    def __init__(self, weights: np.ndarray, schedule: AssistSchedule):
        self._weights = np.asarray(weights, float)
        self._schedule = schedule
        self.failures = np.full(len(self._weights), 0.5)
        self.limits = np.full(len(self._weights), schedule.start)

    def draw(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw clips (count,) and assist limits (count,) [N, N m] for new episodes."""
        odds = self._weights * (_MIN_ODDS + self.failures)
        clips = rng.choice(len(odds), count, p=odds / odds.sum())
        spread = rng.uniform(0.5, 1.5, count)
        without = rng.random(count) < self._schedule.zero_share
        return clips, np.where(without, 0.0, self.limits[clips] * spread)

    def record_episode(self, clip: int, limit: float, failed: bool) -> None:
        """Update a clip after an episode that had this assist limit [N, N m]."""
        self.failures[clip] += _MEMORY * (failed - self.failures[clip])
        # A failure with less assist than the clip's limit, or a success with more, tells nothing about the limit.
        schedule = self._schedule
        if failed and limit >= self.limits[clip]:
            self.limits[clip] *= schedule.on_failure
        elif not failed and limit <= self.limits[clip]:
            self.limits[clip] *= schedule.on_success
        self.limits[clip] = np.clip(self.limits[clip], schedule.least, schedule.most)

    def state(self) -> dict[str, np.ndarray]:
        """Return a copy of the failure rates and limits, for `restore`."""
        return {"failures": self.failures.copy(), "limits": self.limits.copy()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Set the failure rates and limits to those that `state` returned."""
        self.failures, self.limits = state["failures"].copy(), state["limits"].copy()
