"""Numbers with their 95 % intervals, and what the intervals decide."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from motion.intervals import format_interval, half_width

PASS, FAIL, UNDECIDED = "PASS", "FAIL", "UNDECIDED"
_MOST_SEEDS = 1_000_000  # more than anyone runs; the difference is then as good as zero


@dataclass(frozen=True)
class Estimate:
    """A number that is estimated from seeds.

    Attributes:
        value: the estimate.
        half_width: half the width of its 95 % interval; NaN where there are too few seeds for one.
        seeds: their number.
    """

    value: float
    half_width: float
    seeds: int

    def judge(self, least: float = -math.inf, most: float = math.inf) -> Decision:
        """Decide whether the number lies between two bounds, which are themselves inside.

        It does if its whole interval lies between them, it does not if its whole interval lies outside, and otherwise
        the seeds do not decide it.
        """
        low, high = self.value - self.half_width, self.value + self.half_width
        if least <= low and high <= most:
            return Decision(PASS)
        if high < least or low > most:
            return Decision(FAIL)
        return Decision(UNDECIDED, self._seeds_needed(least, most))

    def _seeds_needed(self, least: float, most: float) -> int | None:
        """Estimate the seeds that would decide: an interval narrows with the square root of their number."""
        distance = min(abs(self.value - bound) for bound in (least, most))
        if not math.isfinite(self.half_width) or distance <= 0:
            return None
        needed = math.ceil(self.seeds * (self.half_width / distance) ** 2)
        # Few seeds have wide intervals for the uncertainty of the spread too, so this errs to the safe side.
        return max(needed, self.seeds + 1) if needed <= _MOST_SEEDS else None

    def __str__(self) -> str:
        bounds = [self.value - self.half_width, self.value + self.half_width]
        return format_interval(self.value, bounds if math.isfinite(self.half_width) else None, digits=4)


@dataclass(frozen=True)
class Decision:
    """What an interval decides.

    Attributes:
        outcome: `PASS`, `FAIL` or `UNDECIDED`.
        seeds_needed: about how many seeds would decide it; None where that is not known, or more than a million.
    """

    outcome: str
    seeds_needed: int | None = None


def combined(decisions: Sequence[Decision]) -> Decision:
    """Combine the decisions on the parts of a statement, all of which it needs."""
    if any(each.outcome == FAIL for each in decisions):
        return Decision(FAIL)
    undecided = [each.seeds_needed for each in decisions if each.outcome == UNDECIDED]
    if not undecided:
        return Decision(PASS)
    known = [needed for needed in undecided if needed is not None]
    return Decision(UNDECIDED, max(known) if len(known) == len(undecided) else None)


def mean_of(values: np.ndarray, comparisons: int = 1) -> Estimate:
    """Estimate the mean of one value per seed.

    Args:
        values: (seeds,).
        comparisons: how many such statements are made at once, of which the best is chosen; the interval is widened
            by Bonferroni's correction.
    """
    if len(values) < 2:
        return Estimate(float(values.mean()), math.nan, len(values))
    half = float(half_width(values))
    if comparisons > 1 and half > 0:
        freedom = len(values) - 1
        half *= float(stats.t.ppf(1 - 0.025 / comparisons, freedom) / stats.t.ppf(0.975, freedom))
    return Estimate(float(values.mean()), half, len(values))


def quotient_of(upper: np.ndarray, lower: np.ndarray, root: int = 1) -> Estimate:
    """Estimate a root of the quotient of two means, paired by seed.

    The interval is that of the logarithm of the quotient, to first order (delta method).

    Args:
        upper: (seeds,) values of the numerator.
        lower: (seeds,) values of the denominator, of a mean other than zero.
        root: for a factor per generation, the number of generations.
    """
    quotient = float(upper.mean()) / float(lower.mean())
    if root > 1:
        quotient = math.pow(max(quotient, 0.0), 1 / root)
    if len(upper) < 2:
        return Estimate(quotient, math.nan, len(upper))
    spread = upper / upper.mean() - lower / lower.mean() if upper.any() else np.zeros(len(upper))
    return Estimate(quotient, abs(quotient) * float(half_width(spread)) / root, len(upper))


def jackknife_of(function: Callable[[Sequence[int]], float], seeds: int) -> Estimate:
    """Estimate a function of the seeds, with the interval of the jackknife (Tukey, 1958).

    Args:
        function: computes the number from the indices of seeds.
        seeds: their number.
    """
    everyone = list(range(seeds))
    value = function(everyone)
    if seeds < 2:
        return Estimate(value, math.nan, seeds)
    left_out = np.array([function(everyone[:seed] + everyone[seed + 1 :]) for seed in everyone])
    error = math.sqrt((seeds - 1) / seeds * float(((left_out - left_out.mean()) ** 2).sum()))
    return Estimate(value, float(stats.t.ppf(0.975, seeds - 1)) * error, seeds)
