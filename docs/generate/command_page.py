"""The page of the command lines: what each command prints for `--help`."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
from collections.abc import Callable
from typing import Any, get_args
from unittest import mock

_PROGRAMS = {
    "plumb-motion": "motion.cli",
    "plumb-sim": "sim_server.cli",
    "plumb-gen": "generator.cli",
    "plumb-loop": "loop_client.cli",
}
_COLUMNS = "96"

_HEAD = """# Command lines

This page is generated: it shows what each command prints for `--help`.

Every command ends with one of these exit statuses:

| status | meaning |
| --- | --- |
| 0 | Done. |
| 1 | Done, but some motions came out `FAILED`, some could not be read, or a check does not hold. |
| 2 | Refused. One sentence on stderr names the field, its value and what would be right. |
| 70 | A defect of Plumb. The traceback is printed to stderr. |
| 130, 141 | Interrupted, or the reader of the output went away. |

With `--json`, a command prints one JSON document to stdout and nothing else there. Progress goes to stderr.
"""


def command_page() -> str:
    """Return the Markdown page of all programs and commands."""
    sections = [_HEAD]
    for program, module_name in _PROGRAMS.items():
        module = importlib.import_module(module_name)
        sections.append(f"## {program}\n\n{_help_block(module.main, [])}")
        for command in command_names(module.Command):
            sections.append(f"### {program} {command}\n\n{_help_block(module.main, [command])}")
    return "\n".join(sections)


def command_names(union: Any) -> list[str]:
    """Return the names of the commands in a union of dataclasses that tyro parses."""
    return [extra.name for kind in get_args(union) for extra in kind.__metadata__ if getattr(extra, "name", None)]


def _help_block(main: Callable[[list[str]], None], arguments: list[str]) -> str:
    """Return what a command prints for `--help`, as a block of text."""
    out = io.StringIO()
    with (
        mock.patch.dict(os.environ, {"COLUMNS": _COLUMNS, "NO_COLOR": "1"}),
        contextlib.redirect_stdout(out),
        contextlib.suppress(SystemExit),
    ):
        main([*arguments, "--help"])
    if not out.getvalue().strip():
        raise RuntimeError(f"the command {arguments} prints no help")
    lines = "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines())
    return f"```text\n{lines}\n```\n"
