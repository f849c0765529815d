"""The pages that are generated from code hold all of it, with a meaning for everything."""

from __future__ import annotations

import sys

import pytest
from doc_pages import ROOT

sys.path.insert(0, str(ROOT / "docs" / "generate"))

from command_page import command_page
from decision_page import decision_page
from recipe_page import recipe_page


@pytest.fixture(scope="module")
def recipes() -> str:
    return recipe_page()


def test_every_key_of_a_recipe_has_a_meaning(recipes: str) -> None:
    rows = [line for line in recipes.splitlines() if line.startswith("| `")]
    assert rows
    assert not [row for row in rows if row.endswith("|  |")]


def test_the_tables_of_all_kinds_of_recipe_are_there(recipes: str) -> None:
    for key in (
        "`gamma`",
        "`lambda`",
        "`[[arms]]`",
        "`[arms.verifier]`",
        "`num_seeds`",
        "`text_encoder`",
        "`gae_lambda`",
    ):
        assert key in recipes, key


def test_every_command_is_on_the_page_of_commands() -> None:
    page = command_page()
    for heading in (
        "### plumb-motion view",
        "### plumb-sim correct",
        "### plumb-gen check",
        "### plumb-loop reproduce",
    ):
        assert f"{heading}\n\n```text\nusage: {heading.removeprefix('### ')}" in page


def test_the_index_of_decisions_lists_every_page_with_its_date() -> None:
    folder = ROOT / "docs" / "decisions"
    rows = [line for line in decision_page(folder).splitlines() if line.startswith("| 0")]
    assert len(rows) == len(list(folder.glob("[0-9]*.md")))
    assert all(row.split(" | ")[1].startswith("20") for row in rows)
