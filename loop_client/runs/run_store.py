"""The directory of a run: what was asked, with what, and every result as it came."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from loop_client.experiments.check_recipe import SAID_ONLY
from loop_client.runs.run_recipe import Recipe, load_recipe
from motion.shell.atomic import atomic_path
from motion.errors import InvalidInput, NotFound
from motion.formats.packed import read_lines
from motion.shell.schema import differences, to_table

SHARED = "shared"
"""The folder of generation 0, which all arms have in common."""

_RECIPE, _FACTS, _METRICS, _TIMINGS, _LOCK = "recipe.toml", "run.json", "metrics.jsonl", "timings.jsonl", "lock"
_LEFT = {_RECIPE, _LOCK, "logs", "generator"}
"""What may be in a folder before a run has begun: see `launch`."""
_T = TypeVar("_T")


class RunStore:
    """A run's directory.

        recipe.toml        the recipe with every default written out
        run.json           data sets and their content ids, what was run with, how often it was started
        real.json          the test motions' own numbers: what no arm needs to beat
        embedding/         what FID and diversity are measured in
        generator/         checkpoints and uploads of the generator that the run started itself
        seed-S/ARM/generation-GGG/
            synthetic/     raw.npz, corrected.npz with its reports: what the model before made, and its corrections
            fit.json       checkpoint, loss curve, and what it was trained on
            samples/       raw.npz, corrected.npz: the evaluated samples
            metrics.json   one line of metrics.jsonl
        metrics.jsonl      one line an arm and generation
        timings.jsonl      seconds of each stage, as it was run

    Every file is whole or absent, and its presence means that its stage is done.

    Args:
        recipe: what is to be run, which is written down when it starts; by default what the directory has.
    """

    def __init__(self, directory: Path, recipe: Recipe | None = None):
        self.directory = directory
        self.recipe = recipe or load_recipe(directory / _RECIPE)

    @property
    def facts(self) -> dict[str, Any]:
        return read_json(self.directory / _FACTS)

    @property
    def embedding(self) -> Path:
        return self.directory / "embedding"

    @property
    def tensorboard(self) -> Path:
        return self.directory / "tensorboard"

    @property
    def real(self) -> Path:
        return self.directory / "real.json"

    def generation(self, seed: int, arm: str, generation: int) -> Path:
        """The folder of one arm's generation; generation 0 is the same for all arms."""
        return self.directory / f"seed-{seed}" / (arm if generation else SHARED) / f"generation-{generation:03d}"

    def metrics(self) -> list[dict[str, Any]]:
        """The lines of metrics.jsonl so far."""
        path = self.directory / _METRICS
        return read_lines(path) if path.exists() else []

    def add_metrics(self, line: Mapping[str, Any]) -> bool:
        """Add a line to metrics.jsonl, if its seed, arm and generation have none yet; whether it was added.

        Lines stand in the order of seeds, generations and arms, also those of a run that has grown (see `create_run`).
        """
        recipe = self.recipe
        arms = [arm.name for arm in recipe.arms]

        def place(line: Mapping[str, Any]) -> tuple[int, int, int]:
            return recipe.seeds.index(line["seed"]), line["generation"], arms.index(line["arm"])

        lines = self.metrics()
        if any(place(have) == place(line) for have in lines):
            return False
        with atomic_path(self.directory / _METRICS) as temporary:
            text = "".join(json.dumps(item, allow_nan=False) + "\n" for item in sorted([*lines, line], key=place))
            temporary.write_text(text, encoding="utf-8")
        return True

    def timings(self) -> list[dict[str, Any]]:
        """The lines of timings.jsonl so far."""
        path = self.directory / _TIMINGS
        return read_lines(path) if path.exists() else []

    def add_timing(self, line: Mapping[str, Any]) -> None:
        """Add a line to timings.jsonl."""
        with (self.directory / _TIMINGS).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")

    def add_start(self, facts: Mapping[str, Any], start: Mapping[str, Any]) -> None:
        """Note in run.json that the run is started, with these data, and in recipe.toml what it has grown to; `start`
        says with what. Only the process that has the run `locked` may do so.

        Raises:
            InvalidInput: the run was begun with other data, another recipe or another generator or corrector.
        """
        path = self.directory / _FACTS
        before = read_json(path) if path.exists() else {**facts, "starts": []}
        for field, ours, theirs in differences(dict(facts), {key: before.get(key) for key in facts}):
            raise InvalidInput.of(
                f"{self.directory}",
                f"was begun with {field} {theirs}, which now is {ours}; a run goes on with the same",
            )
        for part in ("generator", "corrector"):
            first = before["starts"][0].get(part, {}).get("name") if before["starts"] else None
            now = start.get(part, {}).get("name")
            if first and first != now:
                said = f"was begun with {part} {first!r}; {now!r} is another: name the address of that one"
                raise InvalidInput.of(f"{self.directory}", said)
        there = load_recipe(self.directory / _RECIPE)
        _check_goes_on(self.directory, there, self.recipe)
        if self.recipe != there:
            _write_recipe(self)
        write_json(path, {**before, "starts": [*before["starts"], start]})


