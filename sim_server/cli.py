"""Correct motions, score them, serve the corrector, train its policies, evaluate it, and measure its speed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from tyro.conf import subcommand

from motion.shell.command import run_commands
from sim_server.commands.bench_command import Bench
from sim_server.commands.check_command import Check
from sim_server.commands.correct_command import Correct
from sim_server.commands.evaluate_command import Evaluate
from sim_server.commands.pairs_command import Pairs
from sim_server.commands.score_command import Score
from sim_server.commands.serve_command import Serve
from sim_server.commands.train_command import Convert, Train
from sim_server.commands.watch_command import Watch

# The commands import what they need when they run, so that help and errors in the command line appear at once.

Command = (
    Annotated[Correct, subcommand("correct")]
    | Annotated[Score, subcommand("score")]
    | Annotated[Pairs, subcommand("pairs")]
    | Annotated[Serve, subcommand("serve")]
    | Annotated[Watch, subcommand("watch")]
    | Annotated[Train, subcommand("train")]
    | Annotated[Convert, subcommand("convert")]
    | Annotated[Evaluate, subcommand("evaluate")]
    | Annotated[Bench, subcommand("bench")]
    | Annotated[Check, subcommand("check")]
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `plumb-sim` with `arguments`, by default those of the process, and exit."""
    run_commands(Command, "plumb-sim", __doc__, arguments)
