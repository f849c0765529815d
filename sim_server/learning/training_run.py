"""A training run in its folder: begun, gone on with, told about."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from motion.errors import InvalidInput, NotFound
from motion.shell.atomic import atomic_path
from motion.shell.schema import differences, to_table
from sim_server.learning.clips import make_clips
from sim_server.learning.policy_training import Trainer
from sim_server.learning.training_motions import load_held_out, load_motions
from sim_server.learning.training_recipe import Recipe

_STAGES = "stages.json"
_FIXED = ("name", "seed", "data", "chapter_steps", "ppo.envs", "ppo.horizon", "ppo.width")


def begin_stage(recipe: Recipe, folder: Path, resume: bool) -> list[dict[str, Any]]:
    """Make `folder` the one of this run, or see that it is, and note from which step on `recipe` holds; answers with
    all of its stages so far.

    Raises:
        InvalidInput: it holds a run and `resume` is not set, or one of other motions, bodies or networks.
        NotFound: there is nothing to go on with.
    """
    if folder.exists() and not folder.is_dir():
        raise InvalidInput.of(str(folder), "is a file; must be a folder for the run, or the name of a new one")
    stored, state = folder / _STAGES, folder / "state.json"
    table = json.loads(json.dumps(to_table(recipe)))
    stages: list[dict[str, Any]] = json.loads(stored.read_text()) if stored.exists() else []
    if resume and not stages:
        raise NotFound(f"there is no training run in {folder} to go on with")
    if stages and not resume:
        raise InvalidInput.of(str(folder), "holds a run already; go on with it by --resume, or choose another by --out")
    for path, ours, theirs in differences(table, stages[-1]["recipe"]) if stages else []:
        if path.startswith(_FIXED) and not path.endswith(".weight"):
            raise InvalidInput.of(path, f"is {ours!r}, but the run in {folder} was begun with {theirs!r}")
    if not stages or table != stages[-1]["recipe"]:
        steps = json.loads(state.read_text())["steps"] if state.exists() else 0
        stages = [*(stage for stage in stages if stage["from_step"] < steps), {"from_step": steps, "recipe": table}]
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(stored) as path:
            path.write_text(json.dumps(stages, indent=1) + "\n")
    return stages


def train(
    recipe: Recipe,
    folder: Path,
    resume: bool = False,
    workers: int = 1,
    preparing: Callable[[int, int], None] | None = None,
    after: Callable[[dict[str, Any]], None] | None = None,
) -> Path:
    """Train a policy, or go on training it; answers with the policy's folder.

    Args:
        recipe: what to do; a run that goes on keeps its motions, bodies and networks; all else, and how often which
            motions are drawn, may have changed.
        folder: where.
        resume: go on with the run that is there.
        workers: processes that simulate, and threads that learn. Another number gives another, equally good curve.
        preparing: told (done, all) while motions are prepared.
        after: told a line of the curve after each chapter.
    """
    motions, weights = load_motions(recipe.data)
    stages = begin_stage(recipe, folder, resume)
    data = recipe.data
    clips = make_clips(motions, weights, data.kinds, (data.smallest, data.largest), recipe.seed, preparing)
    held_out = load_held_out(recipe.held_out) if recipe.held_out else []
    trainer = Trainer(recipe, clips, folder, workers, stages, held_out)
    try:
        trainer.run(after)
    finally:
        trainer.close()
    return folder / "policy"
