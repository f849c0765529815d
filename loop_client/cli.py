"""`plumb-loop`: run self-consuming loops, and see what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from tyro.conf import subcommand

from loop_client.commands.evaluation import Evaluate, ImportEvaluator, Score, TrainEvaluator
from loop_client.commands.experiments import Reproduce, Sweep
from loop_client.commands.runs import Demo, Recipes, Report, Run
from motion.shell.command import run_commands

Command = (
    Annotated[Demo, subcommand("demo")]
    | Annotated[Run, subcommand("run")]
    | Annotated[Report, subcommand("report")]
    | Annotated[Evaluate, subcommand("evaluate")]
    | Annotated[Score, subcommand("score")]
    | Annotated[TrainEvaluator, subcommand("train-evaluator")]
    | Annotated[ImportEvaluator, subcommand("import-evaluator")]
    | Annotated[Reproduce, subcommand("reproduce")]
    | Annotated[Sweep, subcommand("sweep")]
    | Annotated[Recipes, subcommand("recipes")]
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `plumb-loop` with `arguments` (by default those of the process), and exit."""
    run_commands(Command, "plumb-loop", __doc__, arguments)
