"""A recipe for one's own data: it is valid, fits the data, and says what cannot be used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from loop_fakes import swaying_set

from loop_client.commands.new import New
from loop_client.commands.recipe_draft import draft_recipe, look_at, recipe_name
from loop_client.runs.real_motions import load_data
from loop_client.runs.run_recipe import load_recipe, parse_recipe
from motion.errors import InvalidInput
from motion.formats.packed import write_packed
from motion.motion_set import MotionSet


def written(folder: Path, motions: MotionSet) -> str:
    folder.mkdir(exist_ok=True)
    write_packed(folder / "set", motions)
    return str(folder / "set")


def with_fields(motions: MotionSet, **fields: list) -> MotionSet:
    metadata = [{name: values[i] for name, values in fields.items()} for i in range(len(motions))]
    return MotionSet(motions.motions, motions.captions, tuple(metadata))


@pytest.mark.parametrize("own", [False, True])
def test_the_recipe_can_be_run_on_the_data(own: bool, tmp_path: Path) -> None:
    path = written(tmp_path, swaying_set(12))
    New(path, tmp_path / "own.toml", own_generator=own).run()
    recipe = load_recipe(tmp_path / "own.toml")
    data = load_data(recipe.data)
    assert (len(data.train), len(data.test)) == (8, 4) and recipe.name == "set" and len(recipe.seeds) == 8
    assert [arm.name for arm in recipe.arms] == ["baseline", "iterative", "corrected"]
    assert recipe.generator.init == ("" if own else "mdm")


def test_splits_of_the_set_are_used(tmp_path: Path) -> None:
    motions = with_fields(swaying_set(12), split=["train"] * 9 + ["test"] * 3)
    path = written(tmp_path, motions)
    recipe = parse_recipe(draft_recipe("own", path, look_at(path)))
    assert (recipe.data.test, recipe.data.n, recipe.data.test_n) == ("split", 9, 3)


def test_choices_that_the_metadata_offer_are_comments(tmp_path: Path) -> None:
    fields = {"odd": [True] + [False] * 5, "kind": ["a", "b"] * 3, "comment": [None] * 6}
    path = written(tmp_path, with_fields(swaying_set(6), **fields))
    text = draft_recipe("own", path, look_at(path))
    assert (
        '# drop = ["odd"]  # would leave out the 1 motions' in text and '# balance = "kind"  # would draw its 2' in text
    )
    assert "6 motions of 2.2 to 2.2 s" in text
    assert all(len(line) <= 120 or path in line for line in text.splitlines())


def test_names_with_quotes_are_text(tmp_path: Path) -> None:
    path = written(tmp_path, swaying_set(6))
    assert parse_recipe(draft_recipe('a "b" \\ c', path, look_at(path))).name == 'a "b" \\ c'


def test_data_that_a_loop_cannot_use_is_refused_with_the_cause(tmp_path: Path) -> None:
    motions = swaying_set(6)
    silent = replace(motions, captions=((),) * 6)
    with pytest.raises(InvalidInput, match="6 of 6 motions without a caption"):
        look_at(written(tmp_path / "silent", silent))
    with pytest.raises(InvalidInput, match="at least 4"):
        look_at(written(tmp_path / "few", swaying_set(3)))


def test_an_existing_recipe_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("mine")
    with pytest.raises(InvalidInput, match="exists"):
        New("default", tmp_path / "own.toml").run()
    assert (tmp_path / "own.toml").read_text() == "mine"


@pytest.mark.parametrize(
    ("data", "name"), [("data/walks.npz", "walks"), ("my set/", "my-set"), ("default", "default"), ("..", "loop")]
)
def test_a_recipe_is_named_after_its_data(data: str, name: str) -> None:
    assert recipe_name(data) == name
