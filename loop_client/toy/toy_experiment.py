"""An experiment on points in a folder of its own: run, resumed, judged.

    recipe.toml      the recipe with every default written out
    run.json         versions, commit and seed that made it
    arms/NN.npz      curves of an arm, every run's own, and samples of five generations of its first run
    metrics.jsonl    mean and 95 % interval of each metric, a line an arm and generation
    result.json      each check: whether it holds, and the numbers
    report.html      one page that stands alone

An arm's file is whole or absent, and its presence means that the arm is done.
"""

from __future__ import annotations

import json
import math
import platform
import time
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from loop_client.experiments.check_recipe import SAID_ONLY
from loop_client.experiments.checks import Curves, Verdict, judge
from loop_client.toy.toy_loop import run_arm
from loop_client.toy.toy_recipe import ArmRecipe, PointRecipe, experiment_of
from motion import __version__
from motion.errors import InvalidInput
from motion.intervals import half_width
from motion.shell.atomic import atomic_path
from motion.shell.provenance import source_commit
from motion.shell.schema import differences, to_table
from motion.shell.toml_text import format_toml

_RECIPE, _FACTS, _METRICS, _RESULT = "recipe.toml", "run.json", "metrics.jsonl", "result.json"
_SAMPLES, _SECONDS = "samples", "seconds"  # of an arm's file; no metric has such a name
_QUICK_SEEDS = 2


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of an experiment.

    Attributes:
        curves, samples: of each arm by name, as `loop.run_arm` gives them.
        verdicts: one a check.
        seconds: that its arms took, each in the call that made it.
    """

    recipe: PointRecipe
    curves: dict[str, Curves]
    samples: dict[str, np.ndarray]
    verdicts: list[Verdict]
    seconds: float

    @property
    def passed(self) -> bool:
        return all(verdict.holds for verdict in self.verdicts)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.recipe.name,
            "passed": self.passed,
            "checks": [asdict(verdict) for verdict in self.verdicts],
            "seeds": self.recipe.seeds,
            "generations": self.recipe.generations,
            "seconds": round(self.seconds, 1),
        }


def quick(recipe: PointRecipe) -> PointRecipe:
    """The same with a quarter of its seeds, and at least two: its row may be missed by chance."""
    return replace(recipe, seeds=min(recipe.seeds, max(_QUICK_SEEDS, recipe.seeds // 4)))


def run_experiment(
    recipe: PointRecipe, folder: Path, progress: Callable[[str, int, int], None] | None = None
) -> Outcome:
    """Run what is not in `folder` yet, judge it, and write everything there.

    Equal recipes give equal curves, whether they were cut off or not: an arm is whole in its file or not there, and
    depends on the recipe alone.

    Args:
        progress: called with (arm, generations done, all).

    Raises:
        InvalidInput: the folder holds another recipe's results, or cannot be written.
    """
    _take(folder, recipe)
    seconds = 0.0
    curves: dict[str, Curves] = {}
    samples: dict[str, np.ndarray] = {}
    begun: dict[int, Any] = {}
    for index, arm in enumerate(recipe.arms):
        file = _arm_file(folder, index)
        if not file.is_file():
            _write_arm(file, recipe, arm, progress, begun)
        try:
            with np.load(file, allow_pickle=False) as kept:
                arrays = dict(kept)
            samples[arm.name] = arrays.pop(_SAMPLES)
            seconds += float(arrays.pop(_SECONDS))
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            said = f"holds no arm that can be read ({error}); delete it to have it made again"
            raise InvalidInput.of(str(file), said) from error
        curves[arm.name] = arrays
    sizes = {arm.name: arm.n or recipe.data.n for arm in recipe.arms}
    outcome = Outcome(recipe, curves, samples, judge(recipe.checks, curves, sizes), seconds)
    _write_text(folder / _METRICS, "".join(json.dumps(line, allow_nan=False) + "\n" for line in _lines(outcome)))
    _write_text(folder / _RESULT, json.dumps(outcome.to_json(), indent=1) + "\n")
    return outcome


def finished(folder: Path) -> Outcome | None:
    """What came of the experiment on points in a folder, judged anew; None where the folder holds no such experiment.

    Raises:
        InvalidInput: not all of its arms are done, or its recipe is damaged.
    """
    try:
        table = tomllib.loads((folder / _RECIPE).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if "metrics" not in table:  # as recipes on motions have none
        return None
    recipe = experiment_of(table, str(folder / _RECIPE))
    missing = [arm.name for index, arm in enumerate(recipe.arms) if not _arm_file(folder, index).is_file()]
    if missing:
        raise InvalidInput.of(str(folder), f"is not done, arm {missing[0]!r} is missing; reproduce it to its end first")
    return run_experiment(recipe, folder)


def last_result(folder: Path) -> dict[str, Any] | None:
    """The result that lies in a folder, if one does."""
    try:
        return json.loads((folder / _RESULT).read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _arm_file(folder: Path, index: int) -> Path:
    return folder / "arms" / f"{index:02d}.npz"


def _take(folder: Path, recipe: PointRecipe) -> None:
    """Make the folder this recipe's, or see that it is."""
    text = format_toml(to_table(recipe))
    file = folder / _RECIPE
    if file.is_file():
        there, here = (_decisive(to_table(each)) for each in (_kept(file), recipe))
        for path, theirs, ours in differences(there, here):
            raise InvalidInput.of(
                str(folder), f"holds another recipe's results ({path} is {theirs!r} there, {ours!r} here); name another"
            )
        _write_text(file, text)
        return
    try:
        (folder / "arms").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput.of(str(folder), f"cannot be made: {error.strerror or error}") from error
    facts = {
        "plumb-motion": __version__,
        "commit": source_commit(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "seed": recipe.seed,
    }
    _write_text(folder / _FACTS, json.dumps(facts, indent=1) + "\n")
    _write_text(file, text)


def _kept(file: Path) -> PointRecipe:
    """The recipe in a folder, with what has become of defaults since. Raises `InvalidInput` about a damaged one."""
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput.of(str(file), f"cannot be read ({error})") from error
    return experiment_of(table, str(file))


def _decisive(table: dict[str, Any]) -> dict[str, Any]:
    """What of a recipe the curves depend on."""
    return {key: value for key, value in table.items() if key not in SAID_ONLY}


def _write_arm(
    file: Path,
    recipe: PointRecipe,
    arm: ArmRecipe,
    progress: Callable[[str, int, int], None] | None,
    begun: dict[int, Any],
) -> None:
    began = time.perf_counter()
    told = (lambda done, of: progress(arm.name, done, of)) if progress else None
    curves, samples = run_arm(recipe, arm, told, begun)
    seconds = np.array(time.perf_counter() - began)
    arrays: dict[str, Any] = {**curves, _SAMPLES: samples.astype(np.float32), _SECONDS: seconds}
    with atomic_path(file) as temporary, temporary.open("wb") as opened:
        np.savez(opened, **arrays)


def _lines(outcome: Outcome) -> list[dict[str, Any]]:
    lines = []
    for arm, curves in outcome.curves.items():
        for column, generation in enumerate(curves["generations"]):
            line: dict[str, Any] = {"arm": arm, "generation": int(generation)}
            for metric in outcome.recipe.metrics:
                values = curves[metric][:, column]
                told = {"mean": float(values.mean()), "interval": float(half_width(values))}
                line[metric] = {name: value if math.isfinite(value) else None for name, value in told.items()}
            lines.append(line)
    return lines


def _write_text(file: Path, text: str) -> None:
    with atomic_path(file) as temporary:
        temporary.write_text(text, encoding="utf-8")
