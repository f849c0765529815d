"""Experiments of many runs: `reproduce`, `sweep`."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from tqdm import tqdm
from tyro.conf import Positional, arg

from motion.errors import InvalidInput
from motion.shell.command import DONE, DONE_WITH_FAILURES, Several, listed

# Each command imports what it alone needs when it runs, for the sake of `--help`.

_RUNS = Path("runs/reproduce")


@dataclass(frozen=True)
class Reproduce:
    """Run an experiment of a paper and see whether it shows the row that it must show. Exit status 1 if not."""

    name: Annotated[Positional[str], arg(metavar="NAME")] = ""
    """An experiment (see --list), or a .toml file of one's own; `all` for all whose data is there."""
    quick: bool = False
    """With a quarter of the seeds, at least two: a look, whose row may be missed by chance."""
    list: bool = False
    """List the experiments: what each shows, needs and takes, and what came of it last."""
    out: Annotated[Path | None, arg(metavar="DIR")] = None
    """Where to; by default runs/reproduce/NAME. What is there already is not run again."""
    json: bool = False
    """Print one JSON document on standard output."""

    def run(self) -> int:
        if self.list:
            return self._listed()
        if not self.name:
            raise InvalidInput.of("NAME", "is missing; name an experiment (--list shows them), or all")
        if self.out and self.name == "all":
            raise InvalidInput.of("--out", "names one folder for several experiments; leave it out")
        if self.name == "all":
            recipes = []
            for recipe in _all():
                if needs := _missing(recipe):
                    print(f"left out: {recipe.name}, which needs {needs}", file=sys.stderr)
                else:
                    recipes.append(recipe)
        else:
            recipes = [_load(self.name)]
        results = [self._one(recipe) for recipe in recipes]
        if self.json:
            print(json.dumps(results[0] if self.name != "all" else results, indent=1))
        return DONE if all(result["passed"] for result in results) else DONE_WITH_FAILURES

    def _one(self, recipe: Any) -> dict[str, Any]:
        from loop_client.toy.toy_recipe import PointRecipe

        folder = self.out or _RUNS / (recipe.name + ("-quick" if self.quick else ""))
        result = (self._points if isinstance(recipe, PointRecipe) else self._motions)(recipe, folder)
        said = sys.stderr if self.json else sys.stdout
        print(f"{'PASS' if result['passed'] else 'FAIL'} {recipe.name}: {recipe.row}", file=said)
        for verdict in result["checks"]:
            print(f"  {'holds' if verdict['holds'] else 'FAILS'}  {verdict['says']}: {verdict['found']}", file=said)
        print(f"  {result['seconds']:.0f} s, report: {result['report']}", file=said)
        return result

    def _points(self, recipe: Any, folder: Path) -> dict[str, Any]:
        from loop_client.toy.toy_experiment import quick, run_experiment
        from loop_client.toy.toy_report import write_report

        with tqdm(desc=recipe.name, disable=None, leave=False) as bar:

            def show(arm: str, done: int, of: int) -> None:
                bar.set_postfix_str(arm, refresh=False)
                bar.total = of
                bar.update(done - bar.n)

            outcome = run_experiment(quick(recipe) if self.quick else recipe, folder, show)
        return {**outcome.to_json(), "report": str(write_report(outcome, folder))}

    def _motions(self, recipe: Any, folder: Path) -> dict[str, Any]:
        from loop_client.experiments.motion_experiment import quick, run_experiment

        return run_experiment(quick(recipe) if self.quick else recipe, folder)

    def _listed(self) -> int:
        from loop_client.toy.toy_experiment import last_result

        rows = []
        for recipe in _all():
            result = last_result(_RUNS / recipe.name)
            rows.append(
                {
                    "name": recipe.name,
                    "title": recipe.title,
                    "paper": recipe.paper,
                    "row": recipe.row,
                    "data": _needs(recipe) or "none",
                    "minutes": recipe.minutes,
                    "last": None if result is None else result["passed"],
                }
            )
        if self.json:
            print(json.dumps(rows, indent=1))
        else:
            for row in rows:
                last = {None: "not run", True: "passed", False: "failed"}[row["last"]]
                needs = "" if row["data"] == "none" else f"; needs {row['data']}"
                took = _duration(row["minutes"])
                print(f"{row['name']:22} {last:8} {took:>8}   {row['row']}\n{'':42}{row['paper']}{needs}")
        return DONE


