"""Checks of a recipe: statements about the curves of an experiment."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated

from motion.errors import InvalidInput, Violation
from motion.shell.schema import Integer, Key, ListOf, Number, Text

CHECKS = ("mean", "factor", "ratio", "order", "at_most", "peak", "effective_size")
_MIN_ARMS = {"order": 2, "at_most": 2, "peak": 3, "effective_size": 2}
_COMPARISONS = ("order", "at_most", "peak")  # they compare arms with each other and need no bounds


@dataclass(frozen=True)
class CheckRecipe:
    """A statement about the curves, which holds or does not.

    Some kinds bound a number, which must be within `tolerance` of `value`, or lie between `least` and `most`, for
    every arm of `arms`:

    - `mean`: the mean of `metric` over the generations `from` to `to`;
    - `ratio`: that mean divided by the value at generation 0;
    - `factor`: the factor by which the metric changes per generation between `from` and `to`;
    - `effective_size`: the number of real points, in units of `unit`, with which training on real points alone does as
      well as the first of `arms`; the other arms are those with real points alone.

    The others compare the means of the arms, paired by seed:

    - `order`: each arm is above the one before by more than chance;
    - `at_most`: each arm is at or above the one before;
    - `peak`: the highest arm is neither the first nor the last, and above both by more than chance.

    Attributes:
        kind: one of the above.
        metric: the name of a curve.
        arms: names of arms, in the order in which they are compared.
        begin, end: the first and the last generation, both included; `from` and `to` in a recipe.
        value, tolerance: the expected number and how far it may be missed.
        least, most: bounds of the number where no `value` is given.
        unit: see `effective_size`.
        statement: the published result in words; `says` in a recipe.
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
    statement: Annotated[str, Text(may_be_empty=True), Key("says")] = ""

    def __post_init__(self) -> None:
        wrong = []
        if self.begin > self.end or (self.kind == "factor" and self.begin == self.end):
            most = "below" if self.kind == "factor" else "at most"
            wrong.append(Violation("from", f"is {self.begin}; must be {most} to, which is {self.end}"))
        if len(self.arms) < (least := _MIN_ARMS.get(self.kind, 1)):
            wrong.append(Violation("arms", f"are {len(self.arms)}, too few; kind {self.kind!r} needs at least {least}"))
        if len(set(self.arms)) < len(self.arms):
            wrong.append(Violation("arms", f"are {', '.join(self.arms)}; none may be named twice"))
        bounded = self.value is not None or self.least > -math.inf or self.most < math.inf
        if self.kind not in _COMPARISONS and not bounded:
            wrong.append(Violation("value", f"is missing; kind {self.kind!r} needs value, least or most"))
        if wrong:
            raise InvalidInput(wrong)

    @property
    def range(self) -> tuple[float, float]:
        """The least and the greatest value with which the check holds."""
        if self.value is None:
            return self.least, self.most
        return self.value - self.tolerance, self.value + self.tolerance


def check_violations(
    checks: Sequence[CheckRecipe], arms: Sequence[str], generations: int, measured: Collection[int] | None = None
) -> list[Violation]:
    """Find what is wrong with the checks of a recipe.

    Args:
        checks: the checks of the recipe.
        arms: names of the recipe's arms.
        generations: number of generations after generation 0.
        measured: generations whose metrics are computed; None for all.

    Returns:
        One violation for each arm or generation that does not exist; empty where all is well.
    """
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
            reason = f"is {check.begin} and to {check.end}; no generation between them is measured"
            wrong.append(Violation(f"checks[{index}].from", reason))
    return wrong
