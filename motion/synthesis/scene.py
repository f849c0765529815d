"""Scenes: the body, side, style and words of a clip, which are drawn before its plan is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from motion.synthesis.anatomy import SIDES, Body
from motion.synthesis.curve import slow_noise
from motion.synthesis.plan import Plan
from motion.synthesis.style import Style

_Choice = TypeVar("_Choice")
MIN_SECONDS, MAX_SECONDS = 39 / 20, 195 / 20


@dataclass
class Scene:
    """The circumstances of one clip.

    Attributes:
        rng: the random generator of the clip.
        body: the body that performs it.
        style: the style in which it is performed.
        side: the acting side, 0 left, 1 right.
        words: words for the patterns of the captions, by name; builders of plans add to them.
    """

    rng: np.random.Generator
    body: Body
    style: Style
    side: int
    words: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.words |= {"side": SIDES[self.side], "other": SIDES[1 - self.side]}

    def between(self, low: float, high: float) -> float:
        """Draw a number uniformly from `low` to `high`."""
        return float(self.rng.uniform(low, high))

    def number(self, low: int, high: int) -> int:
        """Draw a whole number from `low` to `high`, both included."""
        return int(self.rng.integers(low, high + 1))

    def pick(self, choices: Sequence[_Choice]) -> _Choice:
        """Draw one of `choices`."""
        return choices[int(self.rng.integers(len(choices)))]

    def pick_words(self, choices: Mapping[_Choice, str], name: str) -> _Choice:
        """Draw one of the keys; its words become the word `name` of the captions."""
        key = self.pick(list(choices))
        self.words[name] = choices[key]
        return key

    def seconds(self, plain: float) -> float:
        """Scale a duration of the plain style, s, by the tempo of the style and a little at random."""
        return plain / self.style.tempo * self.between(0.92, 1.1)

    def plan(self, duration: float, *, lead_in: float = 0.7) -> Plan:
        """Start a plan in this style, with breathing and slow random movements.

        Args:
            duration: duration of the clip, s; it is limited to what clips may have.
            lead_in: time that the plan covers before and after the clip, s.
        """
        frames = int(np.clip(round(duration * 20), 39, 195))
        plan = Plan(self.body, self.rng, frames / 20, lead_in=lead_in)
        plan.hold(self.style.posture)
        plan.hold({"lean": self.between(-2, 3), "out": self.between(-2, 3), "elbow": self.between(-6, 8)})
        breath = np.sin(2 * np.pi * plan.time / self.between(3.2, 4.6) + self.between(0, 6.28))
        drift = {"look": (2.0, 4.0), "nod": (1.2, 3.5), "twist": (0.9, 4.0), "bend": (0.6, 3.0), "sway": (0.07, 3.0)}
        plan.add({name: size * slow_noise(self.rng, plan.time, period) for name, (size, period) in drift.items()})
        for side in SIDES:
            plan.add({f"{side}.flex": 1.2 * slow_noise(self.rng, plan.time, 3.0), f"{side}.shrug": 0.8 * breath})
            plan.add({f"{side}.elbow": 1.5 * slow_noise(self.rng, plan.time, 2.5)})
        plan.add({"lean": 0.6 * breath})
        return plan


COUNTS = {1: "once", 2: "twice", 3: "three times", 4: "four times", 5: "five times", 6: "six times", 7: "seven times"}
NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}
