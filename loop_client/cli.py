"""Train motion generators on their own output, with and without correction, and evaluate them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from tyro.conf import subcommand

from loop_client.commands.demo import Demo
from loop_client.commands.evaluation import Evaluate, Score
from loop_client.commands.evaluators import ImportEvaluator, TrainEvaluator
from loop_client.commands.experiments import Reproduce, Sweep
from loop_client.commands.new import New
from loop_client.commands.runs import Recipes, Report, Run
from loop_client.commands.watch import Watch
from motion.shell.command import run_commands

Command = (
    Annotated[Demo, subcommand("demo")]
    | Annotated[New, subcommand("new")]
    | Annotated[Run, subcommand("run")]
    | Annotated[Watch, subcommand("watch")]
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
    """Run `plumb-loop` and exit with the status of its command.

    Args:
        arguments: the command line without the program's name; None for that of this process.
    """
    run_commands(Command, "plumb-loop", __doc__, arguments)
