"""Sample motions from text, train and serve motion generators, and check and measure them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from tyro.conf import subcommand

from generator.commands.bench_generator import Bench
from generator.commands.check_generator import Check
from generator.commands.import_checkpoint import Import
from generator.commands.sample_motions import Sample
from generator.commands.serve_generator import Serve
from generator.commands.train_generator import Train
from motion.shell.command import run_commands

Command = (
    Annotated[Serve, subcommand("serve")]
    | Annotated[Train, subcommand("train")]
    | Annotated[Import, subcommand("import")]
    | Annotated[Sample, subcommand("sample")]
    | Annotated[Check, subcommand("check")]
    | Annotated[Bench, subcommand("bench")]
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `plumb-gen` and exit with the status of its command.

    Args:
        arguments: the command line without the program's name; None for that of this process.
    """
    run_commands(Command, "plumb-gen", __doc__, arguments)
