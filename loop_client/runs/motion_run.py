"""One run of a recipe on motions, from its data to its last generation."""

from __future__ import annotations

from pathlib import Path

from loop_client.runs.launch import Services, open_services
from loop_client.runs.loop import run_loop
from loop_client.runs.real_motions import RealData, load_data
from loop_client.runs.run_creation import create_run
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.run_store import RunStore


def run_recipe(recipe: Recipe, folder: Path, resume: bool = False, services: Services | None = None) -> RunStore:
    """Run a recipe in a folder.

    Args:
        recipe: the recipe.
        folder: the folder of the run.
        resume: whether the folder may hold a run already, which is resumed.
        services: the addresses of the services to use; those without an address are started for the run.

    Returns:
        The store of the run.

    Raises:
        InvalidInput: the data or the recipe cannot be used, or the folder holds another run.
        ServiceUnavailable: a service did not start or went away; the run can be resumed.
    """
    services = services or Services()
    services.check()
    store, data = start_run(recipe, folder, resume)
    with open_services(services, folder) as (generator, corrector):
        run_loop(store, data, generator, corrector)
    return store


def start_run(recipe: Recipe, folder: Path, resume: bool = False) -> tuple[RunStore, RealData]:
    """Load the data of a recipe and create the folder of its run, or open it.

    Args:
        recipe: the recipe.
        folder: the folder of the run.
        resume: whether the folder may hold a run already, which is resumed.

    Raises:
        InvalidInput: the data or the recipe cannot be used, or the folder holds another run.
    """
    data = load_data(recipe.data)
    for arm in recipe.arms:
        data.check_enough(arm.n)  # now, and not in the generation that draws them
    return create_run(folder, recipe, resume), data
