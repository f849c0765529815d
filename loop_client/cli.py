"""`plumb-loop`: run self-consuming loops, and see what came of them."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg, subcommand

from loop_client.recipe import Recipe, load_recipe, parse_recipe, shipped_recipes
from motion.command import DONE, progress_bar, run_commands
from motion.errors import InvalidInput, ServiceUnavailable

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
        from loop_client.report import write_report

        recipe = load_recipe("demo")
        resume = (self.out / "recipe.toml").is_file()
        store = _run(recipe, self.out, resume, self.sim, self.generator, "plumb-loop demo")
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
        from loop_client.report import write_report
        from loop_client.store import read_json

        recipe = load_recipe(self.recipe)
        out = self.out or _RUNS / recipe.name
        again = shlex.join(["plumb-loop", "run", self.recipe, "--out", str(out), "--resume"])
        store = _run(recipe, out, self.resume, self.sim, self.generator, again)
        _say(_final(store))
        _say(f"report: {write_report(store)}")
        if self.json:
            print(json.dumps({"run": str(out), "metrics": store.metrics(), "real": read_json(store.real)}, indent=1))
        return DONE


@dataclass(frozen=True)
class Report:
    """Write the report of a run, as far as it got, as one HTML file in its folder."""

    directory: Annotated[Positional[Path], arg(metavar="RUN")]

    def run(self) -> int:
        from loop_client.report import write_report
        from loop_client.store import open_run

        print(f"open {write_report(open_run(self.directory))}")
        return DONE


@dataclass(frozen=True)
class Evaluate:
    """Compare a set of motions with real ones: FID, KID, Wasserstein distance, precision and recall, diversity and, by
    an evaluator that knows texts, R-precision and matching score; physical errors of both."""

    set: Annotated[Positional[Path], arg(metavar="SET")]
    """The motions to judge."""
    real: Annotated[Positional[Path], arg(metavar="REAL")]
    """The motions to compare them with."""
    evaluator: Annotated[str, arg(metavar="FOLDER")] = ""
    """An evaluator, as `train-evaluator` writes one; by default the one that comes with Plumb."""
    glove: Annotated[Path | None, arg(metavar="FOLDER")] = None
    """The published word table, for an evaluator that reads with it."""
    embedding: Annotated[Path | None, arg(metavar="FOLDER")] = None
    """An embedding of motions alone instead, as RUN/embedding has one."""
    seed: int = 0
    """Of the draws that intervals come from."""
    replications: int = 20
    """How many draws."""
    json: bool = False
    """Print one JSON document instead of a table."""

    def run(self) -> int:
        from loop_client.comparison import compare_sets
        from loop_client.embedding import load_embedding
        from loop_client.evaluator.evaluator import SHIPPED, load_evaluator

        samples, real = _motions(self.set), _motions(self.real)
        if self.embedding:
            embedding = load_embedding(self.embedding)
        else:
            embedding = load_evaluator(self.evaluator or SHIPPED, self.glove)
        result = compare_sets(samples, real, embedding, self.seed, self.replications)
        print(json.dumps(result, indent=1) if self.json else _comparison(result))
        return DONE


@dataclass(frozen=True)
class TrainEvaluator:
    """Train a text-to-motion evaluator on motions with captions."""

    data: Annotated[Positional[tuple[Path, ...]], arg(metavar="DATA...")]
    """Sets of motions with captions; `default` is the one that comes with Plumb, without its test split."""
    out: Path
    """The evaluator's folder."""
    movement_steps: int = 1500
    steps: int = 2500
    """Of movements, and then of points."""
    seed: int = 0

    def run(self) -> int:
        from loop_client.data import training_motions
        from loop_client.evaluator.training import EvaluatorSettings, train_evaluator

        settings = EvaluatorSettings(movement_steps=self.movement_steps, steps=self.steps, seed=self.seed)
        motions = training_motions(self.data)
        with progress_bar("steps", "training the evaluator") as progress:
            evaluator = train_evaluator(motions, settings, progress=progress)
        evaluator.save(self.out)
        print(self.out)
        return DONE


@dataclass(frozen=True)
class ImportEvaluator:
    """Make an evaluator's folder of the published checkpoint; nothing of it is unpickled but numbers."""

    checkpoint: Annotated[Positional[Path], arg(metavar="finest.tar")]
    statistics: Path
    """The folder of the mean.npy and std.npy that came with it."""
    glove: Path
    """The folder of the published word table."""
    out: Path
    """The evaluator's folder."""

    def run(self) -> int:
        from loop_client.evaluator.evaluator import read_published

        read_published(self.checkpoint, self.statistics, self.glove).save(self.out)
        print(self.out)
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
                print(f"{name:10} {recipe.title}")
        return DONE


Command = (
    Annotated[Demo, subcommand("demo")]
    | Annotated[Run, subcommand("run")]
    | Annotated[Report, subcommand("report")]
    | Annotated[Evaluate, subcommand("evaluate")]
    | Annotated[TrainEvaluator, subcommand("train-evaluator")]
    | Annotated[ImportEvaluator, subcommand("import-evaluator")]
    | Annotated[Recipes, subcommand("recipes")]
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `plumb-loop` with `arguments` (by default those of the process), and exit."""
    run_commands(Command, "plumb-loop", __doc__, arguments)


def _run(recipe: Recipe, out: Path, resume: bool, sim: str | None, generator: str | None, again: str) -> Any:
    """Run a recipe in `out` to its end; the store of it. `again` is what to type where it is cut off."""
    from loop_client.data import load_data
    from loop_client.launch import Services, open_services
    from loop_client.loop import run_loop
    from loop_client.store import create_run

    data = load_data(recipe.data)
    store = create_run(out, recipe, resume)
    try:
        with open_services(Services(sim, generator), out) as (client, corrector):
            run_loop(store, data, client, corrector)
    except ServiceUnavailable as error:
        raise ServiceUnavailable(f"{error}; what was done is kept, go on with: {again}") from error
    return store


def _final(store: Any) -> str:
    from loop_client.results import Results, final_table

    return final_table(Results.of(store))


def _motions(path: Path) -> Any:
    from motion.files import read_motions

    motions = read_motions(path)
    if len(motions) < 2:
        raise InvalidInput.of(str(path), f"holds {len(motions)} motions; a set to compare has at least two")
    return motions


def _comparison(result: dict[str, Any]) -> str:
    rows = [f"{'':16}{'set':>12}{'real':>12}"]
    for name in result["set"]:
        rows.append(f"{name:16}{result['set'][name]:>12.4g}{result['reference'][name]:>12.4g}")
    rows += ["", f"{'':16}{'mean':>12}{'+-':>12}   of {result['replications']} draws of {result['n']} motions each"]
    for name, value in result["replicated"].items():
        rows.append(f"{name:16}{value['mean']:>12.4g}{value['interval']:>12.2g}")
    rows += ["", f"{'fid':16}{result['fid']:>12.4g}   of the whole sets, in {result['embedding']}"]
    rows += [f"{f'fid, n = {n}':16}{value:>12.4g}" for n, value in result["fid_by_n"].items()]
    return "\n".join([*rows, f"{'fid, n = inf':16}{result['fid_extrapolated']:>12.4g}   by a line in 1 / n"])


def _say(text: str) -> None:
    print(text, file=sys.stderr)
