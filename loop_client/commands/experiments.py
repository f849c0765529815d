"""Commands on experiments of many runs: `reproduce` and `sweep`."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from motion.errors import InvalidInput
from motion.shell.command import DONE, DONE_WITH_FAILURES, Repeatable, flatten, progress_bar

if TYPE_CHECKING:
    from loop_client.experiments.experiment import Experiment, Progress

# Each command imports its dependencies when it runs, so that `--help` is fast.

_RUNS = Path("runs/reproduce")


@dataclass(frozen=True)
class Reproduce:
    """Run an experiment of a paper and check that the published result is reproduced.

    The exit status is 1 if it is not.
    """

    name: Annotated[Positional[str], arg(metavar="NAME")] = ""
    """Name of an experiment (see --list), a .toml file, or `all` for every experiment whose data is available."""
    quick: bool = False
    """Use a quarter of the seeds, but at least two. The published result may then be missed by chance."""
    list: bool = False
    """List the experiments: what each shows, the data and time that it needs, and the result of its last run.
    Times are measured on two cores, or estimated where they have a ~."""
    out: Annotated[Path | None, arg(metavar="DIR")] = None
    """Output folder; by default runs/reproduce/NAME. Results that are there already are kept."""
    ray: bool = False
    """Compute the arms as tasks on a Ray cluster (needs the extra `ray`). Runs on motions have no such tasks."""
    json: bool = False
    """Print one JSON document on standard output."""

    def run(self) -> int:
        """Run the command and return its exit status."""
        from loop_client.experiments.catalog import load_experiment

        if self.list:
            return self._list()
        if not self.name:
            raise InvalidInput.of("NAME", "is missing; must be an experiment (see --list), a .toml file or all")
        if self.out and self.name == "all":
            raise InvalidInput.of("--out", "names one folder for several experiments; leave it out")
        experiments = _available_experiments(self.ray) if self.name == "all" else [load_experiment(self.name)]
        results = [self._reproduce(experiment) for experiment in experiments]
        if self.json:
            print(json.dumps(results[0] if self.name != "all" else results, indent=1))
        return DONE if all(result["passed"] for result in results) else DONE_WITH_FAILURES

    def _reproduce(self, experiment: Experiment) -> dict[str, Any]:
        recipe = experiment.recipe
        folder = self.out or _RUNS / (recipe.name + ("-quick" if self.quick else ""))
        if self.quick:
            experiment = experiment.quick()
        if self.ray:
            experiment.run_arms_on_ray(folder)
        with _arm_progress(recipe.name) as progress:
            outcome = experiment.run(folder, progress)
        report = experiment.write_report(folder)
        stream = sys.stderr if self.json else sys.stdout
        print(f"{outcome.outcome} {recipe.name}: {recipe.expected}", file=stream)
        for verdict in outcome.verdicts:
            print(f"  {verdict.sentence}  {verdict.statement}: {verdict.found}", file=stream)
        print(f"  {outcome.seconds:.0f} s, report: {report}", file=stream)
        return {**outcome.to_json(), "report": str(report)}

    def _list(self) -> int:
        from loop_client.experiments.catalog import shipped_experiments
        from loop_client.experiments.experiment import read_result

        rows: list[dict[str, Any]] = []
        for experiment in shipped_experiments():
            recipe = experiment.recipe
            result = read_result(_RUNS / recipe.name)
            rows.append(
                {
                    "name": recipe.name,
                    "title": recipe.title,
                    "paper": recipe.paper,
                    "row": recipe.expected,
                    "data": experiment.required_data or "none",
                    "minutes": recipe.minutes,
                    "timing": recipe.timing,
                    "last": None if result is None else result.get("verdict", "PASS" if result["passed"] else "FAIL"),
                }
            )
        if self.json:
            print(json.dumps(rows, indent=1))
        else:
            for row in rows:
                last = row["last"] or "not run"
                needs = "" if row["data"] == "none" else f"; needs {row['data']}"
                duration = ("~" if row["timing"] == "estimated" else "") + _format_duration(row["minutes"])
                print(f"{row['name']:22} {last:9} {duration:>8}   {row['row']}\n{'':43}{row['paper']}{needs}")
            print("~: estimated, nobody has timed the recipe in its present form; the others are measured")
        return DONE


def _available_experiments(ray: bool) -> list[Experiment]:
    """Return the experiments that ship and whose data is available, and name the others on standard error.

    Args:
        ray: leave out those whose arms cannot be tasks on a Ray cluster, too.
    """
    from loop_client.experiments.catalog import shipped_experiments

    available = []
    for experiment in shipped_experiments():
        if missing := experiment.missing_data():
            print(f"skipped: {experiment.recipe.name}, which needs {missing}", file=sys.stderr)
        elif ray and not experiment.has_arm_tasks:
            print(f"skipped: {experiment.recipe.name}, which --ray has no tasks for", file=sys.stderr)
        else:
            available.append(experiment)
    return available


@contextmanager
def _arm_progress(title: str) -> Iterator[Progress]:
    """Show a progress bar for each arm, from its first generation on."""
    with ExitStack() as stack:
        bars: dict[str, Callable[[float, int], None]] = {}

        def show(arm: str, done: int, total: int) -> None:
            if arm not in bars:
                stack.close()  # ends the bar of the arm before
                bars[arm] = stack.enter_context(progress_bar("generations", f"{title}, {arm}"))
            bars[arm](done, total)

        yield show


def _format_duration(minutes: float) -> str:
    if minutes < 100:
        return f"{minutes:g} min"
    return f"{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{minutes / 1440:.0f} d"


@dataclass(frozen=True)
class Sweep:
    """Run a recipe with some settings varied, each combination in a folder of its own.

    Results that are there already are kept.
    """

    recipe: Annotated[Positional[str], arg(metavar="RECIPE")]
    """Name of a recipe of `run` or `reproduce`, or a .toml file."""
    vary: Annotated[Repeatable[str], arg(metavar="PATH=VALUE,...")]
    """Settings and their values, such as `data.n=64,128 arms.corrected.gamma=0.5,1,inf`."""
    out: Annotated[Path | None, arg(metavar="DIR")] = None
    """Output folder; by default runs/sweep-NAME."""
    ray: bool = False
    """Run the combinations as tasks on a Ray cluster (needs the extra `ray`) instead of one after the other."""
    json: bool = False
    """Print one JSON document with the last generation of every run on standard output."""

    def run(self) -> int:
        """Run the command and return its exit status."""
        from loop_client.experiments.catalog import read_experiment, recipe_table
        from loop_client.experiments.sweep import cells, parse_variation
        from loop_client.experiments.sweep_runs import run_cell, run_on_ray

        table = recipe_table(self.recipe)
        varied: dict[str, list[Any]] = {}
        for path, values in map(parse_variation, flatten(self.vary)):
            if path in varied:
                raise InvalidInput.of("--vary", f"has {path} twice; give all its values at once")
            varied[path] = values
        if not varied:
            raise InvalidInput.of("--vary", "is missing; must be PATH=VALUE,VALUE,..., such as data.n=64,128")
        grid = list(cells(table, varied))
        for cell in grid:
            read_experiment(cell.table)  # refuses a wrong cell before the first one runs
        out = self.out or Path("runs") / f"sweep-{table.get('name', 'recipe')}"
        jobs = [(cell.table, (out / cell.name).absolute()) for cell in grid]
        if self.ray:
            finals = run_on_ray(jobs)
        else:
            finals = []
            for number, (cell, job) in enumerate(zip(grid, jobs, strict=True), 1):
                print(f"{number}/{len(grid)} {cell.name}", file=sys.stderr)
                finals.append(run_cell(*job))
        rows = [{"values": cell.values, "arms": final} for cell, final in zip(grid, finals, strict=True)]
        if self.json:
            print(json.dumps(_json_safe(rows), indent=1, allow_nan=False))
        else:
            print("\n".join(_format_rows(rows)))
        return DONE


def _json_safe(value: Any) -> Any:
    """Return a document with infinities as text and NaN as null, which JSON has no numbers for."""
    if isinstance(value, dict):
        return {key: _json_safe(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json_safe(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def _format_rows(rows: list[dict[str, Any]]) -> list[str]:
    """Format every run's arms and the metrics of their last generation as lines."""
    lines = []
    for row in rows:
        lines.append(", ".join(f"{path} = {value}" for path, value in row["values"].items()))
        for name, numbers in row["arms"].items():
            shown = ", ".join(f"{key} {value:.4g}" for key, value in numbers.items() if value is not None)
            lines.append(f"  {name}: {shown}")
    return lines
