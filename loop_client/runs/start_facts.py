"""What a run is started with, and goes on with."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from loop_client.runs.run_recipe import Recipe
from motion import __version__
from motion.protocols import Corrector, Generator

_PACKAGES = ("numpy", "scipy", "torch", "mujoco", "grpcio")


def start_facts(generator: Generator, physics: Corrector) -> dict[str, Any]:
    """Versions of what a run depends on, and what its services say about themselves."""
    versions = {"plumb-motion": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "absent"
    made_by = asdict(generator.describe())
    del made_by["checkpoints"]
    return {"versions": versions, "generator": made_by, "corrector": asdict(physics.describe())}


def with_policy(recipe: Recipe, first: Mapping[str, Any]) -> Recipe:
    """The recipe with the policy that its run was first started with, where it asks for the corrector's default: that
    may be another one by the time the run goes on."""
    policy = recipe.correction.policy or first["corrector"]["default_policy"]
    return replace(recipe, correction=replace(recipe.correction, policy=policy))


def told_apart(starts: Sequence[Mapping[str, Any]], say: Callable[[Mapping[str, Any]], str]) -> str:
    """What there is to say of the starts of a run, each different thing once, in order."""
    return ", then ".join(dict.fromkeys(say(start) for start in starts))
