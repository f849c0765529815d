"""Test seeds that run side by side: the same results as one after the other, and one end for all."""

from __future__ import annotations

import itertools
import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from loop_fakes import FakeGenerator, run_quietly

from loop_client.runs.run_creation import create_run
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.run_store import lock_run
from motion.errors import ServiceUnavailable

SEEDS = (3, 4, 5)


@pytest.fixture
def recipe(tiny_recipe: Recipe) -> Recipe:
    return replace(tiny_recipe, seeds=SEEDS, arms=tiny_recipe.arms[1:3])


class Meeting(FakeGenerator):
    """Starts its first two trainings only once both have been asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._both = threading.Barrier(2, timeout=60)
        self._met = threading.Event()

    def fit(self, dataset, init, steps, seed=0, settings=None, progress=None):
        if not self._met.is_set():
            self._both.wait()
            self._met.set()
        return super().fit(dataset, init, steps, seed, settings, progress)


def test_seeds_side_by_side_give_the_results_of_one_after_the_other(recipe: Recipe, tmp_path: Path) -> None:
    one = run_quietly(recipe, tmp_path / "one")
    two = run_quietly(recipe, tmp_path / "two", Meeting(), seeds_at_once=2)
    assert two == one
    assert (tmp_path / "two/metrics.jsonl").read_bytes() == (tmp_path / "one/metrics.jsonl").read_bytes()
    assert (tmp_path / "two/real.json").read_bytes() == (tmp_path / "one/real.json").read_bytes()
    assert stages(tmp_path / "two") == stages(tmp_path / "one")


def stages(folder: Path) -> list[str]:
    """Return the recorded stages of a run, in an order of their own."""
    lines = [json.loads(line) for line in (folder / "timings.jsonl").read_text().splitlines()]
    return sorted(json.dumps({key: value for key, value in line.items() if key != "seconds"}) for line in lines)


def test_a_run_grows_by_seeds_that_run_side_by_side(recipe: Recipe, tmp_path: Path) -> None:
    generator = FakeGenerator()
    run_quietly(replace(recipe, seeds=SEEDS[:1]), tmp_path / "run", generator)
    grown = run_quietly(recipe, tmp_path / "run", generator, seeds_at_once=3)
    assert grown == run_quietly(recipe, tmp_path / "whole")


def test_a_seed_that_fails_stops_the_others_and_tells_why(recipe: Recipe, tmp_path: Path) -> None:
    class Leaving(FakeGenerator):
        """Goes away once, when two seeds train their generation 0: as the second of them begins."""

        def __init__(self) -> None:
            super().__init__()
            self._numbers = itertools.count(1)
            self._gone = threading.Event()

        def fit(self, dataset, init, steps, seed=0, settings=None, progress=None):
            if next(self._numbers) == 2:
                self._gone.set()
                raise ServiceUnavailable("the generator has left")
            assert self._gone.wait(60)
            return super().fit(dataset, init, steps, seed, settings, progress)

    generator = Leaving()
    with pytest.raises(ServiceUnavailable, match="the generator has left"):
        run_quietly(recipe, tmp_path / "run", generator, seeds_at_once=2)
    begun = {path.name for path in (tmp_path / "run").glob("seed-*")}
    assert begun <= {"seed-3", "seed-4"}, "a seed was begun after another one had failed"
    with lock_run(create_run(tmp_path / "run", recipe, resume=True)):  # nobody works there any more
        pass
    resumed = run_quietly(recipe, tmp_path / "run", generator, seeds_at_once=2)
    assert resumed == run_quietly(recipe, tmp_path / "whole")
