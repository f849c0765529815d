"""Arms of experiments as tasks: the same results in whatever order and process they are computed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loop_fakes import RECIPE
from toy_fakes import TOY_RECIPE

from loop_client.experiments.experiment import Experiment
from loop_client.experiments.motion_experiment import MotionExperiment
from loop_client.experiments.ray_tasks import run_ray_tasks
from loop_client.runs.run_recipe import parse_recipe
from loop_client.toy import toy_experiment
from loop_client.toy.calculations import calculation_experiment
from loop_client.toy.calculations.calculation_experiment import CalculationExperiment
from loop_client.toy.calculations.calculation_recipe import calculation_recipe_from_table
from loop_client.toy.toy_experiment import ToyExperiment
from loop_client.toy.toy_recipe import toy_recipe_from_table
from motion.errors import InvalidInput, NotFound

os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"  # read when Ray is imported

CALCULATION: dict[str, Any] = {
    "name": "small",
    "title": "Small",
    "paper": "none",
    "row": "none",
    "calculation": "mean-loop",
    "metrics": ["distance"],
    "last": 20,
    "num_seeds": 3,
    "arms": [{"name": "plain"}, {"name": "corrected", "settings": {"gamma": 1.0}}],
}


def toy() -> ToyExperiment:
    return ToyExperiment(toy_recipe_from_table(TOY_RECIPE))


def calculation() -> CalculationExperiment:
    return CalculationExperiment(calculation_recipe_from_table(CALCULATION))


def backwards(function: Callable[..., Any], jobs: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Run the tasks here, the last one first."""
    return [function(*job) for job in reversed(jobs)][::-1]


def curves(folder: Path) -> list[dict[str, np.ndarray]]:
    """Return what the files of arms hold, without the seconds that they took."""
    found = [dict(np.load(file)) for file in sorted((folder / "arms").iterdir())]
    return [{name: array for name, array in arrays.items() if name != "seconds"} for arrays in found]


def same(ours: list[dict[str, np.ndarray]], theirs: list[dict[str, np.ndarray]]) -> bool:
    return len(ours) == len(theirs) and all(
        a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)
        for a, b in zip(ours, theirs, strict=True)
    )


@pytest.mark.parametrize("make", [toy, calculation])
def test_arms_that_are_computed_as_tasks_have_the_curves_of_one_process(
    make: Callable[[], Experiment], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make().run(tmp_path / "whole")
    for module in (toy_experiment, calculation_experiment):
        monkeypatch.setattr(module, "run_ray_tasks", backwards)
    make().run_arms_on_ray(tmp_path / "spread")
    assert same(curves(tmp_path / "spread"), curves(tmp_path / "whole"))
    assert make().run(tmp_path / "spread").final == whole.final
    assert (tmp_path / "spread/metrics.jsonl").read_bytes() == (tmp_path / "whole/metrics.jsonl").read_bytes()


@pytest.mark.parametrize("make", [toy, calculation])
def test_arms_that_are_done_are_no_tasks(
    make: Callable[[], Experiment], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make().run(tmp_path)
    (tmp_path / "arms/01.npz").unlink()
    given: list[int] = []
    for module in (toy_experiment, calculation_experiment):
        monkeypatch.setattr(module, "run_ray_tasks", lambda _, jobs: given.extend(job[-1] for job in jobs))
    make().run_arms_on_ray(tmp_path)
    assert given == [1]


def test_a_run_on_motions_is_spread_by_its_services() -> None:
    experiment = MotionExperiment(parse_recipe(RECIPE.format(data="some/set")))
    assert not experiment.has_arm_tasks and toy().has_arm_tasks and calculation().has_arm_tasks
    with pytest.raises(InvalidInput, match=r"--ray: has no place with 'tiny'.*--sim and --generator"):
        experiment.run_arms_on_ray(Path("nowhere"))


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(NotFound, match=r"plumb-motion\[ray\]"):
        run_ray_tasks(len, [("a",)])


@pytest.mark.slow
def test_arms_on_a_cluster_of_this_machine_have_the_curves_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray", reason="the extra `ray` is missing")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    toy().run(tmp_path / "whole")
    ray.init(num_cpus=2, include_dashboard=False, object_store_memory=100 * 2**20, log_to_driver=False)
    try:
        toy().run_arms_on_ray(tmp_path / "spread")
    finally:
        ray.shutdown()
    assert same(curves(tmp_path / "spread"), curves(tmp_path / "whole"))
