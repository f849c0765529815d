"""A whole run with fakes, which many tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest
from loop_fakes import RECIPE, FakeGenerator, Fuse, run_quietly

from loop_client.runs.run_recipe import parse_recipe


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory: pytest.TempPathFactory, swaying_path: Path):
    """Return a whole run: its folder, the lines of its metrics, and the calls of its generator."""
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    fuse = Fuse()
    lines = run_quietly(parse_recipe(RECIPE.format(data=swaying_path)), folder, FakeGenerator(fuse))
    return folder, lines, fuse.calls
