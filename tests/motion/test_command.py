"""How a command line ends."""

from __future__ import annotations

import pytest

from motion.errors import InvalidInput, NotFound, ServiceUnavailable
from motion.shell.command import run_command


def status_of(command) -> int:
    with pytest.raises(SystemExit) as ending:
        run_command(command)
    return ending.value.code  # pyright: ignore[reportReturnType]


def raising(error: BaseException):
    def command() -> int:
        raise error

    return command


def test_a_command_that_ends_well_has_its_own_status():
    assert status_of(lambda: None) == 0
    assert status_of(lambda: 1) == 1


@pytest.mark.parametrize(
    "error", [InvalidInput.of("fps", "is 0"), NotFound("no such policy"), ServiceUnavailable("nobody there")]
)
def test_a_refusal_is_one_sentence(error: Exception, capsys: pytest.CaptureFixture[str]):
    assert status_of(raising(error)) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and str(error) in said.err


def test_an_interrupt_is_130():
    assert status_of(raising(KeyboardInterrupt())) == 130


def test_a_defect_shows_its_traceback_and_has_a_status_of_its_own(capsys: pytest.CaptureFixture[str]):
    assert status_of(raising(ZeroDivisionError())) == 70
    assert "Traceback" in capsys.readouterr().err
