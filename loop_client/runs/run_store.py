"""The folder of a run: its recipe, what it was started with, and every result as it comes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from loop_client.runs.run_files import read_json, write_json
from loop_client.runs.run_growth import check_growth
from loop_client.runs.run_recipe import Recipe, load_recipe
from motion.errors import InvalidInput, NotFound
from motion.formats.packed import read_lines
from motion.shell.atomic import atomic_path
from motion.shell.file_lock import lock_file
from motion.shell.schema import table_differences

SHARED = "shared"
"""The folder of generation 0, which all arms share."""

RECIPE, FACTS, LOCK = "recipe.toml", "run.json", "lock"
_METRICS, _TIMINGS = "metrics.jsonl", "timings.jsonl"
_RENAMED = {"share_ok": "completed_share"}
"""Keys of metrics.jsonl that had another name in runs of earlier versions."""
_RENAMED_STAGES = {"fitting": "training"}
"""Stages of timings.jsonl that had another name in runs of earlier versions."""


class RunStore:
    """The folder of a run.

        recipe.toml        the recipe with every default written out
        run.json           data sets and their content ids, what the run was started with, how often it was started
        real.json          metrics of the test motions themselves, which no arm can be expected to beat
        embedding/         the embedding that FID and diversity are measured in
        generator/         checkpoints and uploads of the generator, if the run started one
        logs/              logs of the services that the run started
        lock               held by the process that is running the recipe
        seed-S/ARM/generation-GGG/
            synthetic/     raw.npz, corrected.npz with its reports: samples of the generation before, their corrections;
                           verified.json: the verdicts of the arm's verifier, if it has one
            fit.json       checkpoint, loss curve and training set
            samples/       raw.npz, corrected.npz: the samples that are evaluated
            metrics.json   one line of metrics.jsonl
        metrics.jsonl      one line for each seed, generation and arm
        timings.jsonl      seconds that each stage took
        tensorboard/       metrics.jsonl for TensorBoard
        report.html        the report, once it was written

    Every file is complete or absent, and its presence means that its stage is done.

    Args:
        directory: the folder.
        recipe: the recipe to run, which is written when the run starts; None for the one in the folder.
    """

    def __init__(self, directory: Path, recipe: Recipe | None = None):
        self.directory = directory
        self.recipe = recipe or load_recipe(directory / RECIPE)

    @property
    def facts(self) -> dict[str, Any]:
        """The document of run.json."""
        return read_json(self.directory / FACTS)

    @property
    def embedding(self) -> Path:
        """The folder of the embedding."""
        return self.directory / "embedding"

    @property
    def tensorboard(self) -> Path:
        """The folder of TensorBoard's files."""
        return self.directory / "tensorboard"

    @property
    def real(self) -> Path:
        """The file of the test motions' own metrics."""
        return self.directory / "real.json"

    def generation(self, seed: int, arm: str, generation: int) -> Path:
        """Return the folder of one generation of an arm; generation 0 is the same for all arms."""
        return self.directory / f"seed-{seed}" / (arm if generation else SHARED) / f"generation-{generation:03d}"

    def metrics(self) -> list[dict[str, Any]]:
        """Read the lines of metrics.jsonl so far."""
        path = self.directory / _METRICS
        return [_with_current_keys(line) for line in read_lines(path)] if path.exists() else []

    def add_metrics(self, line: Mapping[str, Any]) -> bool:
        """Add a line to metrics.jsonl, unless it has one for the same seed, generation and arm.

        The lines are in the order of seeds, generations and arms, also those of a run that has grown (see
        `create_run`).

        Returns:
            Whether the line was added.
        """
        recipe = self.recipe
        arms = [arm.name for arm in recipe.arms]

        def position(line: Mapping[str, Any]) -> tuple[int, int, int]:
            return recipe.seeds.index(line["seed"]), line["generation"], arms.index(line["arm"])

        lines = self.metrics()
        if any(position(present) == position(line) for present in lines):
            return False
        lines = sorted([*lines, _with_current_keys(line)], key=position)
        with atomic_path(self.directory / _METRICS) as temporary:
            text = "".join(json.dumps(item, allow_nan=False) + "\n" for item in lines)
            temporary.write_text(text, encoding="utf-8")
        return True

    def timings(self) -> list[dict[str, Any]]:
        """Read the lines of timings.jsonl so far."""
        path = self.directory / _TIMINGS
        lines = read_lines(path) if path.exists() else []
        return [line | {"stage": _RENAMED_STAGES.get(line["stage"], line["stage"])} for line in lines]

    def add_timing(self, line: Mapping[str, Any]) -> None:
        """Add a line to timings.jsonl."""
        with (self.directory / _TIMINGS).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")

    def add_start(self, facts: Mapping[str, Any], start: Mapping[str, Any]) -> None:
        """Record in run.json that the run is started, and write its recipe, which may have grown.

        Only the process that has locked the run may call this.

        Args:
            facts: what must be the same at every start, such as the data.
            start: what this start uses, see `start_record`.

        Raises:
            InvalidInput: the run was started with other data, another recipe, or another generator or corrector.
        """
        path = self.directory / FACTS
        before = read_json(path) if path.exists() else {**facts, "starts": []}
        for field, ours, theirs in table_differences(dict(facts), {key: before.get(key) for key in facts}):
            raise InvalidInput.of(
                f"{self.directory}",
                f"was started with {field} {theirs}, which now is {ours}; a run can only be resumed with the same",
            )
        for part in ("generator", "corrector"):
            first = before["starts"][0].get(part, {}).get("name") if before["starts"] else None
            now = start.get(part, {}).get("name")
            if first and first != now:
                reason = f"was started with {part} {first!r}, which now is {now!r}; give the address of the same one"
                raise InvalidInput.of(f"{self.directory}", reason)
        stored = load_recipe(self.directory / RECIPE)
        check_growth(self.directory, stored, self.recipe)
        if self.recipe != stored:
            self.write_recipe()
        write_json(path, {**before, "starts": [*before["starts"], start]})

    def write_recipe(self) -> None:
        """Write recipe.toml, with every default written out."""
        with atomic_path(self.directory / RECIPE) as temporary:
            temporary.write_text(self.recipe.to_toml(), encoding="utf-8")


def open_run(directory: Path) -> RunStore:
    """Open the run in a folder for reading.

    Raises:
        NotFound: there is no run in the folder.
    """
    if not (directory / RECIPE).is_file():
        raise NotFound(f"there is no run in {directory}: it has no {RECIPE}")
    return RunStore(directory)


@contextmanager
def lock_run(store: RunStore) -> Iterator[None]:
    """Keep other processes from running in the same folder while the block runs.

    The lock ends with its process, however that ends.

    Raises:
        InvalidInput: another process holds the lock.
    """
    with (store.directory / LOCK).open("w") as stream:
        try:
            lock_file(stream)
        except BlockingIOError:
            raise InvalidInput.of(str(store.directory), "is being run by another process right now") from None
        stream.write(f"{os.getpid()}\n")
        stream.flush()
        yield


def _with_current_keys(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with the keys that have their present names, those in its inner documents too."""
    return {
        _RENAMED.get(key, key): _with_current_keys(value) if isinstance(value, Mapping) else value
        for key, value in document.items()
    }
