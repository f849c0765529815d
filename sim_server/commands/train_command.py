"""`plumb-sim train` and `convert`: train an imitation policy, or take one that Stable-Baselines3 trained."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from motion.cpu import usable_cores
from motion.errors import InvalidInput
from motion.shell.command import DONE, log, progress_bar


@dataclass(frozen=True)
class Train:
    """Train an imitation policy from a recipe; an interrupted run is continued with --resume."""

    recipe: Annotated[Positional[str], arg(metavar="RECIPE")]
    """Name of a recipe that ships, or path of a .toml file."""
    out: Annotated[Path | None, arg(metavar="FOLDER")] = None
    """Folder of the run; by default runs/train-NAME."""
    resume: bool = False
    """Continue the run in the folder."""
    workers: int = 0
    """Number of processes that simulate (0: one per usable core)."""
    no_page: bool = False
    """Do not try the policy on motions at the end, and write no page."""

    def run(self) -> int:
        """Execute the command and return its exit status."""
        from sim_server.learning.policy_trainer import planned_steps, rollout_steps, trained_steps
        from sim_server.learning.policy_training_run import train
        from sim_server.learning.training_page import training_page
        from sim_server.learning.training_recipe import load_training_recipe

        recipe = load_training_recipe(self.recipe)
        folder = self.out or Path("runs") / f"train-{recipe.name}"
        if self.workers < 0:
            raise InvalidInput.of("--workers", f"is {self.workers}; must not be negative")
        workers = self.workers or usable_cores()
        steps = planned_steps(recipe, workers, trained_steps(folder) if self.resume else 0)
        if steps > recipe.steps:
            rollout = rollout_steps(recipe, workers)
            bodies, horizon = rollout // recipe.ppo.horizon, recipe.ppo.horizon
            log(
                f"the run will end at {steps:,} control steps instead of {recipe.steps:,}, as it learns from whole "
                f"rollouts of {rollout:,} ({bodies} bodies, {horizon} steps each)"
            )
        with ExitStack() as bars:
            preparing = _late_bar(bars, "motions", "preparing")
            progress = _late_bar(bars, "steps", "training")
            policy = train(recipe, folder, self.resume, workers, preparing, progress, _log_chapter)
            if not self.no_page:
                log(f"open {training_page(folder, threads=workers, progress=_late_bar(bars, 'motions', 'trying'))}")
        print(policy)
        return DONE


@dataclass(frozen=True)
class Convert:
    """Convert a Stable-Baselines3 checkpoint to a Plumb policy; it must have been trained on Plumb's environment."""

    model: Annotated[Positional[Path], arg(metavar="FILE")]
    """The file that `model.save` wrote."""
    out: Annotated[Path, arg(metavar="FOLDER")]
    """Folder of the policy."""
    name: str = ""
    """Name of the policy; by default that of the folder."""

    def run(self) -> int:
        """Execute the command and return its exit status."""
        from sim_server.learning.conversion import convert_sb3

        print(convert_sb3(self.model, self.out, self.name or self.out.name))
        return DONE


def _late_bar(bars: ExitStack, unit: str, title: str) -> Callable[[float, int], None]:
    """Return a function of (done, total) that moves a progress bar, which appears with the first call."""
    move: Callable[[float, int], None] | None = None

    def show(done: float, total: int) -> None:
        nonlocal move
        if move is None:
            move = bars.enter_context(progress_bar(unit, title))
        move(done, total)

    return show


def _log_chapter(line: dict[str, Any]) -> None:
    """Print the line that a chapter adds to the training curve."""
    episodes = "no episode ended  "
    if line["episodes"]:
        episodes = (
            f"failed {100 * line['failed']:3.0f} %  force {line['force']:4.0f} N  "
            f"distance {1e3 * line['distance']:3.0f} mm  reward {line['r'] / line['l']:.3f}  "
        )
    log(f"{line['steps']:>11,} steps  {episodes}{line['steps_per_second']:.0f} steps/s")
