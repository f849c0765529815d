"""Runs of recipes: `demo`, `run`, `report`, `recipes`."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from loop_client.runs.run_recipe import Recipe, load_recipe, parse_recipe, shipped_recipes
from motion.errors import ServiceUnavailable
from motion.shell.command import DONE

# Each command imports what it alone needs when it runs, for the sake of `--help`.

_RUNS = Path("runs")
_Address = Annotated[str | None, arg(metavar="HOST:PORT")]


@dataclass(frozen=True)
class Demo:
    """Train a small generator on its own corrected output, on motions that come with Plumb, and report.

    Both services are started for it and stopped at the end. A demo that was cut off goes on where it was.
    """

    out: Path = _RUNS / "demo"
    """The run's folder."""
    sim: _Address = None
    """Use the sim server there."""
    generator: _Address = None
    """Use the generator there."""

    def run(self) -> int:
        from loop_client.reports.run_report import write_report

        recipe = load_recipe("demo")
        resume = (self.out / "recipe.toml").is_file()
        again = ["plumb-loop", "demo", "--out", str(self.out)]
        store = _run(recipe, self.out, resume, self.sim, self.generator, again)
        _say(_final(store))
        print(f"open {write_report(store)}")
        return DONE


@dataclass(frozen=True)
class Run:
    """Run a recipe. Services that have no address are started for it and stopped at the end."""

    recipe: Annotated[Positional[str], arg(metavar="RECIPE")]
    """Name of a recipe (see `plumb-loop recipes`), or a .toml file."""
    out: Path | None = None
    """The run's folder; by default runs/NAME."""
    resume: bool = False
    """Go on with the run that is in the folder."""
    sim: _Address = None
    """Use the sim server there."""
    generator: _Address = None
    """Use the generator there."""
    json: bool = False
    """Print one JSON document with all metrics on standard output."""

    def run(self) -> int:
        from loop_client.reports.run_report import write_report
        from loop_client.runs.run_store import read_json

        recipe = load_recipe(self.recipe)
        out = self.out or _RUNS / recipe.name
        again = ["plumb-loop", "run", self.recipe, "--out", str(out), "--resume"]
        store = _run(recipe, out, self.resume, self.sim, self.generator, again)
        _say(_final(store))
        _say(f"report: {write_report(store)}")
        if self.json:
            print(json.dumps({"run": str(out), "metrics": store.metrics(), "real": read_json(store.real)}, indent=1))
        return DONE


@dataclass(frozen=True)
class Report:
    """Write the report of a run, as far as it got, or of a finished experiment on points, as one HTML file there."""

    directory: Annotated[Positional[Path], arg(metavar="RUN")]

    def run(self) -> int:
        from loop_client.reports.run_report import write_report
        from loop_client.runs.run_store import open_run
        from loop_client.toy.toy_experiment import finished
        from loop_client.toy.toy_report import write_report as write_points_report

        outcome = finished(self.directory)
        report = write_points_report(outcome, self.directory) if outcome else write_report(open_run(self.directory))
        print(f"open {report}")
        return DONE


@dataclass(frozen=True)
class Recipes:
    """List the recipes that come with Plumb."""

    json: bool = False
    """Print one JSON document instead of a table."""

    def run(self) -> int:
        recipes = {name: parse_recipe(text, name) for name, text in shipped_recipes().items()}
        if self.json:
            print(json.dumps({name: recipe.title for name, recipe in recipes.items()}, indent=1))
        else:
            for name, recipe in recipes.items():
                print(f"{name:20} {recipe.title}")
        return DONE


def _run(recipe: Recipe, out: Path, resume: bool, sim: str | None, generator: str | None, again: list[str]) -> Any:
    """Run a recipe in `out` to its end; the store of it. `again` is what to type where it is cut off, but services."""
    from loop_client.runs.launch import Services
    from loop_client.runs.motion_run import run_recipe

    try:
        return run_recipe(recipe, out, resume, Services(sim, generator))
    except ServiceUnavailable as error:
        services = [part for name, address in (("--sim", sim), ("--generator", generator)) if address
                    for part in (name, address)]  # fmt: skip
        command = shlex.join([*again, *services])
        raise ServiceUnavailable(f"{error}; what was done is kept, go on with: {command}") from error


def _final(store: Any) -> str:
    from loop_client.reports.results import Results, final_table

    return final_table(Results.of(store))


def _say(text: str) -> None:
    print(text, file=sys.stderr)
