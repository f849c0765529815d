"""An experiment on motions: a recipe whose run must show a row."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from loop_client.reports.results import Results
from loop_client.reports.run_report import write_report
from loop_client.runs.motion_run import run_recipe
from loop_client.runs.run_recipe import Recipe, load_recipe, shipped_recipes
from loop_client.runs.run_store import write_json
from motion.errors import InvalidInput
from motion.shell.assets import data_path

_QUICK_SEEDS = 2


def motion_experiments() -> list[str]:
    """The names of the recipes on motions that ship and say a row."""
    return [name for name in shipped_recipes() if load_recipe(name).checks]


def quick(recipe: Recipe) -> Recipe:
    """The same with two of its seeds: its row may be missed by chance."""
    return replace(recipe, seeds=recipe.seeds[:_QUICK_SEEDS])


def missing_data(recipe: Recipe) -> str:
    """The folder of data that the recipe needs and that is not there, or nothing."""
    try:
        return "" if data_path(recipe.data.train).exists() else recipe.data.train
    except InvalidInput:
        return recipe.data.train


def run_experiment(recipe: Recipe, folder: Path) -> dict[str, Any]:
    """Run a recipe in `folder`, or go on with what is there, and judge it; what result.json says, and the `report`.

    Raises as `run.run_recipe`.
    """
    store = run_recipe(recipe, folder, (folder / "recipe.toml").is_file())
    verdicts = Results.of(store).verdicts(recipe.checks)
    result = {
        "name": recipe.name,
        "passed": all(verdict.holds for verdict in verdicts),
        "checks": [asdict(verdict) for verdict in verdicts],
        "seeds": len(recipe.seeds),
        "generations": recipe.generations,
        "seconds": round(sum(line["seconds"] for line in store.timings()), 1),
    }
    write_json(folder / "result.json", result)
    return {**result, "report": str(write_report(store))}
