"""The protocol that both kinds of experiment satisfy, and the outcome of running one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from loop_client.check_recipe import CheckRecipe
from loop_client.experiments.checks import Verdict, overall_outcome
from loop_client.runs.run_files import write_json

Progress = Callable[[str, int, int], None]
"""Called with (arm, generations done, generations in all)."""

FinalMetrics = dict[str, dict[str, float | None]]
"""Metrics of the last generation by arm and name, means over the seeds; None where a metric is undefined."""

_RESULT = "result.json"


class ExperimentRecipe(Protocol):
    """The description in the recipes of both kinds of experiment.

    Attributes:
        name: names the experiment on the command line and its folder.
        title: headline of the report; may be empty.
        paper: the publication whose result is reproduced.
        expected: the published result, in one sentence.
        minutes: time of the whole experiment on two cores.
        timing: whether the minutes are `measured` or `estimated`.
        published: the numbers and parameters of the paper.
        reduced: what is smaller or different here; empty where nothing is.
        checks: the published result, as statements about the curves.
    """

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def paper(self) -> str: ...
    @property
    def expected(self) -> str: ...
    @property
    def minutes(self) -> float: ...
    @property
    def timing(self) -> str: ...
    @property
    def published(self) -> str: ...
    @property
    def reduced(self) -> str: ...
    @property
    def checks(self) -> Sequence[CheckRecipe]: ...


@dataclass(frozen=True)
class Outcome:
    """The outcome of an experiment.

    Attributes:
        verdicts: one for each check of the recipe.
        final: metrics of the last generation of every arm.
        seconds: wall time of all arms, including those that earlier calls computed.
    """

    name: str
    num_seeds: int
    generations: int
    verdicts: tuple[Verdict, ...]
    final: FinalMetrics
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether all checks hold."""
        return all(verdict.holds for verdict in self.verdicts)

    @property
    def outcome(self) -> str:
        """The verdict in one word: `PASS`, `FAIL` or `UNDECIDED`."""
        return overall_outcome(self.verdicts)

    def to_json(self) -> dict[str, Any]:
        """Return the document that is written to result.json."""
        return {
            "name": self.name,
            "verdict": self.outcome,
            "passed": self.passed,
            "checks": [verdict.to_json() for verdict in self.verdicts],
            "seeds": self.num_seeds,
            "generations": self.generations,
            "seconds": round(self.seconds, 1),
        }


class Experiment(Protocol):
    """A recipe that can be run, judged and reported: on motions or on toy data."""

    @property
    def recipe(self) -> ExperimentRecipe: ...

    @property
    def required_data(self) -> str:
        """The data of the user's own that the experiment needs, in words; empty where it needs none."""
        ...

    def missing_data(self) -> str:
        """Return the required data in words if it is absent on this machine; otherwise an empty text."""
        ...

    def quick(self) -> Experiment:
        """Return the same experiment with a quarter of its seeds, see `quick_seeds`."""
        ...

    def run(self, folder: Path, progress: Progress | None = None) -> Outcome:
        """Run the experiment in `folder`, skip what is done there already, and write result.json.

        Args:
            folder: created where it does not exist.
            progress: called after each generation; a run on motions shows its own progress instead.

        Raises:
            InvalidInput: the data cannot be used, or the folder holds the results of another recipe.
        """
        ...

    @property
    def has_arm_tasks(self) -> bool:
        """Whether `run_arms_on_ray` can compute the arms; those of a run on motions share its services."""
        ...

    def run_arms_on_ray(self, folder: Path) -> None:
        """Compute the arms that are not done in `folder` yet, each as a Ray task, so that `run` finds them done.

        Args:
            folder: seen by all machines of the cluster; created where it does not exist.

        Raises:
            InvalidInput: the experiment has no such tasks, or the folder holds the results of another recipe.
            NotFound: Ray is not installed.
        """
        ...

    def write_report(self, folder: Path) -> Path:
        """Write report.html about the results in `folder` and return its path.

        Raises:
            InvalidInput: there are no results yet.
        """
        ...


def quick_seeds(num_seeds: int) -> int:
    """Return how many of `num_seeds` seeds a quick experiment runs: a quarter, but at least two where there are two."""
    return min(num_seeds, max(2, num_seeds // 4))


def write_result(folder: Path, outcome: Outcome) -> None:
    """Write an outcome to the folder's result.json."""
    write_json(folder / _RESULT, outcome.to_json())


def read_result(folder: Path) -> dict[str, Any] | None:
    """Read the folder's result.json; None where there is none that can be read."""
    try:
        return json.loads((folder / _RESULT).read_text("utf-8"))
    except (OSError, ValueError):
        return None
