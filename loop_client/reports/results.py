"""The numbers of a run, arranged: by arm and generation, over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from loop_client.evaluation.measures import BY_PATH, Measure
from loop_client.experiments.check_recipe import CheckRecipe
from loop_client.experiments.checks import Curves, Verdict, judge
from loop_client.reports.charts import PALETTE, Curve
from loop_client.runs.run_store import RunStore, read_json


class Results:
    """Metrics of a run by arm, generation and seed.

    Attributes:
        arms: in the recipe's order.
        generations: from 0 up to the last that any arm has.
        real: the numbers of the test motions.
    """

    def __init__(self, lines: Sequence[Mapping[str, Any]], arms: Sequence[str], real: Mapping[str, Any]):
        self.arms = tuple(arms)
        self.real = real
        self.generations = sorted({line["generation"] for line in lines})
        self.seeds = sorted({line["seed"] for line in lines})
        self._lines = {(line["arm"], line["generation"], line["seed"]): line for line in lines}

    @classmethod
    def of(cls, store: RunStore) -> Results:
        real = read_json(store.real) if store.real.exists() else {}
        lines = store.metrics()
        for line in lines:
            fit = read_json(store.generation(line["seed"], line["arm"], line["generation"]) / "fit.json")
            line["training"]["loss"] = fit["loss"]
        return cls(lines, [arm.name for arm in store.recipe.arms], real)

    def curves(self, paths: Sequence[str]) -> dict[str, Curves]:
        """Of each arm the numbers at these paths of its lines, (seeds, generations); NaN where one is missing."""
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

    @property
    def last(self) -> int:
        """The last generation that all arms have come to with some seed, 0 where there is none."""
        return max((generation for generation in self.generations if self.seeds_at(generation)), default=0)

    def seeds_at(self, generation: int) -> list[int]:
        """The seeds with which every arm has come to a generation."""
        return [seed for seed in self.seeds if all((arm, generation, seed) in self._lines for arm in self.arms)]

    def verdicts(self, checks: Sequence[CheckRecipe]) -> list[Verdict]:
        """What checks say of a run that came to its end."""
        return judge(checks, self.curves([check.metric for check in checks]))

    def _number(self, arm: str, generation: int, seed: int, path: str) -> float:
        line = self._lines.get((arm, generation, seed))
        value = None if line is None else at(line, path)
        return float("nan") if value is None else float(value)

    def color(self, arm: str) -> str:
        return PALETTE[self.arms.index(arm) % len(PALETTE)]

    def lines(self, arm: str, generation: int) -> list[Mapping[str, Any]]:
        """The lines of one generation of one arm, one a seed that got so far."""
        keys = ((arm, generation, seed) for seed in self.seeds)
        return [self._lines[key] for key in keys if key in self._lines]

    def values(self, measure: Measure, arm: str, generation: int) -> list[float]:
        """What one generation of one arm has of a measure, seed by seed; nothing where it does not apply."""
        found = [at(line, measure.path) for line in self.lines(arm, generation)]
        return [float(value) for value in found if value is not None]

    def mean(self, measure: Measure, arm: str, generation: int) -> float | None:
        """Over the seeds with which all arms have come so far."""
        found = [at(self._lines[arm, generation, seed], measure.path) for seed in self.seeds_at(generation)]
        values = [float(value) for value in found if value is not None]
        return float(np.mean(values)) if values else None

    def curve(self, measure: Measure, arm: str) -> Curve | None:
        """A measure over the generations that have it; None if there are none."""
        have = [(g, v) for g in self.generations if (v := self.values(measure, arm, g))]
        if not have:
            return None
        return Curve(
            self.color(arm),
            [generation for generation, _ in have],
            [float(np.mean(values)) for _, values in have],
            [min(values) for _, values in have],
            [max(values) for _, values in have],
        )

    def real_value(self, measure: Measure) -> float | None:
        return self.real.get(measure.real) if measure.real else None


def at(document: Any, path: str) -> Any:
    """The value at a dotted path of a document; None where there is none."""
    for key in path.split("."):
        if not isinstance(document, Mapping):
            return None
        document = document.get(key)
    return document


def final_table(results: Results) -> str:
    """The last generation of every arm, and real motion, as a table for a terminal."""
    shown = [
        BY_PATH[path]
        for path in ("fid", "diversity", "raw.phys_err_mm", "raw.skate_ratio", "raw.jitter_m_s3", "samples.invalid",
                     "corrected.share_ok", "corrected.residual_force_n_mean")
    ]  # fmt: skip
    heads = ["FID", "diversity", "phys_err mm", "skate ratio", "jitter m/s³", "no motion", "performable", "assist N"]
    last = results.last
    rows = [["", *heads]]
    for arm in results.arms:
        cells = [say(results.mean(measure, arm, last), measure.digits) for measure in shown]
        rows.append([arm, *cells])
    rows.append(["real", *(say(results.real_value(measure), measure.digits) for measure in shown)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        row[0].ljust(widths[0]) + "".join("  " + c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))
        for row in rows
    ]
    return "\n".join([f"generation {last}:", *lines])


def say(value: float | None, digits: int) -> str:
    """A number for people; a dash for none."""
    return "–" if value is None else f"{value:.{digits}f}"
