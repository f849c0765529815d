"""A page that compares two runs, arm by arm."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from scipy import stats

from loop_client.evaluation.measures import MEASURES, Measure
from loop_client.reports.arm_colors import shades
from loop_client.reports.measure_definitions import DEFINITIONS, measure_term
from loop_client.reports.report_frame import curves_section, heading
from loop_client.reports.results import Results, format_mean
from loop_client.runs.run_store import RunStore
from motion.errors import InvalidInput
from motion.intervals import half_width
from motion.shell.atomic import atomic_path
from motion.shell.schema import table_differences
from motion.viewing.line_chart import chart_svg, is_constant
from motion.viewing.page_elements import (
    Term,
    definitions,
    figure,
    named_swatch,
    page,
    paragraph,
    section,
    table,
)

_IN_EMBEDDING = ("fid", "diversity")
_TOLD = ("fid", "raw.phys_err_mm")
_NOTE = (
    "Each difference is that of the second run to the first, with its 95 % interval: of the pairs where both runs have "
    "the same seeds, of independent samples (Welch) otherwise. Bold where it exceeds its interval."
)


@dataclass(frozen=True)
class Difference:
    """How much larger a number is in the second run than in the first.

    Attributes:
        mean: the difference of the means.
        half_width: half the width of its 95 % interval; None where a run has one seed.
    """

    mean: float
    half_width: float | None

    @property
    def is_shown(self) -> bool:
        """Whether it exceeds its interval."""
        return self.half_width is not None and abs(self.mean) > self.half_width


def difference(first: Results, second: Results, measure: Measure, arm: str, generation: int) -> Difference | None:
    """Compare a number of an arm in two runs; None where a run has none.

    Args:
        first: the run that is compared with.
        second: the run that is compared.
        measure: the number.
        arm: an arm of both runs.
        generation: a generation of both runs.
    """
    a, b = (results.paired_values(measure.path, generation)[arm] for results in (first, second))
    paired = first.seeds_at(generation) == second.seeds_at(generation)
    if not paired:
        a, b = a[~np.isnan(a)], b[~np.isnan(b)]
    if not len(a) or not len(b) or np.isnan(a).any() or np.isnan(b).any():
        return None
    mean = float(b.mean() - a.mean())
    if min(len(a), len(b)) < 2:
        return Difference(mean, None)
    if paired:
        return Difference(mean, float(half_width(b - a)))
    if np.ptp(a) == np.ptp(b) == 0:
        return Difference(mean, 0.0)
    bounds = stats.ttest_ind(b, a, equal_var=False).confidence_interval(0.95)
    return Difference(mean, float(bounds.high - bounds.low) / 2)


def write_comparison(stores: Sequence[RunStore], path: Path) -> Path:
    """Write a page that compares two runs and return its path.

    Args:
        stores: the run that is compared with, and the run that is compared; they need not be complete.
        path: of the page.

    Raises:
        InvalidInput: a run has no results yet, or they have no arm in common.
    """
    first, second = results = [Results.of(store) for store in stores]
    for store, each in zip(stores, results, strict=True):
        if not each.seeds_at(0):
            raise InvalidInput.of(str(store.directory), "has no results yet; run it first")
    arms = [arm for arm in first.arms if arm in second.arms]
    if not arms:
        reason = f"has arms {', '.join(second.arms)}, none of which {stores[0].directory} has; must share at least one"
        raise InvalidInput.of(str(stores[1].directory), reason)
    names = _names([store.directory for store in stores])
    comparable = first.real.get("embedding") == second.real.get("embedding")
    measures = [measure for measure in MEASURES if comparable or measure.path not in _IN_EMBEDDING]
    last = min(first.last, second.last)
    seeds = " and ".join(str(len(each.seeds_at(last))) for each in results)
    setting = f"Generation {last} is the last that both have reached, with {seeds} seeds."
    if not comparable:
        setting += " Their embeddings differ, so FID and diversity cannot be compared and are left out."
    parts = [
        heading(f"{names[1]} against {names[0]}", _conclusion(results, names, arms, measures, last), setting),
        _differences(results, names, arms, measures, last),
        _curves(results, names, arms, measures),
        _recipes(stores, names),
        definitions(DEFINITIONS),
    ]
    with atomic_path(path) as temporary:
        temporary.write_text(page(f"{names[1]} against {names[0]}", parts), encoding="utf-8")
    return path


def _names(directories: Sequence[Path]) -> list[str]:
    names = [directory.resolve().name for directory in directories]
    return names if len(set(names)) == len(names) else [str(directory) for directory in directories]


def _conclusion(
    results: Sequence[Results], names: Sequence[str], arms: Sequence[str], measures: Sequence[Measure], last: int
) -> str:
    """Say for each arm what differs by more than chance."""
    first, second = results
    clauses = []
    for arm in arms:
        told = [measure for measure in measures if measure.path in _TOLD]
        found = [
            (measure, each) for measure in told if (each := difference(first, second, measure, arm, last)) is not None
        ]
        shown = [
            f"{measure.name if measure.name.isupper() else measure.name.lower()} is "
            f"{'lower' if each.mean < 0 else 'higher'} by {_size(each, measure)}"
            for measure, each in found
            if each.is_shown
        ]
        if shown:
            clauses.append(f"{arm!r}: {' and '.join(shown)}")
    start = f"At generation {last}, {names[1]} compared with {names[0]}"
    if clauses:
        return f"{start}, for {'; for '.join(clauses)}."
    if min(len(each.seeds_at(last)) for each in results) < 2:
        return f"{start}: one seed cannot show that a difference is more than chance."
    return f"{start}: no difference in FID or physical error can be shown in any arm."


def _size(each: Difference, measure: Measure) -> str:
    half = "" if each.half_width is None else f" ± {each.half_width:.{measure.digits}f}"
    unit = f" {measure.unit}" if measure.unit else ""
    return f"{abs(each.mean):.{measure.digits}f}{half}{unit}"


def _differences(
    results: Sequence[Results], names: Sequence[str], arms: Sequence[str], measures: Sequence[Measure], last: int
) -> str:
    first, second = results
    tables = []
    for arm in arms:
        rows = []
        for measure in measures:
            each = difference(first, second, measure, arm, last)
            if each is None:
                continue
            sign = "+" if each.mean > 0 else "−" if each.mean < 0 else ""
            means = (format_mean(one, measure, arm, last) for one in results)
            bold = "*" if each.is_shown else ""
            rows.append([measure_term(measure).html, *means, f"{bold}{sign}{_size(each, measure)}"])
        title = f"<h3>{named_swatch(arm, results[0].colors[arm])}</h3>"
        tables.append(title + table(["", *names, "difference"], rows))
    return section(f"Generation {last}", *tables, paragraph(_NOTE, "note"))


def _curves(results: Sequence[Results], names: Sequence[str], arms: Sequence[str], measures: Sequence[Measure]) -> str:
    shown: list[str] = []
    constant: dict[str, str] = {}
    colors = {
        f"{arm}, {name}": color
        for arm in arms
        for name, color in zip(names, shades(results[0].colors[arm], len(names)), strict=True)
    }
    for measure in measures:
        curves = [
            curve
            for arm in arms
            for name, each in zip(names, results, strict=True)
            if (curve := each.curve(measure, arm, colors[f"{arm}, {name}"], f"{arm}, {name}")) is not None
        ]
        if curves:
            chart = figure(Term(measure.name), measure.unit, chart_svg(curves, description=measure.name))
            if is_constant(curves, measure.digits):
                constant[measure.name] = chart
            else:
                shown.append(chart)
    note = f"Light: {names[0]}; full: {names[1]}. Bands reach from the lowest to the highest seed."
    return curves_section(note, colors, shown, constant)


def _recipes(stores: Sequence[RunStore], names: Sequence[str]) -> str:
    """Return what the recipes differ in."""
    ours, theirs = (tomllib.loads(store.recipe.to_toml()) for store in stores)
    rows = [
        [f"<code>{escape(path)}</code>", escape(str(one)), escape(str(other))]
        for path, one, other in table_differences(ours, theirs)
    ]
    if not rows:
        return section("What differs in the recipes", paragraph("Nothing."))
    return section("What differs in the recipes", table(["", *names], rows))
