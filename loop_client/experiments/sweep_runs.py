"""Runs of a sweep, of either kind of recipe: here, or as tasks on a Ray cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from loop_client.runs.run_recipe import Recipe, recipe_of, shipped_recipes
from loop_client.toy.toy_experiment import run_experiment
from loop_client.toy.toy_recipe import PointRecipe, experiment_of, shipped_experiments
from motion.errors import NotFound
from motion.shell.recipe_file import read_recipe_table

Final = dict[str, dict[str, float | None]]
"""Of each arm, the metrics of its last generation."""


def recipe_table(name_or_path: str) -> dict[str, Any]:
    """The plain table of a recipe that ships, of either kind, or of a file. Raises as `recipe_file.read_recipe`."""
    return read_recipe_table(name_or_path, {**shipped_recipes(), **shipped_experiments()})


def read_any(table: Mapping[str, Any], where: str = "recipe") -> Recipe | PointRecipe:
    """The recipe in a table: one on points says its `metrics`, one on motions does not. Raises as either does."""
    return experiment_of(table, where) if "metrics" in table else recipe_of(table, where)


def run_cell(table: Mapping[str, Any], folder: Path) -> Final:
    """Run a recipe in `folder`, or go on with what is there; what its arms ended in."""
    recipe = read_any(table)
    if isinstance(recipe, PointRecipe):
        outcome = run_experiment(recipe, folder)
        return {
            arm: {metric: float(curves[metric][:, -1].mean()) for metric in recipe.metrics}
            for arm, curves in outcome.curves.items()
        }
    return _run_motions(recipe, folder)


def on_ray(jobs: Sequence[tuple[dict[str, Any], Path]]) -> list[Final]:
    """The same as tasks of Ray, of one core each, in a cluster that is there or one on this machine. All its machines
    must see the same folders.

    Raises:
        NotFound: Ray is not installed.
    """
    try:
        import ray  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise NotFound("this needs ray; install plumb-motion[ray]") from error
    if not ray.is_initialized():
        ray.init(log_to_driver=False)
    task = ray.remote(num_cpus=1)(run_cell)
    return ray.get([task.remote(*job) for job in jobs])


def _run_motions(recipe: Recipe, folder: Path) -> Final:
    from loop_client.runs.motion_run import run_recipe

    lines = run_recipe(recipe, folder, (folder / "recipe.toml").is_file()).metrics()
    final: Final = {}
    for arm in recipe.arms:
        last = [line for line in lines if line["arm"] == arm.name and line["generation"] == recipe.generations]
        numbers = {"fid": [line["fid"] for line in last], "diversity": [line["diversity"] for line in last],
                   "phys_err_mm": [(line["raw"] or {}).get("phys_err_mm") for line in last]}  # fmt: skip
        final[arm.name] = {
            key: sum(values) / len(values) if None not in values else None for key, values in numbers.items()
        }
    return final
