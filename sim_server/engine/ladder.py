"""The assist ladder: help is raised only where a motion would otherwise fall, and only around that moment.

A motion is simulated at the lowest rung: by the analytic controller alone, without assist. Where it leaves its
reference, the simulation is taken back to a little before that and goes on with the next rung up for a while: the
analytic controller with a little assist, for it stays closest to what it can do at all, then the learned policy with as
much, and then with more, at last the analytic controller again; where that is not enough, from further back and higher.
What was already right is never simulated twice, and a second of help in a ten-second motion stays a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from motion.protocols import CorrectionOptions

RUNGS_N = (0.0, 10.0, 25.0, 50.0, 100.0, 200.0, 400.0, 1000.0)
_LEARNED_FROM_N = 25.0  # up to here the analytic controller is tried first, from here on the learned policy
_BACK_STEPS = 8  # control steps before the failure where a retry begins, for the first rung above the lowest
_BACK_MORE = 3  # and how many more for each further rung
_CALM_M = 0.05  # nearer than this to its reference a motion is in order
_AHEAD_STEPS = 5  # how long after the failure the help stays


class Rung(NamedTuple):
    """Newtons of assist that are allowed, and whether the motion's policy acts, or the analytic controller alone."""

    newtons: float
    learned: bool


@dataclass
class AssistPlan:
    """How much help each control step of one motion gets.

    `rung` (steps,) indexes `rungs`; `attempts` counts the simulations begun: the first, and every one that was taken
    back.
    """

    rungs: tuple[Rung, ...]
    rung: np.ndarray
    attempts: int = 1

    @classmethod
    def of(cls, options: CorrectionOptions, steps: int, learned: bool) -> AssistPlan:
        """The plan of a motion of `steps` control steps; `learned` says whether its policy adds to the controller."""
        match options.assist:
            case "auto":
                rungs = tuple(Rung(n, True) for n in RUNGS_N if not learned or n >= _LEARNED_FROM_N)
                if learned:
                    first = (Rung(n, False) for n in RUNGS_N if n <= _LEARNED_FROM_N)
                    rungs = (*first, *rungs, Rung(RUNGS_N[-1], False))
            case "none":
                rungs = (Rung(0.0, True),)
            case limit:
                rungs = (Rung(float(limit), True),)
        return cls(rungs, np.zeros(steps, int))

    def at(self, step: int) -> Rung:
        """What control step `step` may use."""
        return self.rungs[self.rung[step]]

    @property
    def highest_n(self) -> float:
        return self.rungs[int(self.rung.max())].newtons

    def retry_from(self, failed: int, distance: np.ndarray) -> int | None:
        """Raise the help around control step `failed`; the step to begin again from, or None if nothing is left.

        `distance` (failed + 1,) metres is how far each step so far began from its reference: a retry begins where the
        motion was still right.
        """
        reached = int(self.rung[max(0, failed - _BACK_STEPS) : failed + 1].min())
        if reached + 1 >= len(self.rungs):
            return None
        latest = max(0, failed - _BACK_STEPS - _BACK_MORE * reached)
        calm = np.flatnonzero(distance[: latest + 1] < _CALM_M)
        start = int(calm[-1]) if len(calm) else 0
        window = self.rung[start : failed + 1 + _AHEAD_STEPS]
        np.maximum(window, reached + 1, out=window)
        self.attempts += 1
        return start

    def hold(self, step: int) -> None:
        """Keep the help of control step `step` up for a while: it is needed, and there is no more."""
        window = self.rung[step : step + 1 + _AHEAD_STEPS]
        np.maximum(window, self.rung[step], out=window)
