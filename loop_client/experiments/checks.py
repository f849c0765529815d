"""Judgement of an experiment: whether its curves show the published result."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from loop_client.check_recipe import CheckRecipe
from loop_client.experiments.estimates import (
    FAIL,
    PASS,
    UNDECIDED,
    Decision,
    Estimate,
    combined,
    jackknife_of,
    mean_of,
    quotient_of,
)

Curves = dict[str, np.ndarray]
"""Curves of one arm: `generations` (k,), and each metric by name (seeds, k)."""


@dataclass(frozen=True)
class Verdict:
    """The verdict on one check.

    Attributes:
        holds: whether the curves agree with the statement by more than chance.
        statement: what was checked, in words.
        found: the numbers, with 95 % intervals over the seeds, and what was expected.
        undecided: whether the interval leaves it open; `holds` is then false.
        seeds_needed: about how many seeds would decide it; None where that is not known.
        source: where the expected numbers come from.
    """

    holds: bool
    statement: str
    found: str
    undecided: bool = False
    seeds_needed: int | None = None
    source: str = ""

    @property
    def outcome(self) -> str:
        """The verdict in one word: `PASS`, `FAIL` or `UNDECIDED`."""
        return PASS if self.holds else UNDECIDED if self.undecided else FAIL

    @property
    def sentence(self) -> str:
        """The verdict and what it would take, such as `UNDECIDED; about 31 seeds would decide it`."""
        if self.outcome != UNDECIDED:
            return self.outcome
        if self.seeds_needed is None:
            return f"{UNDECIDED}; what is measured lies on the bound, and no number of seeds that can be run decides it"
        return f"{UNDECIDED}; about {self.seeds_needed} seeds would decide it"

    def to_json(self) -> dict[str, object]:
        """Return the entry of this check in result.json."""
        return {
            "verdict": self.outcome,
            "holds": self.holds,
            "says": self.statement,
            "found": self.found,
            "seeds_needed": self.seeds_needed,
            "source": self.source,
        }


def overall_outcome(verdicts: Sequence[Verdict]) -> str:
    """Return the verdict on an experiment: FAIL if one check fails, UNDECIDED if one is, and PASS otherwise."""
    outcomes = {verdict.outcome for verdict in verdicts}
    return FAIL if FAIL in outcomes else UNDECIDED if UNDECIDED in outcomes else PASS


def judge(
    checks: Sequence[CheckRecipe], curves: Mapping[str, Curves], real_counts: Mapping[str, int] | None = None
) -> list[Verdict]:
    """Judge each check on the curves of an experiment.

    Every kind decides by the 95 % interval that it prints.

    Args:
        checks: the checks of the recipe.
        curves: the curves of each arm, by its name.
        real_counts: number of real points of each arm; only checks of kind `effective_size` need it.

    Returns:
        One verdict for each check, in their order.
    """
    verdicts = []
    for check in checks:
        decision, found = _judge_one(check, curves, real_counts or {})
        verdicts.append(
            Verdict(
                decision.outcome == PASS,
                check.statement or f"{check.kind} of {check.metric}",
                found,
                decision.outcome == UNDECIDED,
                decision.seeds_needed,
                check.source,
            )
        )
    return verdicts


def _judge_one(
    check: CheckRecipe, curves: Mapping[str, Curves], real_counts: Mapping[str, int]
) -> tuple[Decision, str]:
    if check.kind == "order":
        return _judge_order(check, curves, 0.0, " < ")
    if check.kind == "at_most":
        return _judge_order(check, curves, check.tolerance, " <= ")
    if check.kind == "gain":
        return _judge_gain(check, curves)
    if check.kind == "peak":
        return _judge_peak(check, curves)
    least, most = check.range
    estimates = _bounded_numbers(check, curves, real_counts)
    decision = combined([estimate.judge(least, most) for estimate in estimates.values()])
    return decision, ", ".join(f"{name} {estimate}" for name, estimate in estimates.items()) + _expected(check)


def _expected(check: CheckRecipe) -> str:
    if check.value is not None:
        return f" (expected {check.value:g} ± {check.tolerance:g})"
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (("at least", check.least), ("at most", check.most))
        if np.isfinite(bound)
    ]
    return f" (expected {' and '.join(bounds)})"


def _bounded_numbers(
    check: CheckRecipe, curves: Mapping[str, Curves], real_counts: Mapping[str, int]
) -> dict[str, Estimate]:
    """Estimate the numbers that a check bounds, by the name under which they are printed."""
    if check.kind == "effective_size":
        return {check.arms[0]: _effective_size(check, curves, real_counts)}
    if check.kind == "quotient":
        *upper, last = check.arms
        lower = _seed_values(check, curves[last])
        return {f"{arm} / {last}": quotient_of(_seed_values(check, curves[arm]), lower) for arm in upper}
    if check.kind == "each":
        return {arm: _worst_generation(check, curves[arm]) for arm in check.arms}
    return {arm: _number(check, curves[arm]) for arm in check.arms}


def _number(check: CheckRecipe, curves: Curves) -> Estimate:
    """Estimate the number that a check bounds for one arm."""
    values = curves[check.metric]
    if check.kind == "factor":
        # The theorems are about the expectation, so the factor is that of the mean over seeds, not the mean of the
        # seeds' factors.
        first, last = (values[:, _column(curves, generation)] for generation in (check.begin, check.end))
        return quotient_of(last, first, check.end - check.begin)
    means = _seed_values(check, curves)
    return quotient_of(means, values[:, 0]) if check.kind == "ratio" else mean_of(means)


def _worst_generation(check: CheckRecipe, curves: Curves) -> Estimate:
    """Return the mean of the generation that is nearest to breaking the bounds, or breaks them by most."""
    least, most = check.range
    estimates = [mean_of(column) for column in curves[check.metric][:, _window(check, curves)].T]
    return min(
        estimates,
        key=lambda each: min(each.value - each.half_width - least, most - each.value - each.half_width),
    )


def _judge_order(
    check: CheckRecipe, curves: Mapping[str, Curves], margin: float, separator: str
) -> tuple[Decision, str]:
    values = {arm: _seed_values(check, curves[arm]) for arm in check.arms}
    steps = {f"{later} - {earlier}": mean_of(values[later] - values[earlier]) for earlier, later in pairwise(values)}
    decision = combined([step.judge(-margin) if margin else _above_zero(step, check) for step in steps.values()])
    paired = "; paired, " + ", ".join(f"{name} {step}" for name, step in steps.items())
    allowed = f", which may be {margin:g} below 0" if margin else ""
    return decision, _listed(values, separator) + paired + allowed


def _above_zero(difference: Estimate, check: CheckRecipe) -> Decision:
    """Decide whether a difference is above zero; for `at_most` without a margin, equal arms are in order too."""
    if difference.value == difference.half_width == 0.0:
        return Decision(PASS if check.kind == "at_most" else FAIL)
    return difference.judge(np.nextafter(0.0, 1.0))


def _judge_gain(check: CheckRecipe, curves: Mapping[str, Curves]) -> tuple[Decision, str]:
    values = [_seed_values(check, curves[arm]) for arm in check.arms]
    gains = {
        f"{upper} - {lower}": values[index + 1] - values[index]
        for index, (lower, upper) in enumerate(zip(check.arms[::2], check.arms[1::2], strict=True))
        for index in [2 * index]
    }
    rises = [mean_of(later - earlier) for earlier, later in pairwise(gains.values())]
    return combined([_above_zero(rise, check) for rise in rises]), _listed(gains, " < ")


def _judge_peak(check: CheckRecipe, curves: Mapping[str, Curves]) -> tuple[Decision, str]:
    values = {arm: _seed_values(check, curves[arm]) for arm in check.arms}
    first, *between, last = values.values()
    # The highest of several arms is above the others by chance, too, so each interval is widened for the choice.
    decisions = [
        combined([_above_zero(mean_of(arm - end, len(between)), check) for end in (first, last)]) for arm in between
    ]
    outcomes = [each.outcome for each in decisions]
    if PASS in outcomes:
        return Decision(PASS), _listed(values, ", ")
    if UNDECIDED not in outcomes:
        return Decision(FAIL), _listed(values, ", ")
    needed = [each.seeds_needed for each in decisions if each.seeds_needed is not None]
    return Decision(UNDECIDED, min(needed) if needed else None), _listed(values, ", ")


def _listed(values: Mapping[str, np.ndarray], separator: str) -> str:
    return separator.join(f"{arm} {mean_of(each)}" for arm, each in values.items())


def _effective_size(check: CheckRecipe, curves: Mapping[str, Curves], real_counts: Mapping[str, int]) -> Estimate:
    """Interpolate how many real points alone do as well as the first arm, linearly between logarithms."""
    loop, *real = check.arms
    values = {arm: _seed_values(check, curves[arm]) for arm in check.arms}

    def size(seeds: Sequence[int]) -> float:
        known = sorted((float(values[arm][seeds].mean()), real_counts[arm]) for arm in real)
        distances, counts = np.log([distance for distance, _ in known]), np.log([count for _, count in known])
        return float(np.exp(np.interp(np.log(values[loop][seeds].mean()), distances, counts))) / check.unit

    return jackknife_of(size, len(values[loop]))


def _seed_values(check: CheckRecipe, curves: Curves) -> np.ndarray:
    """Compute the check's statistic over its generations for each seed, (seeds,)."""
    inside = curves[check.metric][:, _window(check, curves)]
    if check.statistic == "spread":
        return inside.std(axis=1, ddof=1) if inside.shape[1] > 1 else np.full(len(inside), math.nan)
    return inside.mean(axis=1)


def _window(check: CheckRecipe, curves: Curves) -> np.ndarray:
    return (curves["generations"] >= check.begin) & (curves["generations"] <= check.end)


def _column(curves: Curves, generation: int) -> int:
    return int(np.abs(curves["generations"] - generation).argmin())
