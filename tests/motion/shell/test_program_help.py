"""The four programs explain themselves: help, version, and what happens without a command."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys

import pytest

PROGRAMS = {"plumb-motion": "motion", "plumb-sim": "sim_server", "plumb-gen": "generator", "plumb-loop": "loop_client"}
HEAVY = ("mujoco", "torch", "scipy", "matplotlib", "sklearn", "grpc", "prometheus_client", "tqdm")


def _run(package: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", package, *arguments], capture_output=True, text=True)


def _commands(package: str) -> list[str]:
    return re.findall(r"^│   • (\S+)", _run(package, "--help").stdout, re.MULTILINE)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_without_a_command_prints_its_help_and_ends_with_status_2(program: str) -> None:
    ended = _run(PROGRAMS[program])
    assert ended.returncode == 2 and ended.stdout == ""
    assert ended.stderr.startswith(f"usage: {program}") and "subcommands" in ended.stderr


@pytest.mark.parametrize("program", PROGRAMS)
def test_version_prints_the_name_of_the_program_and_the_version(program: str) -> None:
    ended = _run(PROGRAMS[program], "--version")
    assert (ended.returncode, ended.stdout) == (0, f"{program} {importlib.import_module('motion').__version__}\n")


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_help_has_backticks_or_a_broken_box(program: str) -> None:
    package = PROGRAMS[program]
    commands = _commands(package)
    assert commands
    for arguments in [[], *([command] for command in commands)]:
        shown = _run(package, *arguments, "--help").stdout
        assert shown and "`" not in shown
        boxed = [line for line in shown.splitlines() if line.startswith(("│", "╭", "╰"))]
        assert len({len(line) for line in boxed}) == 1, arguments


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_does_not_import_what_only_the_work_needs(program: str) -> None:
    """Wall time depends on the machine; which modules are imported does not."""
    code = (
        "import sys\n"
        f"from {PROGRAMS[program]}.cli import main\n"
        "try: main(['--help'])\n"
        f"except SystemExit: print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.stderr == "[]\n"
