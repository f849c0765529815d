"""How the recipe of a run may change between two starts: it may grow, and nothing that results depend on may change."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loop_client.recipe_description import without_description
from loop_client.runs.run_recipe import Recipe
from motion.errors import InvalidInput
from motion.shell.schema import table_differences, to_table

_SHOWN = 4  # differences that an error message lists


def check_growth(directory: Path, before: Recipe, recipe: Recipe) -> None:
    """Check that a run of one recipe can continue as a run of another one with all its results.

    The other recipe may have further generations, seeds and arms, and another title and description.

    Args:
        directory: the folder of the run, for the error message.
        before: the recipe of the run.
        recipe: the recipe that it is to be continued with.

    Raises:
        InvalidInput: it cannot; the text names what differs.
    """
    earlier = without_description(to_table(before))
    changes = table_differences(_restricted(without_description(to_table(recipe)), earlier), earlier)
    if changes:
        listed = "; ".join(f"{path} is {now!r} now and was {was!r}" for path, now, was in changes[:_SHOWN])
        raise InvalidInput.of(
            str(directory), f"holds a run of another recipe ({listed}); resume with that one, or choose another folder"
        )


def _restricted(table: dict[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe's table without the generations, seeds and arms that the earlier table does not have."""
    names = [arm["name"] for arm in earlier["arms"]]
    return table | {
        "generations": min(table["generations"], earlier["generations"]),
        "seeds": [seed for seed in table["seeds"] if seed in earlier["seeds"]],
        "arms": [arm for arm in table["arms"] if arm["name"] in names],
    }
