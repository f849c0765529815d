"""The folder of a toy experiment.

    recipe.toml      the recipe with every default written out
    run.json         versions, commit and seed of the first start
    arms/NN.part.npz the state of an arm of networks that is not done, after its last generation
    arms/NN.npz      an arm's curves for every run, and samples of five generations of its first run
    metrics.jsonl    mean and 95 % interval of each metric, one line for each arm and generation
    result.json      the verdict on each check
    report.html      a page that stands alone

A file of an arm is whole or absent. If it is there, the arm is done; deleting it has the arm computed again.
"""

from __future__ import annotations

import json
import math
import platform
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar
from zipfile import BadZipFile

import numpy as np

from loop_client.check_recipe import CheckRecipe
from loop_client.experiments.checks import Curves, Verdict, judge
from loop_client.experiments.experiment import FinalMetrics
from loop_client.recipe_description import without_description
from motion import __version__
from motion.errors import InvalidInput
from motion.intervals import interval
from motion.shell.atomic import atomic_path
from motion.shell.provenance import source_commit
from motion.shell.schema import table_differences, to_table
from motion.shell.toml_text import format_toml

_RECIPE, _FACTS, _METRICS = "recipe.toml", "run.json", "metrics.jsonl"
_SAMPLES, _SECONDS = "samples", "seconds"  # keys of an arm's file beside its curves; no metric has such a name


class StoredArm(Protocol):
    """An arm of a recipe whose results are stored."""

    @property
    def name(self) -> str: ...


class StoredRecipe(Protocol):
    """The part of a recipe that its results are stored and judged by."""

    @property
    def arms(self) -> Sequence[StoredArm]: ...
    @property
    def metrics(self) -> Sequence[str]: ...
    @property
    def seed(self) -> int: ...
    @property
    def checks(self) -> Sequence[CheckRecipe]: ...
    @property
    def real_counts(self) -> Mapping[str, int]: ...


R = TypeVar("R", bound=StoredRecipe)


@dataclass(frozen=True, eq=False)
class ArmResult:
    """The result of one arm.

    Attributes:
        curves: see `checks.Curves`.
        samples: (k, n, dim) samples of the first run at the k generations that are pictured.
        seconds: wall time of the call that finished it.
    """

    curves: Curves
    samples: np.ndarray
    seconds: float


@dataclass(frozen=True, eq=False)
class ToyResults(Generic[R]):
    """The results of a toy experiment.

    Attributes:
        recipe: the experiment.
        arms: the result of each arm by name, in the order of the recipe.
    """

    recipe: R
    arms: dict[str, ArmResult]

    @property
    def verdicts(self) -> list[Verdict]:
        """The verdict on each check of the recipe."""
        curves = {name: arm.curves for name, arm in self.arms.items()}
        return judge(self.recipe.checks, curves, self.recipe.real_counts)

    @property
    def final(self) -> FinalMetrics:
        """The metrics of every arm's last generation."""
        final: FinalMetrics = {}
        for name, arm in self.arms.items():
            means = {metric: float(arm.curves[metric][:, -1].mean()) for metric in self.recipe.metrics}
            final[name] = {metric: None if math.isnan(mean) else mean for metric, mean in means.items()}
        return final

    @property
    def seconds(self) -> float:
        """The wall time of all arms."""
        return sum(arm.seconds for arm in self.arms.values())


