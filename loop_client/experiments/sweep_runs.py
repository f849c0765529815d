"""Runs of a sweep: on this machine, or as tasks on a Ray cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from loop_client.experiments.catalog import read_experiment
from loop_client.experiments.experiment import FinalMetrics
from loop_client.experiments.ray_tasks import run_ray_tasks


def run_cell(table: Mapping[str, Any], folder: Path) -> FinalMetrics:
    """Run a recipe in `folder`, or resume what is there, and return the metrics of its last generation.

    Args:
        table: the recipe as a plain table, of either kind.
        folder: created where it does not exist.

    Raises:
        InvalidInput: see `Experiment.run`.
    """
    return read_experiment(table).run(folder).final


def run_on_ray(jobs: Sequence[tuple[dict[str, Any], Path]]) -> list[FinalMetrics]:
    """Run `run_cell` for each job as a Ray task of one core; see `run_ray_tasks`.

    Args:
        jobs: the recipe and the folder of each cell.

    Raises:
        NotFound: Ray is not installed.
    """
    return run_ray_tasks(run_cell, jobs)
