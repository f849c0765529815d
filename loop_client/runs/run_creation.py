"""Creating the folder of a run, or taking up the run that is in it."""

from __future__ import annotations

from pathlib import Path

from loop_client.runs.run_growth import check_growth
from loop_client.runs.run_recipe import Recipe, load_recipe
from loop_client.runs.run_store import FACTS, LOCK, RECIPE, RunStore, lock_run
from motion.errors import InvalidInput

_BEFORE_RESULTS = {RECIPE, FACTS, LOCK, "logs", "generator", "tensorboard"}
"""What a folder may hold before the first stage of its run is done, beside empty folders."""


def create_run(directory: Path, recipe: Recipe, resume: bool) -> RunStore:
    """Create the folder of a run, or take up the run that is in it.

    A run may grow when it is resumed: further generations, seeds and arms leave the existing results as they are. A run
    without any result, whose service was missing or refused a setting, say, is started anew.

    Args:
        directory: the folder.
        recipe: the recipe to run.
        resume: whether the folder may hold a run already.

    Raises:
        InvalidInput: the folder holds a run and `resume` is false, holds a run of another recipe (the text names what
            differs), holds something else, or cannot be made.
    """
    store = RunStore(directory, recipe)
    if directory.exists() and not directory.is_dir():
        raise InvalidInput.of(str(directory), "is a file; must be a folder for the run, or the name of a new one")
    if (directory / FACTS).is_file() and not _has_results(directory):
        with lock_run(store):
            (directory / FACTS).unlink()
    if (directory / FACTS).is_file():
        if not resume:
            raise InvalidInput.of(
                str(directory), "holds a run already; resume it with --resume, or choose another folder with --out"
            )
        check_growth(directory, load_recipe(directory / RECIPE), recipe)
        return store
    if directory.is_dir() and any(directory.iterdir()) and not _never_started(directory):
        raise InvalidInput.of(str(directory), "is not empty and holds no run; must be a new or empty folder")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput.of(str(directory), f"cannot be made: {error.strerror or error}") from error
    store.write_recipe()
    return store


def _never_started(directory: Path) -> bool:
    """Return whether a folder holds no more than is left of a run that has no results.

    A recipe that a person wrote differs from those that we write, with every default, and must not be overwritten.
    """
    file = directory / RECIPE
    if not file.is_file() or _has_results(directory):
        return False
    try:
        return load_recipe(file).to_toml() == file.read_text(encoding="utf-8")
    except InvalidInput:
        return False


def _has_results(directory: Path) -> bool:
    """Return whether a folder holds a file that is not there before the first stage of a run is done."""
    others = [entry for entry in directory.iterdir() if entry.name not in _BEFORE_RESULTS]
    return any(entry.is_file() or any(inner.is_file() for inner in entry.rglob("*")) for entry in others)
