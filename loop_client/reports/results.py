"""The metrics of a run, arranged by arm, generation and seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from loop_client.check_recipe import CheckRecipe
from loop_client.evaluation.measures import BY_PATH, Measure
from loop_client.experiments.checks import Curves, Verdict, judge
from loop_client.reports.arm_colors import arm_colors
from loop_client.reports.charts import Curve
from loop_client.runs.run_files import read_json
from loop_client.runs.run_store import RunStore
from motion.intervals import half_width
from motion.shell.tables import text_table

_FINAL_COLUMNS = {
    "FID": "fid",
    "diversity": "diversity",
    "phys_err mm": "raw.phys_err_mm",
    "skate ratio": "raw.skate_ratio",
    "jitter m/s³": "raw.jitter_m_s3",
    "no motion": "samples.invalid",
    "performable": "corrected.completed_share",
    "assist N": "corrected.residual_force_n_mean",
}


class Results:
    """The metrics of a run.

    Args:
        lines: the lines of metrics.jsonl.
        arms: names of the arms, in the order of the recipe.
        real: metrics of the test motions.

    Attributes:
        generations: from 0 to the last that any arm has.
        seeds: those that have any metrics.
        colors: CSS colours of the arms by name.
    """

    def __init__(self, lines: Sequence[Mapping[str, Any]], arms: Sequence[str], real: Mapping[str, Any]):
        self.arms = tuple(arms)
        self.real = real
        self.generations: list[int] = sorted({line["generation"] for line in lines})
        self.seeds: list[int] = sorted({line["seed"] for line in lines})
        self.colors = arm_colors(arms)
        self._lines = {(line["arm"], line["generation"], line["seed"]): line for line in lines}

    @classmethod
    def of(cls, store: RunStore) -> Results:
        """Read the metrics of a run, as far as it got."""
        real = read_json(store.real) if store.real.exists() else {}
        lines = store.metrics()
        for line in lines:
            training = read_json(store.generation(line["seed"], line["arm"], line["generation"]) / "fit.json")
            line["training"]["loss"] = training["loss"]
        return cls(lines, [arm.name for arm in store.recipe.arms], real)

    @property
    def last(self) -> int:
        """The last generation that all arms have reached with some seed; 0 where there is none."""
        return max((generation for generation in self.generations if self.seeds_at(generation)), default=0)

    def seeds_at(self, generation: int) -> list[int]:
        """Return the seeds with which every arm has reached a generation."""
        return [seed for seed in self.seeds if all((arm, generation, seed) in self._lines for arm in self.arms)]

    def lines(self, arm: str, generation: int) -> list[Mapping[str, Any]]:
        """Return the lines of one generation of an arm, one for each seed that got there."""
        keys = ((arm, generation, seed) for seed in self.seeds)
        return [self._lines[key] for key in keys if key in self._lines]

    def curves(self, paths: Sequence[str]) -> dict[str, Curves]:
        """Return curves of every arm.

        Args:
            paths: the numbers in a line of metrics.jsonl, keys with dots between.

        Returns:
            For each arm its `generations` (k,), and each path (seeds, k), with NaN for missing numbers.
        """
        return {
            arm: {
                "generations": np.array(self.generations),
                **{
                    path: np.array(
                        [[self._number(arm, generation, seed, path) for generation in self.generations]
                         for seed in self.seeds]
                    )
                    for path in paths
                },
            }
            for arm in self.arms
        }  # fmt: skip

    def verdicts(self, checks: Sequence[CheckRecipe]) -> list[Verdict]:
        """Judge checks on a run that is complete."""
        return judge(checks, self.curves([check.metric for check in checks]))

    def paired_values(self, path: str, generation: int) -> dict[str, np.ndarray]:
        """Return a number of every arm for the seeds with which all arms have reached a generation.

        Returns:
            (seeds,) by arm, in the same order of seeds, with NaN for missing numbers.
        """
        seeds = self.seeds_at(generation)
        return {arm: np.array([self._number(arm, generation, seed, path) for seed in seeds]) for arm in self.arms}

    def values(self, measure: Measure, arm: str, generation: int) -> list[float]:
        """Return a measure of one generation of an arm for each seed that has it."""
        found = [value_at(line, measure.path) for line in self.lines(arm, generation)]
        return [float(value) for value in found if value is not None]

    def mean(self, measure: Measure, arm: str, generation: int) -> float | None:
        """Return the mean over the seeds with which all arms have reached a generation; None where it is undefined."""
        values = self.paired_values(measure.path, generation)[arm]
        known = values[~np.isnan(values)]
        return float(np.mean(known)) if len(known) else None

    def half_width(self, measure: Measure, arm: str, generation: int) -> float | None:
        """Return half the width of the 95 % interval of `mean`; None where fewer than two seeds have a value."""
        values = self.paired_values(measure.path, generation)[arm]
        known = values[~np.isnan(values)]
        return float(half_width(known)) if len(known) > 1 else None

    def clearly_best(self, measure: Measure, generation: int) -> str | None:
        """Return the arm that is better than every other by more than chance; None where there is none.

        Its difference to each other arm, paired by seed, must exceed its 95 % interval.
        """
        values = self.paired_values(measure.path, generation)
        if not measure.better or len(values) < 2 or any(len(v) < 2 or np.isnan(v).any() for v in values.values()):
            return None
        sign = 1 if measure.better == "lower" else -1
        best = min(values, key=lambda arm: sign * values[arm].mean())
        differences = [sign * (values[arm] - values[best]) for arm in self.arms if arm != best]
        return best if all(each.mean() > half_width(each) for each in differences) else None

    def curve(self, measure: Measure, arm: str, color: str = "", name: str = "") -> Curve | None:
        """Return the curve of a measure over the generations that have it; None where none has.

        Args:
            measure: the measure.
            arm: the arm.
            color: CSS colour of the curve; that of the arm where it is empty.
            name: of the curve; that of the arm where it is empty.
        """
        known = [(g, v) for g in self.generations if (v := self.values(measure, arm, g))]
        if not known:
            return None
        return Curve(
            color or self.colors[arm],
            [generation for generation, _ in known],
            [float(np.mean(values)) for _, values in known],
            [min(values) for _, values in known],
            [max(values) for _, values in known],
            name or arm,
        )

    def real_value(self, measure: Measure) -> float | None:
        """Return a measure of the test motions; None where they have none."""
        return self.real.get(measure.real) if measure.real else None

    def _number(self, arm: str, generation: int, seed: int, path: str) -> float:
        line = self._lines.get((arm, generation, seed))
        value = None if line is None else value_at(line, path)
        return float("nan") if value is None else float(value)


def value_at(document: Any, path: str) -> Any:
    """Return the value at a path of a JSON document, keys with dots between; None where there is none."""
    for key in path.split("."):
        if not isinstance(document, Mapping):
            return None
        document = document.get(key)
    return document


def final_table(results: Results) -> str:
    """Format the last generation of every arm, and real motion, as a table for a terminal."""
    measures = [BY_PATH[path] for path in _FINAL_COLUMNS.values()]
    last = results.last
    rows = [[arm, *(format_mean(results, measure, arm, last) for measure in measures)] for arm in results.arms]
    rows.append(["real", *(format_number(results.real_value(measure), measure.digits) for measure in measures)])
    return f"generation {last}:\n{text_table(['', *_FINAL_COLUMNS], rows)}"


def format_mean(results: Results, measure: Measure, arm: str, generation: int) -> str:
    """Format the mean of a measure over the seeds as `mean ± half width`, without the latter for one seed."""
    mean, half = results.mean(measure, arm, generation), results.half_width(measure, arm, generation)
    text = format_number(mean, measure.digits)
    return text if half is None else f"{text} ± {half:.{measure.digits}f}"


def format_number(value: float | None, digits: int) -> str:
    """Format a number with `digits` decimals; a dash for None."""
    return "–" if value is None else f"{value:.{digits}f}"
