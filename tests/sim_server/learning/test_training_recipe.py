"""Training recipes: those that ship can be read, and a wrong one is refused field by field."""

from __future__ import annotations

from pathlib import Path

import pytest

from motion.errors import InvalidInput
from motion.shell.recipe_file import shipped_recipes
from sim_server.learning.training_recipe import load_training_recipe


@pytest.mark.parametrize("name", shipped_recipes("sim_server"))
def test_every_recipe_that_ships_can_be_read(name: str) -> None:
    assert load_training_recipe(name).steps > 0


def test_a_wrong_recipe_is_refused_field_by_field(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text('name = "x"\nsteps = 0\n[ppo]\ngama = 1\n[data]\n[[data.sources]]\npath = ""\n')
    with pytest.raises(InvalidInput) as error:
        load_training_recipe(file)
    assert {"steps", "ppo.gama", "data.sources[0].path"} == {v.field.split(": ")[1] for v in error.value.violations}
    file.write_text('name = "x"\n[data]\nkinds = { clean = "much" }\n[[data.sources]]\npath = "default"\n')
    with pytest.raises(InvalidInput, match=r"kinds\.clean: is 'much'"):
        load_training_recipe(file)
