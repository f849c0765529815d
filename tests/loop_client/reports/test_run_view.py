"""How far a run has got, and what its live page shows, from the files in its folder alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from loop_fakes import Cut, FakeCorrector, FakeGenerator, Fuse

from loop_client.reports.run_progress import all_stages, run_progress
from loop_client.reports.run_view import RunView, progress_parts
from loop_client.runs.loop import run_loop
from loop_client.runs.real_motions import load_data
from loop_client.runs.run_creation import create_run
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.run_store import LOCK, RunStore


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator(Fuse(70))


@pytest.fixture
def cut_store(tiny_recipe: Recipe, tmp_path: Path, generator: FakeGenerator) -> RunStore:
    """Return a run that was cut off in its second generation."""
    store = create_run(tmp_path / "run", tiny_recipe, resume=False)
    with pytest.raises(Cut):
        run_loop(store, load_data(store.recipe.data), generator, FakeCorrector(), quiet=True)
    return store


def test_stages_are_counted_until_the_run_is_complete(cut_store: RunStore, generator: FakeGenerator) -> None:
    (cut_store.directory / LOCK).write_text("")
    before = run_progress(cut_store)
    assert 0 < before.done < before.total and before.current is not None and not before.running
    assert [stage.result.exists() for stage in all_stages(cut_store)][before.done] is False
    assert "Nobody runs it now" in progress_parts(before)["stage"]
    generator.fuse = Fuse()
    run_loop(cut_store, load_data(cut_store.recipe.data), generator, FakeCorrector(), quiet=True)
    after = run_progress(cut_store)
    assert (after.done, after.current, after.seconds_left) == (after.total, None, None)
    assert "complete" in progress_parts(after)["stage"]


def test_the_current_stage_moves_with_the_time_that_it_took_before(cut_store: RunStore) -> None:
    (cut_store.directory / LOCK).write_text(f"{os.getpid()}\n")
    stage = run_progress(cut_store).current
    assert stage is not None
    cut_store.add_timing({"seed": 3, "arm": None, "generation": 0, "stage": stage.name, "seconds": 1000.0})
    mean = [line["seconds"] for line in cut_store.timings() if line["stage"] == stage.name]
    newest = max(each.result.stat().st_mtime for each in all_stages(cut_store) if each.result.exists())
    shares = [run_progress(cut_store, newest + 0.1 * k * sum(mean) / len(mean)).share for k in (1, 5, 30)]
    assert shares == pytest.approx([0.1, 0.5, 0.97])


def test_the_page_shows_curves_throughput_and_the_newest_corrections(cut_store: RunStore) -> None:
    view = RunView(cut_store)
    motions = view.motions()
    parts = view.parts()
    assert 'class="line-chart"' in parts["curves"] and "sampling" in parts["times"]
    assert motions is not None and "before and after" in motions[0] and '"label":"before"' in motions[1]


def test_a_run_that_has_just_begun_has_a_page(tiny_recipe: Recipe, tmp_path: Path) -> None:
    store = create_run(tmp_path / "run", tiny_recipe, resume=False)
    view = RunView(store)
    assert view.motions() is None and set(view.parts()) == {"run", "stage", "times"}
