"""Experiments on toy data: run, resumed and judged in a folder of their own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from loop_client.experiments.experiment import Outcome, Progress, quick_seeds, write_result
from loop_client.experiments.ray_tasks import run_ray_tasks
from loop_client.toy.model_parameters import NETWORK_KINDS
from loop_client.toy.toy_loop import run_arm
from loop_client.toy.toy_recipe import ToyRecipe, toy_recipe_from_table
from loop_client.toy.toy_report import write_toy_report
from loop_client.toy.toy_store import ArmResult, ToyResults, ToyStore
from motion.shell.schema import to_table


@dataclass(frozen=True)
class ToyExperiment:
    """An experiment on toy data; see `Experiment` for the methods."""

    recipe: ToyRecipe

    @property
    def required_data(self) -> str:
        """The files of the user's own that the recipe reads, in words; empty for none."""
        return self.recipe.data.required_files

    def missing_data(self) -> str:
        """Return the required files in words if they are absent on this machine; otherwise an empty text."""
        return "" if self.recipe.data.available else self.required_data

    def quick(self) -> ToyExperiment:
        """Return the experiment with a quarter of its seeds."""
        return ToyExperiment(replace(self.recipe, num_seeds=quick_seeds(self.recipe.num_seeds)))

    def run(self, folder: Path, progress: Progress | None = None) -> Outcome:
        """Run the arms that are not done in `folder` yet, and judge the experiment; see `Experiment.run`.

        Equal recipes give equal curves, whether they were interrupted or not: the file of an arm is whole or absent,
        and depends on the recipe alone.
        """
        results = run_arms(self.recipe, folder, progress)
        outcome = Outcome(
            name=self.recipe.name,
            num_seeds=self.recipe.num_seeds,
            generations=self.recipe.generations,
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
        """Compute the arms that are not done in `folder` yet as Ray tasks; see `Experiment.run_arms_on_ray`.

        Each task trains generation 0 for itself, which arms otherwise share; the results are the same.
        """
        store = ToyStore(folder, self.recipe, toy_recipe_from_table)
        store.prepare()
        table = to_table(self.recipe)
        run_ray_tasks(compute_arm, [(table, folder.absolute(), index) for index in store.missing_arms()])

    def write_report(self, folder: Path) -> Path:
        """Write the report about the results in `folder` and return its path."""
        return write_toy_report(ToyStore(folder, self.recipe, toy_recipe_from_table).read_results(), folder)


def run_arms(recipe: ToyRecipe, folder: Path, progress: Progress | None = None) -> ToyResults[ToyRecipe]:
    """Run the arms of a recipe that are not done in `folder` yet, and write metrics.jsonl.

    Args:
        recipe: the experiment.
        folder: created where it does not exist.
        progress: called after each generation.

    Returns:
        The results of all arms.

    Raises:
        InvalidInput: the folder holds the results of another recipe, or cannot be created.
    """
    store = ToyStore(folder, recipe, toy_recipe_from_table)
    store.prepare()
    first_models: dict[int, Any] = {}
    for index in store.missing_arms():
        _compute(store, index, first_models, progress)
    results = store.read_results()
    store.write_metrics(results)
    return results


def compute_arm(table: Mapping[str, Any], folder: Path, index: int) -> None:
    """Compute one arm of a recipe and write its result into the folder of the experiment.

    Args:
        table: the recipe as a plain table.
        folder: of the experiment, which exists.
        index: of the arm.

    Raises:
        InvalidInput: the recipe or its data cannot be used.
    """
    _compute(ToyStore(folder, toy_recipe_from_table(table), toy_recipe_from_table), index, {}, None)


def _compute(store: ToyStore[ToyRecipe], index: int, first_models: dict[int, Any], progress: Progress | None) -> None:
    arm, start = store.recipe.arms[index], time.perf_counter()
    report = (lambda done, of: progress(arm.name, done, of)) if progress else None
    # Generations of other models take seconds at most, and those of networks up to hours.
    state_file = store.state_file(index) if store.recipe.generator.kind in NETWORK_KINDS else None
    curves, samples = run_arm(store.recipe, arm, report, first_models, state_file)
    store.write_arm(index, ArmResult(curves, samples, time.perf_counter() - start))
