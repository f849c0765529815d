"""The command `new`: write a recipe for one's own data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from motion.errors import InvalidInput
from motion.shell.command import DONE, log


@dataclass(frozen=True)
class New:
    """Look at a set of motions, and write a recipe of a loop on them with a comment on every choice."""

    data: str
    """The motions, with captions: a packed set, a HumanML3D folder or a folder of files; `default` for the set that
    comes with Plumb."""
    out: Annotated[Path | None, arg(metavar="RECIPE.toml")] = None
    """The recipe; by default NAME.toml in this folder."""
    name: str = ""
    """Name of the recipe; by default that of the data."""
    own_generator: bool = False
    """Leave the settings of the generator open, for one of your own at --generator."""

    def run(self) -> int:
        """Run the command and return its exit status."""
        from loop_client.commands.recipe_draft import draft_recipe, look_at, recipe_name
        from loop_client.runs.real_motions import load_data
        from loop_client.runs.run_recipe import parse_recipe
        from motion.shell.atomic import atomic_path, check_target

        name = self.name or recipe_name(self.data)
        path = self.out or Path(f"{name}.toml")
        if path.suffix != ".toml":
            raise InvalidInput.of("--out", f"is {path}; must end in .toml")
        if path.exists():
            raise InvalidInput.of("--out", f"is {path}, which exists; remove it first, or choose another name")
        check_target(path)
        text = draft_recipe(name, self.data, look_at(self.data), self.own_generator)
        load_data(parse_recipe(text, str(path)).data)  # what the run would refuse is refused here
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        log(text)
        address = " --generator HOST:PORT" if self.own_generator else ""
        print(f"written to {path}; run it with: plumb-loop run {path}{address}")
        return DONE
