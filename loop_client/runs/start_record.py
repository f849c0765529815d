"""The record of each start of a run: versions, and how the generator and the corrector describe themselves."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from loop_client.runs.run_recipe import Recipe
from motion import __version__
from motion.protocols import CorrectorInfo, GeneratorInfo

_PACKAGES = ("numpy", "scipy", "torch", "mujoco", "grpcio")


def start_record(generator: GeneratorInfo, corrector: CorrectorInfo) -> dict[str, Any]:
    """Return the versions of what results depend on, and the descriptions of the services, as a JSON document."""
    versions = {"plumb-motion": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "absent"
    generator_fields = asdict(generator)
    del generator_fields["checkpoints"]  # grows with every generation of every run
    return {"versions": versions, "generator": generator_fields, "corrector": asdict(corrector)}


def with_recorded_policy(recipe: Recipe, first: Mapping[str, Any]) -> Recipe:
    """Return a recipe that names the policy its run was first started with.

    A recipe may ask for the corrector's default policy, which may have changed by the time the run is resumed.

    Args:
        recipe: the recipe of the run.
        first: the record of the first start.
    """
    policy = recipe.correction.policy or first["corrector"]["default_policy"]
    return replace(recipe, correction=replace(recipe.correction, policy=policy))


def join_distinct(starts: Sequence[Mapping[str, Any]], describe: Callable[[Mapping[str, Any]], str]) -> str:
    """Join the descriptions of a run's starts, each different one once, in order.

    Args:
        starts: the records of the starts.
        describe: returns the description of one record.
    """
    return ", then ".join(dict.fromkeys(describe(start) for start in starts))
