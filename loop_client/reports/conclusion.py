"""The conclusion of a run or an experiment, in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loop_client.evaluation.measures import BY_PATH, Measure
from loop_client.experiments.checks import Verdict
from loop_client.reports.results import Results, format_number
from loop_client.runs.arms import ArmRecipe
from loop_client.runs.run_recipe import Recipe
from motion.intervals import half_width

_COMPARED = ("fid", "raw.phys_err_mm")


def run_conclusion(results: Results, recipe: Recipe) -> str:
    """Say whether correction made a difference in the last generation that all arms have reached.

    The arm corrected by physics is compared with an arm that is not corrected, by FID and physical error. With two
    seeds or more, the differences are paired by seed and a difference is claimed only where it exceeds its 95 %
    interval.

    Args:
        results: the metrics of the run, which need not be complete.
        recipe: of the run.

    Returns:
        One sentence of plain text.
    """
    last = results.last
    if last == 0:
        return "No arm can be compared yet: only generation 0, which all arms share, is done."
    arms = _arms_to_compare(recipe)
    if arms is None:
        return _best_arm(results)
    corrected, other = arms
    seeds = len(results.seeds_at(last))
    found = [
        clause for path in _COMPARED if (clause := _comparison(results, BY_PATH[path], corrected, other)) is not None
    ]
    if not found:
        return f"At generation {last}, the arms {corrected!r} and {other!r} have no metric that can be compared."
    if seeds > 1:
        start = (
            f"With {seeds} seeds at generation {last}, {corrected!r} compared with {other!r} (paired, 95 % intervals)"
        )
        return f"{start}: {'; '.join(found)}."
    start = f"With one seed at generation {last}, {corrected!r} compared with {other!r}"
    return f"{start}: {'; '.join(found)}; one seed cannot show that a difference is more than chance."


def checks_conclusion(verdicts: Sequence[Verdict]) -> str:
    """Say whether the published result is reproduced, in one sentence."""
    count = len(verdicts)
    failed, undecided = (sum(each.outcome == word for each in verdicts) for word in ("FAIL", "UNDECIDED"))
    if not verdicts:
        return "The recipe has no checks, so no published result is tested."
    if failed:
        rest = f", and {undecided} {'is' if undecided == 1 else 'are'} undecided" if undecided else ""
        return f"The published result is not reproduced: {failed} of {count} checks do not hold{rest}."
    if undecided:
        needed = [each.seeds_needed for each in verdicts if each.outcome == "UNDECIDED"]
        known = [seeds for seeds in needed if seeds is not None]
        enough = f"; about {max(known)} seeds would decide" if len(known) == len(needed) else ""
        return (
            f"Whether the published result is reproduced is undecided: {undecided} of {count} checks "
            f"{'is' if undecided == 1 else 'are'} within chance{enough}."
        )
    holds = "the one check holds" if count == 1 else f"all {count} checks hold"
    return f"The published result is reproduced: {holds}."


def _arms_to_compare(recipe: Recipe) -> tuple[str, str] | None:
    """Return the names of an arm corrected by physics and of the arm that is most like it without correction."""
    for arm in recipe.arms:
        if arm.corrector != "physics":
            continue
        plain = [other for other in recipe.arms if other.corrector == "identity" and other.verifier is None]
        if plain:
            return arm.name, min(plain, key=lambda other: _unlikeness(arm, other)).name
    return None


def _unlikeness(arm: ArmRecipe, other: ArmRecipe) -> tuple[bool, bool]:
    return other.strategy != arm.strategy, other.strategy == "baseline"


def _comparison(results: Results, measure: Measure, corrected: str, other: str) -> str | None:
    """Compare two arms by one measure; None where a seed has no value."""
    values = results.paired_values(measure.path, results.last)
    difference = values[corrected] - values[other]
    if np.isnan(difference).any():
        return None
    unit = f" {measure.unit}" if measure.unit else ""
    means = (format_number(float(values[arm].mean()), measure.digits) for arm in (corrected, other))
    against = f"{' against '.join(means)}{unit}"
    name = measure.name if measure.name.isupper() else measure.name.lower()
    if len(difference) < 2:
        return f"{name} {against}"
    mean, half = float(difference.mean()), float(half_width(difference))
    size = f"{abs(mean):.{measure.digits}f} ± {half:.{measure.digits}f}{unit}"
    if abs(mean) > half:
        return f"{name} is {'lower' if mean < 0 else 'higher'} by {size} ({against})"
    signed = f"{mean:+.{measure.digits}f} ± {half:.{measure.digits}f}{unit}"
    return f"no difference in {name} can be shown, {signed} ({against})"


def _best_arm(results: Results) -> str:
    fid = BY_PATH["fid"]
    means = {arm: mean for arm in results.arms if (mean := results.mean(fid, arm, results.last)) is not None}
    if not means:
        return f"At generation {results.last}, no arm has an FID."
    best = min(means, key=means.__getitem__)
    seeds = len(results.seeds_at(results.last))
    over = "one seed" if seeds == 1 else f"{seeds} seeds"
    return f"At generation {results.last}, arm {best!r} has the lowest mean FID, {means[best]:.2f}, over {over}."
