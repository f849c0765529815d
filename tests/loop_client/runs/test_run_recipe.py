"""Test that recipes are read strictly and written completely."""

from __future__ import annotations

import math

import pytest
from loop_fakes import RECIPE

from loop_client.runs.run_recipe import load_recipe, parse_recipe, shipped_recipes
from motion.errors import InvalidInput, NotFound
from motion.protocols import CorrectionOptions
from motion.shell.schema import table_differences, to_table

TEXT = RECIPE.format(data="some/set")


def test_shipped_recipes_are_valid() -> None:
    names = shipped_recipes()
    assert {"demo", "cmu"} <= set(names)
    for name in names:
        recipe = load_recipe(name)
        assert recipe.name == name and recipe.title
        assert {arm.name for arm in recipe.arms} >= {"iterative", "corrected"}


@pytest.mark.parametrize("name", sorted(shipped_recipes()))
def test_a_written_recipe_reads_as_itself(name: str) -> None:
    recipe = load_recipe(name)
    assert parse_recipe(recipe.to_toml()) == recipe


def test_any_text_survives_writing_and_reading() -> None:
    recipe = parse_recipe(TEXT.replace('name = "tiny"', 'name = "a"\ntitle = "λ \\"quoted\\" \\\\ \\n \\u0001"'))
    assert recipe.title == 'λ "quoted" \\ \n \x01'
    assert parse_recipe(recipe.to_toml()) == recipe


def test_defaults_are_filled_in() -> None:
    recipe = parse_recipe(TEXT)
    assert recipe.synthetic.share == 1.0 and recipe.arms[0].corrector == "identity" and math.isinf(recipe.arms[0].gamma)
    assert to_table(recipe)["synthetic"]["lambda"] == 1.0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("generations = 2", "generations = 0", "generations: is 0; must be a whole number from 1"),
        ("generations = 2", "generations = 2.5", "generations: is 2.5; must be a whole number"),
        ("generations = 2", "generations = true", "generations: is True; must be a whole number"),
        ("generations = 2", "", "generations: is missing and has no default"),
        ("generations = 2", "generation = 2", "generation: is not a known key"),
        ("seeds = [3]", "seeds = []", r"seeds: is \[\]; must be a list of at least 1"),
        ("seeds = [3]", "seeds = [3, -1]", r"seeds\[1\]: is -1; must be a whole number"),
        ("seeds = [3]", "seeds = [3, 3]", "each must be there once"),
        ("gamma = 1.0", "gamma = -1", r"arms\[3\].gamma: is -1; must be a number from 0 up, or inf"),
        ("gamma = 1.0", "gamma = nan", r"arms\[3\].gamma: is nan; must be a number"),
        ("gamma = 1.0", "relaxation = 0", r"arms\[3\].relaxation: is 0; must be a number from 0.01 to 1"),
        ("gamma = 1.0", "relaxation = 1.5", r"arms\[3\].relaxation: is 1.5; must be a number from 0.01 to 1"),
        ('corrector = "physics"', "relaxation = 0.5", r"arms\[2\].relaxation: is 0.5; has no place with corrector"),
        ('corrector = "physics"', "gamma = 0.5", r"arms\[2\].gamma: is 0.5; has no place with corrector"),
        ('corrector = "physics"', 'failed = "keep"', r"arms\[2\].failed: is 'keep'; has no place with corrector"),
        (
            'strategy = "baseline"',
            'strategy = "baseline"\nbias = 0.5',
            r"arms\[0\].bias: is 0.5; strategy 'baseline' m",
        ),
        (
            'strategy = "baseline"',
            'strategy = "baseline"\ncorrector = "physics"',
            r"arms\[0\].corrector: is 'physics'; ",
        ),
        ('corrector = "physics"', 'corrector = "magic"', r"arms\[2\].corrector: is 'magic'; must be one of 'identity'"),
        ('strategy = "augment"', 'strategy = "hope"', r"arms\[1\].strategy: is 'hope'; must be one of 'baseline'"),
        ('name = "iterative"', 'name = "Baseline"', "arms: has 'baseline' more than once"),
        ('name = "iterative"', 'name = "../up"', r"arms\[1\].name: is '../up'; must be letters"),
        ("n = 6\n", 'n = "six"\n', "data.n: is 'six'; must be a whole number"),
        ("n = 6\n", "n = 6\nlambda = 1\n", "data.lambda: is not a known key"),
        ("[generator]", "[synthetic]\nlambda = inf\n[generator]", "synthetic.lambda: is inf; must be a number from 0"),
        ("[generator]", '[correction]\nassist = "much"\n[generator]', "correction.assist: is 'much'; must be 'auto'"),
        (
            "[generator]",
            "[correction]\neffort = 5\n[generator]",
            "correction.effort: is 5; must be one of 'kinematic', 'fast'",
        ),
        (
            "[generator]",
            '[correction]\neffort = "4"\n[generator]',
            "correction.effort: is '4'; must be one of 'kinemat",
        ),
        ("{ width = 8 }", "{ width = [8] }", r"generator.settings.width: is \[8\]; must be a text, a number"),
        ("{ size = 4,", "{ size = 5,", "evaluation.embedding.size: is 5; must be even"),
        ("[evaluation]", "[evaluation", "is not TOML"),
    ],
)
def test_mistakes_are_refused_with_their_paths(old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(InvalidInput, match=said):
        parse_recipe(TEXT.replace(old, new, 1))


@pytest.mark.parametrize(("number", "name"), [(1, "standard"), (2, "thorough"), (4, "thorough")])
def test_a_run_of_a_recipe_with_a_number_for_effort_goes_on_with_its_name(number: int, name: str) -> None:
    old = parse_recipe(TEXT.replace("[generator]", f"[correction]\neffort = {number}\n[generator]", 1))
    new = parse_recipe(TEXT.replace("[generator]", f'[correction]\neffort = "{name}"\n[generator]', 1))
    assert old == new and to_table(old)["correction"]["effort"] == name
    assert old.correction.options() == CorrectionOptions(effort=name)  # pyright: ignore[reportArgumentType]
    assert parse_recipe(old.to_toml()) == old


def test_all_mistakes_are_reported_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_recipe(TEXT.replace("generations = 2", "generations = 0").replace("gamma = 1.0", "gamma = -1"), "mine")
    assert [v.field for v in caught.value.violations] == ["mine: arms[3].gamma", "mine: generations"]


def test_unknown_recipes_are_refused_with_the_known_names(tmp_path) -> None:
    with pytest.raises(NotFound, match="there are cmu, demo"):
        load_recipe("dmeo")
    with pytest.raises(NotFound, match="no recipe file"):
        load_recipe(tmp_path / "none.toml")


def test_differences_of_tables_are_named() -> None:
    ours, theirs = {"a": {"b": [1, {"c": 2}]}, "d": 1}, {"a": {"b": [1, {"c": 3}]}, "e": 1}
    assert table_differences(ours, theirs) == [("a.b[1].c", 2, 3), ("d", 1, None), ("e", None, 1)]
    assert table_differences(ours, ours) == []
