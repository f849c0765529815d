"""How every command line of Plumb ends: its exit status, and one sentence instead of a traceback."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import tyro
from tqdm import tqdm
from tyro.conf import UseAppendAction

from motion.errors import LeftOut, PlumbError

_T = TypeVar("_T")
Several = UseAppendAction[tuple[tuple[_T, ...], ...]]
"""The type of such a flag, `--set a=1 b=2 --set c=3`, whose values are `listed`: by itself the last would win."""

DONE = 0
DONE_WITH_FAILURES = 1
REFUSED = 2
INTERRUPTED = 130  # these two as a shell numbers a program that SIGINT or SIGPIPE ended
OUTPUT_CLOSED = 141
DEFECT = 70  # sysexits.h: an internal software error


def run_commands(commands: Any, program: str, description: str | None, arguments: Sequence[str] | None) -> NoReturn:
    """Run the one of `commands` that the command line names, and leave the process with its status.

    Args:
        commands: a union of dataclasses, each a command: its fields the flags, its method `run` the deed.
        program: name for the help.
        description: of the program, for the help.
        arguments: the command line; None for the one of this process.
    """

    def chosen() -> int | None:
        config = (tyro.conf.FlagCreatePairsOff,)
        return tyro.cli(commands, prog=program, description=description, args=arguments, config=config).run()

    run_command(chosen)


def run_command(command: Callable[[], int | None]) -> NoReturn:
    """Run `command` and leave the process with its status (None is `DONE`).

    A `PlumbError` becomes one sentence on standard error and status `REFUSED`, an interrupt status `INTERRUPTED`.
    Any other exception is a defect of ours: its traceback is shown, and the status is `DEFECT`, which no command ends
    with on purpose.
    """
    program = Path(sys.argv[0]).name
    if program == "__main__.py":
        program = f"python -m {Path(sys.argv[0]).parent.name}"
    with warnings.catch_warnings():
        warnings.simplefilter("always", LeftOut)
        warnings.showwarning = _said_by(program, warnings.showwarning)
        status = _status_of(command, program)
    sys.exit(status)


def _said_by(program: str, otherwise: Callable[..., None]) -> Callable[..., None]:
    """How warnings are shown: what was left out as one sentence, others as Python does."""

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if issubclass(category, LeftOut):
            print(f"{program}: {message}", file=sys.stderr)
        else:
            otherwise(message, category, *where, **more)

    return show


def _status_of(command: Callable[[], int | None], program: str) -> int:
    """Run a command and say how it ended."""
    try:
        status = command() or DONE
        sys.stdout.flush()
    except PlumbError as error:
        print(f"{program}: {error}", file=sys.stderr)
        status = REFUSED
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        status = INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = OUTPUT_CLOSED
    except Exception:
        traceback.print_exc()
        status = DEFECT
    return status


def listed(given: Sequence[Sequence[_T]]) -> tuple[_T, ...]:
    """The values of a flag that takes several and may be given several times."""
    return tuple(value for values in given for value in values)


@contextmanager
def progress_bar(unit: str, title: str | None = None) -> Iterator[Callable[[int, int], None]]:
    """What shows (done, all) on standard error, where that is a terminal, and leaves nothing behind."""
    with tqdm(desc=title, unit=f" {unit}", disable=None, leave=False) as bar:

        def show(done: int, of: int) -> None:
            bar.total = of
            bar.update(done - bar.n)

        yield show
