"""Experiments on motions: recipes whose runs are checked against a published result."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from loop_client.experiments.checks import Curves
from loop_client.experiments.experiment import FinalMetrics, Outcome, Progress, quick_seeds, write_result
from loop_client.reports.results import Results
from loop_client.reports.run_report import write_report
from loop_client.runs.motion_run import run_recipe
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.run_store import open_run
from motion.errors import InvalidInput
from motion.shell.assets import data_path

_FINAL_METRICS = {"fid": "fid", "diversity": "diversity", "phys_err_mm": "raw.phys_err_mm"}  # name -> path in a line


@dataclass(frozen=True)
class MotionExperiment:
    """An experiment on motions; see `Experiment` for the methods."""

    recipe: Recipe

    @property
    def required_data(self) -> str:
        """The data of the user's own that the recipe trains on, in words; empty for the set that ships."""
        return "" if self.recipe.data.train == "default" else f"motions in {self.recipe.data.train}"

    def missing_data(self) -> str:
        """Return the required data in words if it is absent on this machine; otherwise an empty text."""
        try:
            return "" if data_path(self.recipe.data.train).exists() else self.required_data
        except InvalidInput:
            return self.required_data

    def quick(self) -> MotionExperiment:
        """Return the experiment with the first quarter of its seeds."""
        seeds = self.recipe.seeds
        return MotionExperiment(replace(self.recipe, seeds=seeds[: quick_seeds(len(seeds))]))

    def run(self, folder: Path, progress: Progress | None = None) -> Outcome:
        """Run the recipe in `folder`, or resume the run that is there, and judge it; see `Experiment.run`.

        Raises:
            ServiceUnavailable: a service did not start or went away; the run can be resumed.
        """
        recipe = self.recipe
        store = run_recipe(recipe, folder, resume=(folder / "recipe.toml").is_file())
        results = Results.of(store)
        outcome = Outcome(
            name=recipe.name,
            num_seeds=len(recipe.seeds),
            generations=recipe.generations,
            verdicts=tuple(results.verdicts(recipe.checks)),
            final=_final_metrics(results.curves(tuple(_FINAL_METRICS.values()))),
            seconds=sum(line["seconds"] for line in store.timings()),
        )
        write_result(folder, outcome)
        return outcome

    @property
    def has_arm_tasks(self) -> bool:
        """False: the arms of a run on motions share its generator and its simulation server."""
        return False

    def run_arms_on_ray(self, folder: Path) -> None:
        """Refuse: a run on motions is spread by its services.

        Raises:
            InvalidInput: always.
        """
        raise InvalidInput.of(
            "--ray",
            f"has no place with {self.recipe.name!r}, an experiment on motions; it is spread by services on the "
            "cluster, which `plumb-loop run` is given by --sim and --generator, and judged by `plumb-loop report`",
        )

    def write_report(self, folder: Path) -> Path:
        """Write the report of the run in `folder`, as far as it got, and return its path."""
        return write_report(open_run(folder))


def _final_metrics(curves: dict[str, Curves]) -> FinalMetrics:
    final: FinalMetrics = {}
    for arm, curve in curves.items():
        means = {name: float(np.mean(curve[path][:, -1])) for name, path in _FINAL_METRICS.items()}
        final[arm] = {name: None if math.isnan(mean) else mean for name, mean in means.items()}
    return final
