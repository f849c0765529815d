"""How far a run has got, read from the files in its folder."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loop_client.runs.generation_paths import GenerationPaths
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.run_store import LOCK, RunStore

_ALMOST = 0.97  # of a stage that takes longer than it used to


@dataclass(frozen=True)
class Stage:
    """One stage of one generation of one arm.

    Attributes:
        name: such as `sampling`.
        paths: of the generation.
        result: the file whose presence means that it is done.
    """

    name: str
    paths: GenerationPaths
    result: Path


@dataclass(frozen=True)
class RunProgress:
    """How far a run has got.

    Attributes:
        done: stages that are done.
        total: all stages.
        current: the stage that is next or under way; None for a complete run.
        share: about how much of the current stage is done, by the time that it took before; None where that is unknown.
        seconds_left: about how long the rest takes; None where that is unknown.
        running: whether the run's process is alive.
    """

    done: int
    total: int
    current: Stage | None
    share: float | None
    seconds_left: float | None
    running: bool


def run_progress(store: RunStore, now: float | None = None) -> RunProgress:
    """Read how far a run has got.

    Args:
        store: the run.
        now: time since the epoch [s]; None for now.
    """
    now = time.time() if now is None else now
    stages = list(all_stages(store))
    missing = [stage for stage in stages if not stage.result.exists()]
    current, running = (missing[0] if missing else None), is_running(store)
    means = _mean_seconds(store)
    share = None
    if current and running and current.name in means:
        began = max((stage.result.stat().st_mtime for stage in stages if stage.result.exists()), default=now)
        share = min((now - began) / max(means[current.name], 1e-3), _ALMOST)
    left = None
    if missing and all(stage.name in means for stage in missing):
        left = sum(means[stage.name] for stage in missing) - (share or 0.0) * means[missing[0].name]
    return RunProgress(len(stages) - len(missing), len(stages), current, share, left, running)


def all_stages(store: RunStore) -> Iterator[Stage]:
    """Yield the stages of a run in the order in which they are run."""
    recipe: Recipe = store.recipe
    for seed in recipe.seeds:
        yield from _stages_of(GenerationPaths(seed, None, 0, store.generation(seed, "", 0)))
        for generation in range(1, recipe.generations + 1):
            for arm in recipe.arms:
                folder = store.generation(seed, arm.name, generation)
                yield from _stages_of(GenerationPaths(seed, arm, generation, folder))


def is_running(store: RunStore) -> bool:
    """Return whether the process that has locked the run last is alive."""
    try:
        process = int((store.directory / LOCK).read_text("ascii"))
        os.kill(process, 0)
    except PermissionError:
        return True  # it is alive and belongs to somebody else
    except (OSError, ValueError):
        return False
    return True


def _stages_of(paths: GenerationPaths) -> Iterator[Stage]:
    arm = paths.arm
    if arm and arm.synthesizes:
        yield Stage("synthesizing", paths, paths.verified if arm.verifier else paths.synthetic / "raw.npz")
    yield Stage("training", paths, paths.training)
    yield Stage("sampling", paths, paths.samples / "raw.npz")
    yield Stage("evaluating", paths, paths.metrics)


def _mean_seconds(store: RunStore) -> dict[str, float]:
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for line in store.timings():
        seconds[line["stage"]].append(line["seconds"])
    return {stage: sum(values) / len(values) for stage, values in seconds.items()}
