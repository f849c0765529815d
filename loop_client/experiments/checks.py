"""Whether an experiment shows the row that it must show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from loop_client.experiments.check_recipe import CheckRecipe
from motion.intervals import half_width

Curves = dict[str, np.ndarray]
"""`generations` (k,), and each metric (runs, k)."""


@dataclass(frozen=True)
class Verdict:
    """What came of a check: `holds`, and the numbers in words."""

    holds: bool
    says: str
    found: str


def judge(
    checks: Sequence[CheckRecipe], curves: Mapping[str, Curves], sizes: Mapping[str, int] | None = None
) -> list[Verdict]:
    """One verdict a check.

    Args:
        curves: of each arm by name.
        sizes: how many real points each arm has, for an effective size.
    """
    return [Verdict(*_verdict(check, curves, sizes or {})) for check in checks]


def _verdict(check: CheckRecipe, curves: Mapping[str, Curves], sizes: Mapping[str, int]) -> tuple[bool, str, str]:
    says = check.says or f"{check.kind} of {check.metric}"
    if check.kind in ("order", "at_most"):
        return _order(check, curves, says)
    if check.kind == "peak":
        return _peak(check, curves, says)
    least, most = check.range
    if check.kind == "effective_size":
        found = _effective_size(check, curves, sizes) / check.unit
        return least <= found <= most, says, f"{found:.3g}{_wanted(check)}"
    numbers = {arm: _number(check, curves[arm]) for arm in check.arms}
    holds = all(least <= mean <= most for mean, _ in numbers.values())
    found = ", ".join(f"{arm} {mean:.4g} ± {width:.1g}" for arm, (mean, width) in numbers.items())
    return holds, says, found + _wanted(check)


def _wanted(check: CheckRecipe) -> str:
    if check.value is not None:
        return f" (wanted {check.value:g} ± {check.tolerance:g})"
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (("at least", check.least), ("at most", check.most))
        if np.isfinite(bound)
    ]
    return f" (wanted {' and '.join(bounds)})"


def _number(check: CheckRecipe, curves: Curves) -> tuple[float, float]:
    """The quantity that a check is about, and half of its 95 % interval over runs."""
    values = curves[check.metric]
    if check.kind == "factor":
        # Of the mean over runs, not the mean of the runs' factors: it is the expectation that decays as is said.
        first, last = (values[:, _at(curves, generation)] for generation in (check.begin, check.end))
        span = check.end - check.begin
        factor = (last.mean() / first.mean()) ** (1 / span)
        # Of the logarithm of a ratio of means, to first order (the delta method): the two are of the same runs.
        spread = half_width(last / last.mean() - first / first.mean())
        return float(factor), float(factor * spread / span)
    runs = _window(check, curves)
    if check.kind == "ratio":
        runs = runs / values[:, 0].mean()
    return float(runs.mean()), float(half_width(runs))


def _order(check: CheckRecipe, curves: Mapping[str, Curves], says: str) -> tuple[bool, str, str]:
    means = {arm: _window(check, curves[arm]) for arm in check.arms}
    if check.kind == "at_most":
        rises = all(earlier.mean() <= later.mean() for earlier, later in pairwise(means.values()))
        return rises, says, _listed(means, " <= ")
    return all(_above(later, earlier) for earlier, later in pairwise(means.values())), says, _listed(means, " < ")


def _peak(check: CheckRecipe, curves: Mapping[str, Curves], says: str) -> tuple[bool, str, str]:
    means = {arm: _window(check, curves[arm]) for arm in check.arms}
    first, *between, last = means.values()
    top = max(between, key=np.mean)
    return _above(top, first) and _above(top, last), says, _listed(means, ", ")


def _above(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether the runs of one are above those of another in the mean, pair by pair, by more than chance."""
    return bool((one - other).mean() > half_width(one - other))


def _listed(means: Mapping[str, np.ndarray], between: str) -> str:
    return between.join(f"{arm} {mean.mean():.3g} ± {half_width(mean):.1g}" for arm, mean in means.items())


def _effective_size(check: CheckRecipe, curves: Mapping[str, Curves], sizes: Mapping[str, int]) -> float:
    """How many real points alone do as well: read off the arms with real points, between which both are powers."""
    loop, *real = check.arms
    known = sorted((float(_window(check, curves[arm]).mean()), sizes[arm]) for arm in real)
    distances, counts = np.log([distance for distance, _ in known]), np.log([count for _, count in known])
    return float(np.exp(np.interp(np.log(_window(check, curves[loop]).mean()), distances, counts)))


def _window(check: CheckRecipe, curves: Curves) -> np.ndarray:
    """Each run's mean over the check's generations, (runs,)."""
    inside = (curves["generations"] >= check.begin) & (curves["generations"] <= check.end)
    return curves[check.metric][:, inside].mean(axis=1)


def _at(curves: Curves, generation: int) -> int:
    return int(np.abs(curves["generations"] - generation).argmin())
