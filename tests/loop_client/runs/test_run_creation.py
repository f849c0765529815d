"""Test which folders a run may be started or resumed in, and with which recipes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from loop_fakes import FakeCorrector, FakeGenerator, run_quietly

from loop_client.runs.loop import run_loop
from loop_client.runs.real_motions import load_data
from loop_client.runs.run_creation import create_run
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.run_store import lock_run, open_run
from motion.errors import InvalidInput


def test_a_changed_recipe_is_refused(unbroken, tiny_recipe: Recipe) -> None:
    folder, _, _ = unbroken
    with pytest.raises(InvalidInput, match=r"generations is 1 now and was 2"):
        create_run(folder, replace(tiny_recipe, generations=1), resume=True)
    with pytest.raises(InvalidInput, match="arms"):
        create_run(folder, replace(tiny_recipe, generations=3, arms=tiny_recipe.arms[:3]), resume=True)
    with pytest.raises(InvalidInput, match="seeds"):
        create_run(folder, replace(tiny_recipe, seeds=(8,)), resume=True)


def test_a_run_may_grow_by_generations_seeds_and_arms(unbroken, tiny_recipe: Recipe, tmp_path: Path) -> None:
    arms = tiny_recipe.arms
    whole = replace(tiny_recipe, seeds=(*tiny_recipe.seeds, 8))
    generator = FakeGenerator()
    run_quietly(replace(whole, generations=1, seeds=whole.seeds[:1], arms=arms[1:]), tmp_path / "run", generator)
    lines = run_quietly(whole, tmp_path / "run", generator)
    assert lines[: len(unbroken[1])] == unbroken[1]
    assert lines == run_quietly(whole, tmp_path / "at once")


def test_a_refused_resume_leaves_the_stored_recipe(unbroken, tiny_recipe: Recipe, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(unbroken[0], folder)
    written = (folder / "recipe.toml").read_bytes()
    grown = create_run(folder, replace(tiny_recipe, generations=9), resume=True)
    data = load_data(tiny_recipe.data)
    with lock_run(grown), pytest.raises(InvalidInput, match="another process"):
        run_loop(grown, data, FakeGenerator(), FakeCorrector(), quiet=True)
    with pytest.raises(InvalidInput, match=r"was started with data.train"):
        run_loop(grown, replace(data, train=data.test), FakeGenerator(), FakeCorrector(), quiet=True)
    assert (folder / "recipe.toml").read_bytes() == written


def test_the_title_of_a_recipe_may_change(unbroken, tiny_recipe: Recipe, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(unbroken[0], folder)
    run_quietly(replace(tiny_recipe, title="Another title"), folder)
    assert open_run(folder).recipe.title == "Another title"


def test_a_folder_with_other_content_is_not_overwritten(unbroken, tiny_recipe: Recipe, tmp_path: Path) -> None:
    folder, _, _ = unbroken
    with pytest.raises(InvalidInput, match="holds a run already"):
        create_run(folder, tiny_recipe, resume=False)
    own = tmp_path / "own" / "recipe.toml"
    own.parent.mkdir()
    own.write_text("# mine\n" + tiny_recipe.to_toml())
    with pytest.raises(InvalidInput, match="not empty and holds no run"):
        create_run(own.parent, tiny_recipe, resume=False)
    assert own.read_text().startswith("# mine")
    (tmp_path / "letter.txt").write_text("dear")
    for resume in (False, True):
        with pytest.raises(InvalidInput, match="not empty and holds no run"):
            create_run(tmp_path, tiny_recipe, resume=resume)


def test_only_one_process_runs_in_a_folder(unbroken) -> None:
    store = open_run(unbroken[0])
    with lock_run(store), pytest.raises(InvalidInput, match="being run by another process"):
        with lock_run(store):
            pass


def test_a_run_that_is_being_started_is_not_started_again(unbroken, tiny_recipe: Recipe, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    store = create_run(folder, tiny_recipe, resume=False)
    shutil.copy(unbroken[0] / "run.json", folder)
    with lock_run(store), pytest.raises(InvalidInput, match="being run by another process"):
        create_run(folder, tiny_recipe, resume=False)
    assert (folder / "run.json").exists()
