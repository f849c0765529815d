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
from motion.errors import InvalidInput, ServiceUnavailable
from motion.rpc.client_flags import ClientFlags
from motion.shell.atomic import check_target
from motion.shell.command import DONE, log
from motion.shell.tables import text_table

if TYPE_CHECKING:
    from loop_client.runs.run_store import RunStore

# Each command imports its dependencies when it runs, so that `--help` is fast.

RUNS = Path("runs")


@dataclass(frozen=True)
class Run(ClientFlags):
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
        services = Services(self.sim, self.generator, self.client_security())
        services.check()  # before the imports below, which take seconds
        from loop_client.reports.run_report import write_report
        from loop_client.runs.motion_run import run_recipe
        from loop_client.runs.run_files import read_json

        out = self.out or RUNS / recipe.name
        again = ["plumb-loop", "run", self.recipe, "--out", str(out), "--resume"]
        with resumable(out, self.sim, self.generator, [*again, *self.security_words()]):
            store = run_recipe(recipe, out, self.resume, services)
        log(final_metrics(store))
        log(f"report: {write_report(store)}")
        if self.json:
            print(json.dumps({"run": str(out), "metrics": store.metrics(), "real": read_json(store.real)}, indent=1))
        return DONE


@dataclass(frozen=True)
class Report:
    """Write the report of a run, complete or not, or of a complete toy experiment, as an HTML file in its folder.

    Given two runs, write a page that compares the second with the first.
    """

    directories: Annotated[Positional[tuple[Path, ...]], arg(metavar="RUN [RUN]")]
    """Folder of the run or of the experiment; two runs are compared."""
    out: Annotated[Path | None, arg(metavar="PAGE.html")] = None
    """Page that compares two runs; by default in the folder of the second one."""

    def run(self) -> int:
        """Run the command and return its exit status."""
        if len(self.directories) == 1 and self.out is None:
            from loop_client.experiments.catalog import experiment_in

            print(f"open {experiment_in(self.directories[0]).write_report(self.directories[0])}")
        elif len(self.directories) == 1:
            raise InvalidInput.of("--out", f"is {self.out}; the report of one run is report.html in its folder")
        elif len(self.directories) == 2:
            self._compare()
        else:
            raise InvalidInput.of("RUN", f"names {len(self.directories)} folders; must be one, or two to compare")
        return DONE

    def _compare(self) -> None:
        from loop_client.reports.run_comparison import write_comparison
        from loop_client.runs.run_store import open_run

        first, second = self.directories
        path = self.out or second / f"against-{first.resolve().name}.html"
        if path.suffix.lower() not in (".html", ".htm"):
            raise InvalidInput.of("--out", f"is {path}; must be the name of a page, such as page.html")
        check_target(path)
        print(f"open {write_comparison([open_run(first), open_run(second)], path)}")


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
