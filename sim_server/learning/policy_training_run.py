"""Start or continue a training run in its folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from motion.cpu import single_threaded_blas
from motion.errors import InvalidInput, NotFound
from motion.shell.atomic import atomic_path
from motion.shell.schema import table_differences, to_table
from sim_server.learning.clips import make_clips
from sim_server.learning.policy_trainer import PolicyTrainer, trained_steps
from sim_server.learning.training_motions import load_held_out, load_motions
from sim_server.learning.training_recipe import TrainingRecipe

_STAGES = "stages.json"
# Keys that a resumed run must keep. Only the weights of sources may change.
_FIXED = ("name", "seed", "data", "chapter_steps", "ppo.envs", "ppo.horizon", "ppo.width")


def start_stage(recipe: TrainingRecipe, folder: Path, resume: bool) -> list[dict[str, Any]]:
    """Make the folder of a run, or check that it holds this run, and record from which step on the recipe applies.

    Args:
        recipe: recipe of the run.
        folder: folder of the run.
        resume: whether to continue the run in the folder.

    Returns:
        The stages so far, each with `from_step` and `recipe`.

    Raises:
        InvalidInput: the folder holds a run and `resume` is not set, or a run with other motions, bodies or networks.
        NotFound: the folder holds no run that could be continued.
    """
    if folder.exists() and not folder.is_dir():
        raise InvalidInput.of(str(folder), "is a file; must be a folder for the run, or the name of a new one")
    stored = folder / _STAGES
    table = json.loads(json.dumps(to_table(recipe)))
    stages: list[dict[str, Any]] = json.loads(stored.read_text()) if stored.exists() else []
    if resume and not stages:
        raise NotFound(f"there is no training run in {folder} to resume")
    if stages and not resume:
        raise InvalidInput.of(str(folder), "holds a run already; continue it with --resume, or choose another --out")
    for path, ours, theirs in table_differences(table, stages[-1]["recipe"]) if stages else []:
        if path.startswith(_FIXED) and not path.endswith(".weight"):
            raise InvalidInput.of(path, f"is {ours!r}, but the run in {folder} was started with {theirs!r}")
    if not stages or table != stages[-1]["recipe"]:
        steps = trained_steps(folder)
        stages = [*(stage for stage in stages if stage["from_step"] < steps), {"from_step": steps, "recipe": table}]
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(stored) as path:
            path.write_text(json.dumps(stages, indent=1) + "\n")
    return stages


def train(
    recipe: TrainingRecipe,
    folder: Path,
    resume: bool = False,
    workers: int = 1,
    preparing: Callable[[int, int], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
    after_chapter: Callable[[dict[str, Any]], None] | None = None,
) -> Path:
    """Train a policy, or continue training it.

    Args:
        recipe: recipe of the run. A resumed run keeps its motions, bodies and networks; everything else may change.
        folder: folder of the run.
        resume: whether to continue the run in the folder.
        workers: number of processes that simulate, and of threads that learn. Another number of workers gives another,
            equally good curve.
        preparing: called with the motions that are prepared and the number of all.
        progress: called with the control steps so far and those at the end.
        after_chapter: called with the line that each chapter adds to the curve.

    Returns:
        The folder of the policy.

    Raises:
        NotFound: there is no run to resume, or a set or an action of the recipe does not exist.
        InvalidInput: the run cannot be started here, or the recipe's motions cannot be used.
    """
    motions, weights = load_motions(recipe.data)
    stages = start_stage(recipe, folder, resume)
    data = recipe.data
    with single_threaded_blas():  # the physics and the learner keep all cores busy
        clips = make_clips(motions, weights, data.kinds, (data.smallest, data.largest), recipe.seed, preparing)
        if not clips:
            raise InvalidInput.of("data.sources", "hold no motion that a body could be built for")
        held_out = load_held_out(recipe.held_out) if recipe.held_out else []
        trainer = PolicyTrainer(recipe, clips, folder, workers, stages, held_out)
        try:
            trainer.run(progress, after_chapter)
        finally:
            trainer.close()
    return folder / "policy"
