"""All experiments, of all kinds, by name or by file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loop_client.experiments.experiment import Experiment
from loop_client.experiments.motion_experiment import MotionExperiment
from loop_client.runs.run_recipe import recipe_from_table, shipped_recipes
from loop_client.runs.run_store import open_run
from loop_client.toy.calculations.calculation_experiment import CalculationExperiment
from loop_client.toy.calculations.calculation_recipe import calculation_recipe_from_table, shipped_calculation_recipes
from loop_client.toy.toy_experiment import ToyExperiment
from loop_client.toy.toy_recipe import shipped_toy_recipes, toy_recipe_from_table
from motion.errors import InvalidInput
from motion.shell.recipe_file import read_recipe_table

_CALCULATION_KEY = "calculation"  # only recipes of calculations have it
_TOY_KEYS = ("metrics", "num_seeds")  # toy recipes need them, recipes of runs on motions do not know them


def shipped_experiments() -> list[Experiment]:
    """Return every experiment that ships: calculations, experiments on toy data, and those on motions."""
    shipped = (shipped_calculation_recipes(), shipped_toy_recipes(), shipped_recipes())
    tables = [read_recipe_table(name, texts) for texts in shipped for name in texts]
    return [experiment for experiment in map(read_experiment, tables) if experiment.recipe.checks]


def load_experiment(name_or_path: str) -> Experiment:
    """Return the experiment of this name, or the one in this .toml file.

    Raises:
        NotFound: no recipe has this name, or there is no such file.
        InvalidInput: the recipe is malformed, or has no checks.
    """
    experiment = read_experiment(recipe_table(name_or_path), name_or_path)
    if not experiment.recipe.checks:
        other = "`plumb-loop run`" if isinstance(experiment, MotionExperiment) else "`plumb-loop sweep`"
        raise InvalidInput.of(
            "NAME",
            f"is {name_or_path!r}, whose recipe has no checks, so there is nothing to reproduce; {other} runs it",
        )
    return experiment


def recipe_table(name_or_path: str) -> dict[str, Any]:
    """Read the plain table of a recipe that ships, of any kind, or of a .toml file.

    Raises:
        NotFound: no recipe has this name, or there is no such file.
        InvalidInput: the file is not TOML.
    """
    return read_recipe_table(
        name_or_path, {**shipped_recipes(), **shipped_toy_recipes(), **shipped_calculation_recipes()}
    )


def read_experiment(table: Mapping[str, Any], where: str = "recipe") -> Experiment:
    """Return the experiment that a recipe's plain table describes, of whichever kind.

    Args:
        table: the recipe as TOML has it.
        where: names the recipe in errors.

    Raises:
        InvalidInput: a key is unknown or missing, or a value is wrong.
    """
    if _CALCULATION_KEY in table:
        return CalculationExperiment(calculation_recipe_from_table(table, where))
    if any(key in table for key in _TOY_KEYS):
        return ToyExperiment(toy_recipe_from_table(table, where))
    return MotionExperiment(recipe_from_table(table, where))


def experiment_in(folder: Path) -> Experiment:
    """Return the experiment whose results are in `folder`.

    Raises:
        NotFound: there is no run in the folder.
        InvalidInput: its recipe is damaged.
    """
    file = folder / "recipe.toml"
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return MotionExperiment(open_run(folder).recipe)  # raises the error that fits
    return read_experiment(table, str(file))
