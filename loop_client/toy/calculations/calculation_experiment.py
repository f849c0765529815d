"""Experiments that are calculations: run, resumed, judged and reported in a folder of their own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from loop_client.experiments.experiment import Outcome, Progress, quick_seeds, write_result
from loop_client.experiments.ray_tasks import run_ray_tasks
from loop_client.toy.calculations.calculation_recipe import CalculationRecipe, calculation_recipe_from_table
from loop_client.toy.calculations.calculation_report import write_calculation_report
from loop_client.toy.toy_store import ArmResult, ToyStore
from motion.cpu import single_threaded_blas
from motion.shell.schema import to_table


@dataclass(frozen=True)
class CalculationExperiment:
    """An experiment that is a calculation; see `Experiment` for the methods."""

    recipe: CalculationRecipe

    @property
    def required_data(self) -> str:
        """Nothing: a calculation needs no data."""
        return ""

    def missing_data(self) -> str:
        """Return an empty text: a calculation needs no data."""
        return ""

    def quick(self) -> CalculationExperiment:
        """Return the experiment with a quarter of its seeds."""
        return CalculationExperiment(replace(self.recipe, num_seeds=quick_seeds(self.recipe.num_seeds)))

    def run(self, folder: Path, progress: Progress | None = None) -> Outcome:
        """Compute the arms that are not done in `folder` yet, and judge the experiment; see `Experiment.run`."""
        recipe = self.recipe
        store = ToyStore(folder, recipe, calculation_recipe_from_table)
        store.prepare()
        missing = store.missing_arms()
        for index, arm in enumerate(recipe.arms):
            if index in missing:
                _compute(store, index)
            if progress:
                progress(arm.name, recipe.last, recipe.last)
        results = store.read_results()
        store.write_metrics(results)
        outcome = Outcome(
            name=recipe.name,
            num_seeds=recipe.num_seeds,
            generations=recipe.last,
            verdicts=tuple(results.verdicts),
            final=results.final,
            seconds=results.seconds,
        )
        write_result(folder, outcome)
        return outcome

    @property
    def has_arm_tasks(self) -> bool:
        """True: arms do not depend on each other."""
        return True

    def run_arms_on_ray(self, folder: Path) -> None:
        """Compute the arms that are not done in `folder` yet as Ray tasks; see `Experiment.run_arms_on_ray`."""
        store = ToyStore(folder, self.recipe, calculation_recipe_from_table)
        store.prepare()
        table = to_table(self.recipe)
        run_ray_tasks(compute_arm, [(table, folder.absolute(), index) for index in store.missing_arms()])

    def write_report(self, folder: Path) -> Path:
        """Write the report about the results in `folder` and return its path."""
        return write_calculation_report(
            ToyStore(folder, self.recipe, calculation_recipe_from_table).read_results(), folder
        )


def compute_arm(table: Mapping[str, Any], folder: Path, index: int) -> None:
    """Compute one arm of a recipe and write its result into the folder of the experiment.

    Args:
        table: the recipe as a plain table.
        folder: of the experiment, which exists.
        index: of the arm.

    Raises:
        InvalidInput: the recipe cannot be used.
    """
    _compute(ToyStore(folder, calculation_recipe_from_table(table), calculation_recipe_from_table), index)


def _compute(store: ToyStore[CalculationRecipe], index: int) -> None:
    start = time.perf_counter()
    # As in the loops on points, results must not depend on the number of cores.
    with single_threaded_blas():
        curves = store.recipe.compute(store.recipe.arms[index])
    store.write_arm(index, ArmResult(curves, np.zeros((0, 0, 0)), time.perf_counter() - start))
