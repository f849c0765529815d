"""One run of a recipe on motions, from its data to its last generation."""

from __future__ import annotations

from pathlib import Path

from loop_client.runs.real_motions import load_data
from loop_client.runs.launch import Services, open_services
from loop_client.runs.loop import run_loop
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.run_store import RunStore, create_run


def run_recipe(recipe: Recipe, folder: Path, resume: bool = False, services: Services | None = None) -> RunStore:
    """Run a recipe in `folder`, to which services that have no address are started; what came of it.

    Raises:
        InvalidInput: the data or the recipe cannot be used, or the folder holds another run.
        ServiceUnavailable: a service did not come up or went away; the run can be gone on with.
    """
    data = load_data(recipe.data)
    for arm in recipe.arms:
        data.check_enough(arm.n)  # now, not when it is that arm's turn
    store = create_run(folder, recipe, resume)
    with open_services(services or Services(), folder) as (generator, corrector):
        run_loop(store, data, generator, corrector)
    return store