def _duration(minutes: float) -> str:
    """Minutes, hours or days, whichever reads best."""
    if minutes < 100:
        return f"{minutes:g} min"
    return f"{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{minutes / 1440:.0f} d"


def _all() -> list[Any]:
    """Every experiment that ships, on points and then on motions."""
    from loop_client.experiments.motion_experiment import motion_experiments
    from loop_client.toy.toy_recipe import shipped_experiments

    return [_load(name) for name in (*shipped_experiments(), *motion_experiments())]


def _load(name: str) -> Any:
    """The experiment of this name, or in this file, of either kind."""
    from loop_client.experiments.sweep_runs import read_any, recipe_table
    from loop_client.toy.toy_recipe import PointRecipe

    recipe = read_any(recipe_table(name), name)
    if not recipe.checks:
        other = "`plumb-loop sweep`" if isinstance(recipe, PointRecipe) else "`plumb-loop run`"
        raise InvalidInput.of("NAME", f"is {name!r}, which says no row that it must show; {other} runs it")
    return recipe


def _needs(recipe: Any) -> str:
    """The data that an experiment needs beside what ships, or nothing."""
    from loop_client.toy.toy_recipe import PointRecipe

    if isinstance(recipe, PointRecipe):
        return recipe.data.needs
    return "" if recipe.data.train == "default" else f"motions in {recipe.data.train}"


def _missing(recipe: Any) -> str:
    """The data that it needs and that is not there, or nothing."""
    from loop_client.experiments.motion_experiment import missing_data
    from loop_client.toy.toy_recipe import PointRecipe

    if isinstance(recipe, PointRecipe):
        return "" if recipe.data.is_there else recipe.data.needs
    return missing_data(recipe) and _needs(recipe)


@dataclass(frozen=True)
class Sweep:
    """Run a recipe with settings varied, every combination in a folder of its own; what is done is not run again."""

    recipe: Annotated[Positional[str], arg(metavar="RECIPE")]
    """A recipe of `run` or of `reproduce`, by name, or a .toml file."""
    vary: Annotated[Several[str], arg(metavar="PATH=VALUE,...")]
    """What is varied, as `data.n=64,128 arms.corrected.gamma=0.5,1,inf`."""
    out: Annotated[Path | None, arg(metavar="DIR")] = None
    """Where to; by default runs/sweep-NAME."""
    ray: bool = False
    """Run the combinations as tasks on a Ray cluster (the extra `ray`); by default one after the other."""
    json: bool = False
    """Print one JSON document with the last generation of every run on standard output."""

    def run(self) -> int:
        from loop_client.experiments.sweep import cells, parse_variation
        from loop_client.experiments.sweep_runs import read_any, recipe_table, run_cell

        table = recipe_table(self.recipe)
        varied: dict[str, list[Any]] = {}
        for path, values in map(parse_variation, listed(self.vary)):
            if path in varied:
                raise InvalidInput.of("--vary", f"has {path} twice; give all its values at once")
            varied[path] = values
        if not varied:
            raise InvalidInput.of("--vary", "is missing; must be PATH=VALUE,VALUE,..., as data.n=64,128")
        grid = list(cells(table, varied))
        for cell in grid:
            read_any(cell.table)
        out = self.out or Path("runs") / f"sweep-{table.get('name', 'recipe')}"
        jobs = [(cell.table, (out / cell.name).absolute()) for cell in grid]
        if self.ray:
            from loop_client.experiments.sweep_runs import on_ray

            finals = on_ray(jobs)
        else:
            finals = []
            for number, (cell, job) in enumerate(zip(grid, jobs, strict=True), 1):
                print(f"{number}/{len(grid)} {cell.name}", file=sys.stderr)
                finals.append(run_cell(*job))
        rows = [{"values": cell.values, "arms": final} for cell, final in zip(grid, finals, strict=True)]
        print(json.dumps(_finite(rows), indent=1, allow_nan=False) if self.json else "\n".join(_rows(rows)))
        return DONE


def _finite(value: Any) -> Any:
    """A document without what JSON cannot say: an infinite number is text, one that is none is null."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def _rows(rows: list[dict[str, Any]]) -> list[str]:
    """Every run's arms and their last metrics, as lines."""
    lines = []
    for row in rows:
        lines.append(", ".join(f"{path} = {value}" for path, value in row["values"].items()))
        for name, numbers in row["arms"].items():
            shown = ", ".join(f"{key} {value:.4g}" for key, value in numbers.items() if value is not None)
            lines.append(f"  {name}: {shown}")
    return lines