def create_run(directory: Path, recipe: Recipe, resume: bool) -> RunStore:
    """The store of a run of `recipe`: a new one, or with `resume` the one that is there.

    A run that is there may grow: further generations, seeds and arms leave the results there are as they are.

    Raises:
        InvalidInput: `directory` holds something and `resume` is not asked for, or holds no run; or holds a run of
            another recipe: the text names what differs.
    """
    store = RunStore(directory, recipe)
    if directory.exists() and not directory.is_dir():
        raise InvalidInput.of(str(directory), "is a file; must be a folder for the run, or the name of a new one")
    if (directory / _FACTS).is_file():
        if not resume:
            raise InvalidInput.of(
                str(directory), "holds a run already; go on with it by --resume, or choose another folder by --out"
            )
        _check_goes_on(directory, load_recipe(directory / _RECIPE), recipe)
        return store
    if directory.is_dir() and any(directory.iterdir()) and not _never_began(directory):
        raise InvalidInput.of(str(directory), "is not empty and holds no run; must be a new or empty folder")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput.of(str(directory), f"cannot be made: {error.strerror or error}") from error
    _write_recipe(store)
    return store


def _write_recipe(store: RunStore) -> None:
    with atomic_path(store.directory / _RECIPE) as temporary:
        temporary.write_text(store.recipe.to_toml(), encoding="utf-8")


def _check_goes_on(directory: Path, there: Recipe, recipe: Recipe) -> None:
    """Raises `InvalidInput` unless a run of `recipe` can take over all results of one of `there`."""
    before = _decisive(to_table(there))
    changes = differences(_within(_decisive(to_table(recipe)), before), before)
    if changes:
        said = "; ".join(f"{path} is {ours!r} now and was {theirs!r}" for path, ours, theirs in changes[:4])
        raise InvalidInput.of(
            str(directory), f"holds a run of another recipe ({said}); go on with that one, or choose another folder"
        )


def _never_began(directory: Path) -> bool:
    """Whether a folder holds what is left of a recipe that was to be run and could not: a service was not there, say.
    A recipe of somebody's own is not as we write them, with every default, and is not to be written over."""
    file = directory / _RECIPE
    if not file.is_file() or any(entry.name not in _LEFT for entry in directory.iterdir()):
        return False
    try:
        return load_recipe(file).to_toml() == file.read_text(encoding="utf-8")
    except InvalidInput:
        return False


def _decisive(table: dict[str, Any]) -> dict[str, Any]:
    """What of a recipe a run depends on."""
    return {key: value for key, value in table.items() if key not in SAID_ONLY}


def _within(table: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's table without the generations, seeds and arms that the recipe `before` has not."""
    names = [arm["name"] for arm in before["arms"]]
    return table | {
        "generations": min(table["generations"], before["generations"]),
        "seeds": [seed for seed in table["seeds"] if seed in before["seeds"]],
        "arms": [arm for arm in table["arms"] if arm["name"] in names],
    }


def open_run(directory: Path) -> RunStore:
    """The store of the run in `directory`, to read.

    Raises:
        NotFound: there is no run there.
    """
    if not (directory / _RECIPE).is_file():
        raise NotFound(f"there is no run in {directory}: it has no {_RECIPE}")
    return RunStore(directory)


@contextmanager
def locked(store: RunStore) -> Iterator[None]:
    """Keeps other processes from running in the same directory; the lock goes with its process, however that ends.

    Raises:
        InvalidInput: another process has it.
    """
    with (store.directory / _LOCK).open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidInput.of(str(store.directory), "is being run by another process right now") from None
        stream.write(f"{os.getpid()}\n")
        stream.flush()
        yield


def once(path: Path, make: Callable[[], _T]) -> _T:
    """What the JSON file at `path` holds, made and written first if it is not there."""
    if not path.exists():
        write_json(path, make())
    return read_json(path)


def read_json(path: Path) -> Any:
    """The document in a JSON file of a run.

    Raises:
        InvalidInput: it is missing or damaged.
    """
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput.of(str(path), f"cannot be read ({error})") from error


def write_json(path: Path, document: Any) -> None:
    """Write a JSON file whole, its folder made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
