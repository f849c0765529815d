"""Judgement of an experiment: whether its curves show the published result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from loop_client.check_recipe import CheckRecipe
from motion.intervals import format_interval, half_width, interval

Curves = dict[str, np.ndarray]
"""Curves of one arm: `generations` (k,), and each metric by name (seeds, k)."""


@dataclass(frozen=True)
class Verdict:
    """The verdict on one check.

    Attributes:
        holds: whether the curves agree with the statement.
        statement: what was checked, in words.
        found: the numbers, with 95 % intervals over the seeds, and what was expected.
    """

    holds: bool
    statement: str
    found: str

    def to_json(self) -> dict[str, object]:
        """Return the entry of this check in result.json."""
        return {"holds": self.holds, "says": self.statement, "found": self.found}


def judge(
    checks: Sequence[CheckRecipe], curves: Mapping[str, Curves], real_counts: Mapping[str, int] | None = None
) -> list[Verdict]:
    """Judge each check on the curves of an experiment.

    Args:
        checks: the checks of the recipe.
        curves: the curves of each arm, by its name.
        real_counts: number of real points of each arm; only checks of kind `effective_size` need it.

    Returns:
        One verdict for each check, in their order.
    """
    verdicts = []
    for check in checks:
        holds, found = _judge_one(check, curves, real_counts or {})
        verdicts.append(Verdict(holds, check.statement or f"{check.kind} of {check.metric}", found))
    return verdicts


def _judge_one(check: CheckRecipe, curves: Mapping[str, Curves], real_counts: Mapping[str, int]) -> tuple[bool, str]:
    if check.kind in ("order", "at_most"):
        return _judge_order(check, curves)
    if check.kind == "peak":
        return _judge_peak(check, curves)
    least, most = check.range
    if check.kind == "effective_size":
        size = _effective_size(check, curves, real_counts) / check.unit
        return least <= size <= most, f"{size:.3g}{_expected(check)}"
    numbers = {arm: _number(check, curves[arm]) for arm in check.arms}
    holds = all(least <= mean <= most for mean, _ in numbers.values())
    found = ", ".join(
        f"{arm} {format_interval(mean, [mean - half, mean + half], digits=4)}" for arm, (mean, half) in numbers.items()
    )
    return holds, found + _expected(check)


def _expected(check: CheckRecipe) -> str:
    if check.value is not None:
        return f" (expected {check.value:g} ± {check.tolerance:g})"
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (("at least", check.least), ("at most", check.most))
        if np.isfinite(bound)
    ]
    return f" (expected {' and '.join(bounds)})"


def _number(check: CheckRecipe, curves: Curves) -> tuple[float, float]:
    """Compute the number that a check bounds, and half the width of its 95 % interval over the seeds."""
    values = curves[check.metric]
    if check.kind == "factor":
        # The theorems are about the expectation, so the factor is that of the mean over seeds, not the mean of the
        # seeds' factors.
        first, last = (values[:, _column(curves, generation)] for generation in (check.begin, check.end))
        span = check.end - check.begin
        factor = (last.mean() / first.mean()) ** (1 / span)
        # The delta method: the interval of the logarithm of a ratio of two paired means, to first order.
        log_half_width = half_width(last / last.mean() - first / first.mean())
        return float(factor), float(factor * log_half_width / span)
    means = _seed_means(check, curves)
    if check.kind == "ratio":
        means = means / values[:, 0].mean()
    return float(means.mean()), float(half_width(means))


def _judge_order(check: CheckRecipe, curves: Mapping[str, Curves]) -> tuple[bool, str]:
    means = {arm: _seed_means(check, curves[arm]) for arm in check.arms}
    if check.kind == "at_most":
        rises = all(earlier.mean() <= later.mean() for earlier, later in pairwise(means.values()))
        return rises, _listed(means, " <= ")
    return all(_is_above(later, earlier) for earlier, later in pairwise(means.values())), _listed(means, " < ")


def _judge_peak(check: CheckRecipe, curves: Mapping[str, Curves]) -> tuple[bool, str]:
    means = {arm: _seed_means(check, curves[arm]) for arm in check.arms}
    first, *between, last = means.values()
    top = max(between, key=np.mean)
    return _is_above(top, first) and _is_above(top, last), _listed(means, ", ")


def _is_above(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether the mean paired difference of two arms is positive by more than its 95 % interval."""
    return bool((one - other).mean() > half_width(one - other))


def _listed(means: Mapping[str, np.ndarray], separator: str) -> str:
    return separator.join(
        f"{arm} {format_interval(float(values.mean()), interval(values))}" for arm, values in means.items()
    )


def _effective_size(check: CheckRecipe, curves: Mapping[str, Curves], real_counts: Mapping[str, int]) -> float:
    """Interpolate how many real points alone do as well as the first arm, linearly between logarithms."""
    loop, *real = check.arms
    known = sorted((float(_seed_means(check, curves[arm]).mean()), real_counts[arm]) for arm in real)
    distances, counts = np.log([distance for distance, _ in known]), np.log([count for _, count in known])
    return float(np.exp(np.interp(np.log(_seed_means(check, curves[loop]).mean()), distances, counts)))


def _seed_means(check: CheckRecipe, curves: Curves) -> np.ndarray:
    """Compute the mean over the check's generations for each seed, (seeds,)."""
    inside = (curves["generations"] >= check.begin) & (curves["generations"] <= check.end)
    return curves[check.metric][:, inside].mean(axis=1)


def _column(curves: Curves, generation: int) -> int:
    return int(np.abs(curves["generations"] - generation).argmin())
