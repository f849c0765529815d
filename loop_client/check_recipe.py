"""Checks of a recipe: statements about the curves of an experiment."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated

from motion.errors import InvalidInput, Violation
from motion.shell.schema import Integer, Key, ListOf, Number, Text

CHECKS = ("mean", "factor", "ratio", "each", "quotient", "order", "at_most", "gain", "peak", "effective_size")
_MIN_ARMS = {"order": 2, "at_most": 2, "quotient": 2, "gain": 4, "peak": 3, "effective_size": 2}
_COMPARISONS = ("order", "at_most", "gain", "peak")  # they compare arms with each other and need no bounds
STATISTICS = ("mean", "spread")


@dataclass(frozen=True)
class CheckRecipe:
    """A statement about the curves, which holds, does not hold, or is left undecided by its 95 % interval.

    Some kinds bound a number, which must be within `tolerance` of `value`, or lie between `least` and `most`, for
    every arm of `arms`:

    - `mean`: the mean of `metric` over the generations `from` to `to`;
    - `each`: the mean of `metric` in each of these generations;
    - `ratio`: the mean over these generations divided by that of generation 0;
    - `factor`: the factor by which the metric changes per generation between `from` and `to`;
    - `quotient`: the mean of each arm but the last, divided by the mean of the last;
    - `effective_size`: the number of real points, in units of `unit`, with which training on real points alone does as
      well as the first of `arms`; the other arms are those with real points alone.

    The others compare the means of the arms, paired by seed:

    - `order`: each arm is above the one before;
    - `at_most`: each arm is at most `tolerance` below the one before;
    - `gain`: the arms are pairs, and the amount by which the second arm of a pair is above the first is larger than in
      the pair before;
    - `peak`: an arm that is neither the first nor the last is above both.

    Attributes:
        kind: one of the above.
        metric: the name of a curve.
        arms: names of arms, in the order in which they are compared.
        begin, end: the first and the last generation, both included; `from` and `to` in a recipe.
        statistic: what is taken of the generations of a seed: their `mean`, or their `spread` (standard deviation).
        value, tolerance: the expected number and how far it may be missed; `tolerance` alone is the margin of
            `at_most`.
        least, most: bounds of the number where no `value` is given.
        unit: see `effective_size`.
        statement: the published result in words; `says` in a recipe.
        source: where the numbers come from: a sentence of the paper, a closed form, or a recorded run of published
            code.
    """

    kind: Annotated[str, Text(CHECKS)]
    metric: Annotated[str, Text()]
    arms: Annotated[tuple[str, ...], ListOf(Text(), least=1)]
    begin: Annotated[int, Integer(), Key("from")]
    end: Annotated[int, Integer(), Key("to")]
    statistic: Annotated[str, Text(STATISTICS)] = "mean"
    value: Annotated[float | None, Number(-math.inf)] = None
    tolerance: Annotated[float, Number()] = 0.0
    least: Annotated[float, Number(-math.inf, finite=False)] = -math.inf
    most: Annotated[float, Number(-math.inf, finite=False)] = math.inf
    unit: Annotated[float, Number(1e-9)] = 1.0
    statement: Annotated[str, Text(may_be_empty=True), Key("says")] = ""
    source: Annotated[str, Text(may_be_empty=True)] = ""

    def __post_init__(self) -> None:
        wrong = []
        if self.begin > self.end or (self.kind == "factor" and self.begin == self.end):
            most = "below" if self.kind == "factor" else "at most"
            wrong.append(Violation("from", f"is {self.begin}; must be {most} to, which is {self.end}"))
        if len(self.arms) < (least := _MIN_ARMS.get(self.kind, 1)):
            wrong.append(Violation("arms", f"are {len(self.arms)}, too few; kind {self.kind!r} needs at least {least}"))
        if self.kind == "gain" and len(self.arms) % 2:
            wrong.append(Violation("arms", f"are {len(self.arms)}; kind 'gain' compares pairs, so must be even"))
        if len(set(self.arms)) < len(self.arms):
            wrong.append(Violation("arms", f"are {', '.join(self.arms)}; none may be named twice"))
        bounded = self.value is not None or self.least > -math.inf or self.most < math.inf
        if self.kind not in _COMPARISONS and not bounded:
            wrong.append(Violation("value", f"is missing; kind {self.kind!r} needs value, least or most"))
        if self.statistic != "mean" and (self.kind in ("factor", "each") or self.begin == self.end):
            reason = f"is {self.statistic!r}; it needs several generations and a kind that takes one number of them"
            wrong.append(Violation("statistic", reason))
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


def unjudged_arms(checks: Sequence[CheckRecipe], arms: Sequence[str]) -> list[str]:
    """Return the arms that no check names, which a report must speak of all the same."""
    named = {arm for check in checks for arm in check.arms}
    return [arm for arm in arms if arm not in named]
