"""A set of swaying bodies on disk, and the recipe that runs on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from loop_fakes import RECIPE, swaying_set

from loop_client.runs.run_recipe import Recipe, parse_recipe
from motion.formats.packed import write_packed


@pytest.fixture(scope="session")
def swaying_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("swaying") / "set"
    write_packed(path, swaying_set())
    return path


@pytest.fixture
def tiny_recipe(swaying_path: Path) -> Recipe:
    return parse_recipe(RECIPE.format(data=swaying_path))
