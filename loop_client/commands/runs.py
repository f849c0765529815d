"""Commands that run recipes: `run`, `report` and `recipes`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from loop_client.commands.services import Address
from motion.errors import ServiceUnavailable
from motion.shell.command import DONE, log
from motion.shell.tables import text_table

if TYPE_CHECKING:
    from loop_client.runs.run_store import RunStore

# Each command imports its dependencies when it runs, so that `--help` is fast.

RUNS = Path("runs")


@dataclass(frozen=True)
class Run:
    """Run a recipe: train a generator on its own output, generation after generation, and write a report.

    Services without an address are started for the run and stopped at its end.
    """

    recipe: Annotated[Positional[str], arg(metavar="RECIPE")]
    """Name of a recipe (see `plumb-loop recipes`), or a .toml file."""
    out: Annotated[Path | None, arg(metavar="DIR")] = None
    """Folder of the run; by default runs/NAME."""
    resume: bool = False
    """Resume the run in the folder."""
    sim: Address = None
    """Address of the simulation server; by default one is started."""
    generator: Address = None
    """Address of the generator; by default one is started."""
    json: bool = False
    """Print one JSON document with all metrics on standard output."""

    def run(self) -> int:
        """Run the command and return its exit status."""
        from loop_client.runs.launch import Services
        from loop_client.runs.run_recipe import load_recipe

        recipe = load_recipe(self.recipe)
        services = Services(self.sim, self.generator)
        services.check()  # before the imports below, which take seconds
        from loop_client.reports.run_report import write_report
        from loop_client.runs.motion_run import run_recipe
        from loop_client.runs.run_files import read_json

        out = self.out or RUNS / recipe.name
        again = ["plumb-loop", "run", self.recipe, "--out", str(out), "--resume"]
        with resumable(out, self.sim, self.generator, again):
            store = run_recipe(recipe, out, self.resume, services)
        log(final_metrics(store))
        log(f"report: {write_report(store)}")
        if self.json:
            print(json.dumps({"run": str(out), "metrics": store.metrics(), "real": read_json(store.real)}, indent=1))
        return DONE


@dataclass(frozen=True)
class Report:
    """Write the report of a run, complete or not, or of a complete toy experiment, as an HTML file in its folder."""

    directory: Annotated[Positional[Path], arg(metavar="RUN")]
    """Folder of the run or of the experiment."""

    def run(self) -> int:
        """Run the command and return its exit status."""
        from loop_client.experiments.catalog import experiment_in

        print(f"open {experiment_in(self.directory).write_report(self.directory)}")
        return DONE


@dataclass(frozen=True)
class Recipes:
    """List the recipes that come with Plumb."""

    json: bool = False
    """Print one JSON document on standard output instead of a table."""

    def run(self) -> int:
        """Run the command and return its exit status."""
        from loop_client.runs.run_recipe import parse_recipe, shipped_recipes

        recipes = {name: parse_recipe(text, name) for name, text in shipped_recipes().items()}
        if self.json:
            print(json.dumps({name: recipe.title for name, recipe in recipes.items()}, indent=1))
        else:
            print(text_table(["recipe", "title"], [[name, recipe.title] for name, recipe in recipes.items()], left=2))
        return DONE


@contextmanager
def resumable(out: Path, sim: str | None, generator: str | None, again: Sequence[str]) -> Iterator[None]:
    """Tell the command that resumes a run if a service goes away inside the block.

    Args:
        out: the folder of the run.
        sim: address of the simulation server; None if one was started.
        generator: address of the generator; None if one was started.
        again: the command, without addresses.
    """
    from loop_client.runs.run_store import FACTS

    try:
        yield
    except ServiceUnavailable as error:
        if not (out / FACTS).is_file():
            raise
        addresses = [part for name, address in (("--sim", sim), ("--generator", generator)) if address
                     for part in (name, address)]  # fmt: skip
        command = shlex.join([*again, *addresses])
        raise ServiceUnavailable(f"{error}; finished stages are kept, resume with: {command}") from error


def final_metrics(store: RunStore) -> str:
    """Return a table of the metrics of the last generation."""
    from loop_client.reports.results import Results, final_table

    return final_table(Results.of(store))