class ToyStore(Generic[R]):
    """The files of a toy experiment in its folder.

    Args:
        folder: the folder.
        recipe: the experiment.
        read: reads the recipe of earlier results from its plain table; its second argument names it in errors.
    """

    def __init__(self, folder: Path, recipe: R, read: Callable[[Mapping[str, Any], str], R]):
        self.folder = folder
        self.recipe = recipe
        self._read = read

    def prepare(self) -> None:
        """Create the folder for the recipe, or check that it holds results of the same recipe.

        Raises:
            InvalidInput: the folder holds the results of another recipe, or cannot be created.
        """
        file = self.folder / _RECIPE
        is_new = not file.is_file()
        if not is_new:
            there, here = (without_description(to_table(recipe)) for recipe in (self._read_recipe(file), self.recipe))
            for path, theirs, ours in table_differences(there, here):
                raise InvalidInput.of(
                    str(self.folder),
                    f"holds the results of another recipe ({path} is {theirs!r} there, {ours!r} here); "
                    "name another folder",
                )
        try:
            (self.folder / "arms").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidInput.of(str(self.folder), f"cannot be created: {error.strerror or error}") from error
        if is_new:
            facts = {
                "plumb-motion": __version__,
                "commit": source_commit(),
                "python": platform.python_version(),
                "numpy": np.__version__,
                "seed": self.recipe.seed,
            }
            _write_text(self.folder / _FACTS, json.dumps(facts, indent=1) + "\n")
        _write_text(file, format_toml(to_table(self.recipe)))

    def has_arm(self, index: int) -> bool:
        """Return whether the arm with this index is done."""
        return self._arm_file(index).is_file()

    def missing_arms(self) -> list[int]:
        """Return the indices of the arms that are not done."""
        return [index for index in range(len(self.recipe.arms)) if not self.has_arm(index)]

    def state_file(self, index: int) -> Path:
        """Return the file for the state of an arm that is not done."""
        return self._arm_file(index).with_suffix(".part.npz")

    def write_arm(self, index: int, result: ArmResult) -> None:
        """Write the result of an arm, and delete its state."""
        arrays: dict[str, Any] = {
            **result.curves,
            _SAMPLES: result.samples.astype(np.float32),
            _SECONDS: np.array(result.seconds),
        }
        with atomic_path(self._arm_file(index)) as temporary, temporary.open("wb") as opened:
            np.savez(opened, **arrays)
        self.state_file(index).unlink(missing_ok=True)

    def read_results(self) -> ToyResults[R]:
        """Read the results of all arms.

        Raises:
            InvalidInput: an arm is not done, or its file is damaged.
        """
        arms = {}
        for index, arm in enumerate(self.recipe.arms):
            if not self.has_arm(index):
                raise InvalidInput.of(
                    str(self.folder), f"is not complete, arm {arm.name!r} is missing; run `plumb-loop reproduce` again"
                )
            arms[arm.name] = self._read_arm(index)
        return ToyResults(self.recipe, arms)

    def write_metrics(self, results: ToyResults[R]) -> None:
        """Write metrics.jsonl."""
        lines = (json.dumps(line, allow_nan=False) + "\n" for line in _metric_lines(results))
        _write_text(self.folder / _METRICS, "".join(lines))

    def _read_recipe(self, file: Path) -> R:
        """Read the recipe in the folder, with today's defaults for keys that it lacks."""
        try:
            table = tomllib.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise InvalidInput.of(str(file), f"cannot be read ({error})") from error
        return self._read(table, str(file))

    def _arm_file(self, index: int) -> Path:
        return self.folder / "arms" / f"{index:02d}.npz"

    def _read_arm(self, index: int) -> ArmResult:
        file = self._arm_file(index)
        try:
            with np.load(file, allow_pickle=False) as opened:
                arrays = dict(opened)
            samples, seconds = arrays.pop(_SAMPLES), float(arrays.pop(_SECONDS))
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise InvalidInput.of(str(file), f"cannot be read ({error}); delete it to compute the arm again") from error
        return ArmResult(arrays, samples, seconds)


def _metric_lines(results: ToyResults[Any]) -> list[dict[str, Any]]:
    lines = []
    for name, arm in results.arms.items():
        for column, generation in enumerate(arm.curves["generations"]):
            line: dict[str, Any] = {"arm": name, "generation": int(generation)}
            for metric in results.recipe.metrics:
                values = arm.curves[metric][:, column]
                mean, bounds = float(values.mean()), interval(values)
                finite = math.isfinite(mean) and bounds is not None and all(map(math.isfinite, bounds))
                line[metric] = {
                    "mean": mean if math.isfinite(mean) else None,
                    "interval": bounds if finite else None,
                }
            lines.append(line)
    return lines


def _write_text(file: Path, text: str) -> None:
    with atomic_path(file) as temporary:
        temporary.write_text(text, encoding="utf-8")
