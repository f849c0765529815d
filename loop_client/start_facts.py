"""What a run is started with."""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

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
