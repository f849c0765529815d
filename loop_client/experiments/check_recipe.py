"""What a recipe says that its curves must show."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated

from motion.errors import InvalidInput, Violation
from motion.shell.schema import Integer, Key, ListOf, Number, Text

CHECKS = ("mean", "factor", "ratio", "order", "at_most", "peak", "effective_size")
_FEWEST = {"order": 2, "at_most": 2, "peak": 3, "effective_size": 2}  # arms of those kinds that compare arms
_COMPARING = ("order", "at_most", "peak")  # with each other, so that they need no bounds

SAID_ONLY = ("title", "paper", "row", "minutes", "checks")
"""Keys of a recipe that none of its numbers depends on."""


@dataclass(frozen=True)
class CheckRecipe:
    """A statement about the curves, which holds or does not.

    Attributes:
        kind: `mean`, of `metric` over generations `begin` to `end`; `factor`, by which its mean changes in a
            generation, between them; `ratio`, of that mean to generation 0; each of every arm of `arms`, to be within
            `tolerance` of `value`, or from `least` to `most`. `order`: means of the arms rise from one to the next, of
            the same seeds, by more than chance. `at_most`: they rise or stay, be it by chance. `peak`: the highest of
            the arms' means is that of neither the first nor the last, and above both by more than chance.
            `effective_size`: how many real points alone, in units of `unit`, would do as well as the first of `arms`;
            the others are arms with real points alone.
        metric: a name that curves have.
        says: in words, what the paper says.
    """

    kind: Annotated[str, Text(CHECKS)]
    metric: Annotated[str, Text()]
    arms: Annotated[tuple[str, ...], ListOf(Text(), least=1)]
    begin: Annotated[int, Integer(), Key("from")]
    end: Annotated[int, Integer(), Key("to")]
    value: Annotated[float | None, Number(-math.inf)] = None
    tolerance: Annotated[float, Number()] = 0.0
    least: Annotated[float, Number(-math.inf, finite=False)] = -math.inf
    most: Annotated[float, Number(-math.inf, finite=False)] = math.inf
    unit: Annotated[float, Number(1e-9)] = 1.0
    says: Annotated[str, Text(may_be_empty=True)] = ""

    def __post_init__(self) -> None:
        wrong = []
        if self.begin > self.end or (self.kind == "factor" and self.begin == self.end):
            most = "below" if self.kind == "factor" else "at most"
            wrong.append(Violation("from", f"is {self.begin}; must be {most} to, which is {self.end}"))
        if len(self.arms) < _FEWEST.get(self.kind, 1):
            wrong.append(Violation("arms", f"are {len(self.arms)}; too few for kind {self.kind!r}"))
        if len(set(self.arms)) < len(self.arms):
            wrong.append(Violation("arms", f"are {', '.join(self.arms)}; each must be there once"))
        bounded = self.value is not None or self.least > -math.inf or self.most < math.inf
        if self.kind not in _COMPARING and not bounded:
            wrong.append(Violation("value", f"is missing; kind {self.kind!r} needs value, least or most"))
        if wrong:
            raise InvalidInput(wrong)

    @property
    def range(self) -> tuple[float, float]:
        """From where to where the number may be."""
        if self.value is None:
            return self.least, self.most
        return self.value - self.tolerance, self.value + self.tolerance


def check_violations(
    checks: Sequence[CheckRecipe], arms: Sequence[str], generations: int, measured: Collection[int] | None = None
) -> list[Violation]:
    """What is wrong with the checks of a recipe that has these arms and so many generations, of which those in
    `measured` are looked at, by default all."""
    measured = range(generations + 1) if measured is None else measured
    wrong = []
    for index, check in enumerate(checks):
        unknown = [arm for arm in check.arms if arm not in arms]
        if unknown:
            wrong.append(Violation(f"checks[{index}].arms", f"has {unknown[0]!r}; the arms are {', '.join(arms)}"))
        if check.end > generations:
            wrong.append(Violation(f"checks[{index}].to", f"is {check.end}; there are {generations} generations"))
        elif check.kind == "factor" and not {check.begin, check.end} <= set(measured):
            wrong.append(Violation(f"checks[{index}].from", "and to must be generations that are measured"))
        elif not any(check.begin <= generation <= check.end for generation in measured):
            said = f"is {check.begin} and to {check.end}; no generation between them is measured"
            wrong.append(Violation(f"checks[{index}].from", said))
    return wrong
