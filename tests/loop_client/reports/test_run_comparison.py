"""Two runs on one page: what differs by more than chance, and what cannot be compared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from loop_fakes import FakeCorrector, FakeGenerator

from loop_client.evaluation.measures import BY_PATH
from loop_client.reports.results import Results, format_mean
from loop_client.reports.run_comparison import difference, write_comparison
from loop_client.runs.loop import run_loop
from loop_client.runs.real_motions import load_data
from loop_client.runs.run_creation import create_run
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.run_store import RunStore
from motion.errors import InvalidInput
from motion.intervals import half_width

FID = BY_PATH["fid"]


def results(values: Sequence[float | None], seeds: Sequence[int], arm: str = "corrected", add: float = 0.0) -> Results:
    """Return results of one arm, and of another that is larger by `add`."""
    lines = [
        {"arm": name, "generation": 1, "seed": seed, "fid": None if value is None else value + more}
        for seed, value in zip(seeds, values, strict=True)
        for name, more in ((arm, 0.0), ("other", add))
    ]
    return Results(lines, (arm, "other"), {})


def test_runs_with_the_same_seeds_are_compared_in_pairs() -> None:
    first, second = results([1.0, 5.0, 9.0], [0, 1, 2]), results([0.5, 4.4, 8.6], [0, 1, 2])
    found = difference(first, second, FID, "corrected", 1)
    assert found is not None and found.mean == pytest.approx(-0.5) and found.is_shown
    assert found.half_width == pytest.approx(float(half_width(np.array([-0.5, -0.6, -0.4]))))


def test_runs_with_other_seeds_are_independent_samples() -> None:
    first, second = results([1.0, 5.0, 9.0], [0, 1, 2]), results([0.5, 4.4, 8.6], [3, 4, 5])
    found = difference(first, second, FID, "corrected", 1)
    assert found is not None and found.mean == pytest.approx(-0.5) and not found.is_shown


def test_one_seed_shows_no_difference_and_missing_numbers_none_at_all() -> None:
    found = difference(results([1.0], [0]), results([9.0], [0]), FID, "corrected", 1)
    assert found is not None and found.half_width is None and not found.is_shown
    assert difference(results([None, 1.0], [0, 1]), results([1.0, 1.0], [0, 1]), FID, "corrected", 1) is None


def test_a_best_arm_is_one_that_beats_every_other_by_more_than_chance() -> None:
    assert results([1.0, 5.0, 9.0], [0, 1, 2], add=0.1).clearly_best(FID, 1) == "corrected"
    assert results([1.0, 5.0, 9.0], [0, 1, 2], add=-0.1).clearly_best(FID, 1) == "other"
    assert results([1.0, 5.0, 9.0], [0, 1, 2]).clearly_best(FID, 1) is None
    assert results([1.0], [0], add=3.0).clearly_best(FID, 1) is None
    assert results([1.0, None], [0, 1], add=3.0).clearly_best(FID, 1) is None


def test_means_have_the_interval_of_their_seeds() -> None:
    expected = f"5.00 ± {half_width(np.array([1.0, 5.0, 9.0])):.2f}"
    assert format_mean(results([1.0, 5.0, 9.0], [0, 1, 2]), FID, "corrected", 1) == expected
    assert format_mean(results([1.0], [0]), FID, "corrected", 1) == "1.00"


@pytest.fixture
def stores(tiny_recipe: Recipe, tmp_path: Path) -> list[RunStore]:
    made = []
    for name, gamma in (("one", 1.0), ("two", 0.5)):
        arms = tuple(replace(arm, gamma=gamma) if arm.name == "roundtrip" else arm for arm in tiny_recipe.arms[2:])
        store = create_run(tmp_path / name, replace(tiny_recipe, arms=arms, generations=1), resume=False)
        run_loop(store, load_data(tiny_recipe.data), FakeGenerator(), FakeCorrector(), quiet=True)
        made.append(store)
    return made


def test_the_page_says_what_differs_in_numbers_and_recipes(stores: list[RunStore], tmp_path: Path) -> None:
    text = write_comparison(stores, tmp_path / "page.html").read_text("utf-8")
    assert "At generation 1, two compared with one: one seed cannot show that a difference is more than chance." in text
    assert "<code>arms[1].gamma</code></td><td>1.0</td><td>0.5</td>" in text
    assert 'class="line-chart"' in text and "corrected, one" in text
    assert re.findall(r"""(?:src|href)=["']?(?!#)[^"'> ]+""", text) == []


def test_runs_without_a_common_arm_are_refused(stores: list[RunStore], tiny_recipe: Recipe, tmp_path: Path) -> None:
    recipe = replace(tiny_recipe, arms=tiny_recipe.arms[:1], generations=1)
    other = create_run(tmp_path / "three", recipe, resume=False)
    run_loop(other, load_data(recipe.data), FakeGenerator(), FakeCorrector(), quiet=True)
    with pytest.raises(InvalidInput, match="must share at least one"):
        write_comparison([stores[0], other], tmp_path / "page.html")
