"""What all command lines share: parsing, exit statuses, errors as one sentence, progress bars."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import tyro
from tyro.conf import UseAppendAction

from motion.errors import InvalidInput, PlumbError, ReadingWarning
from motion.shell.extras import missing_extra
from motion.shell.plain_help import PlainHelp
from motion.shell.reading_flags import join_signed_values

_T = TypeVar("_T")
Repeatable = UseAppendAction[tuple[tuple[_T, ...], ...]]
"""Type of a flag that takes several values and may be given several times (`--set a=1 b=2 --set c=3`).

Without it the last occurrence of the flag would replace the ones before. `flatten` joins the values.
"""

DONE = 0
DONE_WITH_FAILURES = 1
REFUSED = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells report it
OUTPUT_CLOSED = 141  # 128 + SIGPIPE
DEFECT = 70  # EX_SOFTWARE of sysexits.h: an internal software error


def run_commands(commands: Any, program: str, description: str | None, arguments: Sequence[str] | None) -> NoReturn:
    """Run the command that the command line names, and exit with its status.

    Without any argument the program's help is printed to stderr and the status is `REFUSED`; `--version` prints the
    program's name and version.

    Args:
        commands: a union of dataclasses, one per command: the fields are its flags, the method `run` executes it.
        program: name of the program in its help.
        description: text below the usage line of the help.
        arguments: the command line without the program's name; None for that of this process.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given == ["--version"]:
        from motion import __version__

        print(f"{program} {__version__}")
        sys.exit(DONE)

    def parse(words: Sequence[str]) -> Any:
        text = f"{description or ''}\n\nUse --version to print the version."
        with redirect_stdout(PlainHelp(sys.stdout)), redirect_stderr(PlainHelp(sys.stderr)):
            return tyro.cli(
                commands, prog=program, description=text, args=words, config=(tyro.conf.FlagCreatePairsOff,)
            )

    if not given:
        with redirect_stdout(sys.stderr):
            try:
                parse(["--help"])
            except SystemExit:
                sys.exit(REFUSED)
    run_command(lambda: parse(join_signed_values(given)).run())


def run_command(command: Callable[[], int | None]) -> NoReturn:
    """Run `command` and exit with its status; None counts as `DONE`.

    A `PlumbError` and a missing optional dependency become one sentence on stderr and status `REFUSED`, an interrupt
    becomes `INTERRUPTED`. Any other exception is a defect: its traceback is printed, and the status is `DEFECT`, which
    no command returns by itself.
    """
    program = Path(sys.argv[0]).name
    if program == "__main__.py":
        program = f"python -m {Path(sys.argv[0]).parent.name}"
    with warnings.catch_warnings():
        warnings.simplefilter("always", ReadingWarning)
        warnings.showwarning = _print_notes(program, warnings.showwarning)
        status = _status_of(command, program)
    sys.exit(status)


def _print_notes(program: str, default: Callable[..., None]) -> Callable[..., None]:
    """Return a `warnings.showwarning` that prints notes on files as one sentence and leaves the rest to `default`."""

    def show(message: Warning | str, category: type[Warning], *location: Any, **options: Any) -> None:
        if issubclass(category, ReadingWarning):
            print(f"{program}: {message}", file=sys.stderr)
        else:
            default(message, category, *location, **options)

    return show


def _status_of(command: Callable[[], int | None], program: str) -> int:
    """Run a command and return its exit status."""
    try:
        status = command() or DONE
        sys.stdout.flush()
    except PlumbError as error:
        print(f"{program}: {_sentence(error)}", file=sys.stderr)
        status = REFUSED
    except ModuleNotFoundError as error:
        missing = missing_extra(error)
        if missing:
            print(f"{program}: {missing}", file=sys.stderr)
        else:
            traceback.print_exc()
        status = REFUSED if missing else DEFECT
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        status = INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has closed it. Python would fail once more when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = OUTPUT_CLOSED
    except Exception:
        traceback.print_exc()
        status = DEFECT
    return status


_METAVARS = {"IN": "the input", "DATA": "the data", "NAME": "the name"}


def _sentence(error: PlumbError) -> str:
    """Return the text of `error` without metavars: users know the files that they named, not the words in the help."""
    if not isinstance(error, InvalidInput):
        return str(error)
    sentences = []
    for violation in error.violations:
        subject = _METAVARS.get(violation.field)
        about_itself = violation.description.partition(" ")[0] in ("is", "are", "has", "have", "holds", "hold", "names")
        if subject is None:
            sentences.append(f"{violation.field}: {violation.description}")
        else:
            sentences.append(f"{subject} {violation.description}" if about_itself else violation.description)
    return "; ".join(sentences)


def flatten(values: Iterable[Iterable[_T]]) -> tuple[_T, ...]:
    """Join the values of a `Repeatable` flag."""
    return tuple(chain.from_iterable(values))


@contextmanager
def progress_bar(unit: str, title: str | None = None) -> Iterator[Callable[[float, int], None]]:
    """Show a progress bar on stderr while the block runs, if stderr is a terminal.

    Args:
        unit: what is counted, in the plural.
        title: text in front of the bar.

    Yields:
        A function of (done, total) that moves the bar; `done` may include shares of what is being worked on.
    """
    from tqdm import tqdm

    with tqdm(desc=title, unit=f" {unit}", disable=None, leave=False) as bar:

        def show(done: float, total: int) -> None:
            bar.total = total
            bar.n = round(done, 1) if done % 1 else int(done)
            bar.update(0)

        yield show


def log(text: str) -> None:
    """Print a line to stderr, above any progress bar."""
    from tqdm import tqdm

    tqdm.write(text, file=sys.stderr)
