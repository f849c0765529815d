"""Exit statuses and messages of command lines."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from motion.errors import InvalidInput, NotFound, ServiceUnavailable
from motion.shell.command import flatten, run_command
from motion.shell.plain_help import PlainHelp


def status_of(command: Callable[[], int | None]) -> int:
    with pytest.raises(SystemExit) as ending:
        run_command(command)
    return ending.value.code  # pyright: ignore[reportReturnType]


def raising(error: BaseException) -> Callable[[], int]:
    def command() -> int:
        raise error

    return command


def test_a_successful_command_ends_with_the_status_that_it_returns():
    assert status_of(lambda: None) == 0
    assert status_of(lambda: 1) == 1


@pytest.mark.parametrize(
    "error", [InvalidInput.of("fps", "is 0"), NotFound("no such policy"), ServiceUnavailable("nobody there")]
)
def test_an_error_of_ours_is_printed_as_one_sentence_with_status_2(
    error: Exception, capsys: pytest.CaptureFixture[str]
):
    assert status_of(raising(error)) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1 and str(error) in printed.err


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (InvalidInput.of("IN", "nan: positions: is not a number"), ": nan: positions: is not a number\n"),
        (InvalidInput.of("DATA", "holds no motions"), ": the data holds no motions\n"),
    ],
)
def test_messages_do_not_name_the_metavars_of_the_help(
    error: Exception, sentence: str, capsys: pytest.CaptureFixture[str]
):
    status_of(raising(error))
    printed = capsys.readouterr().err
    assert printed.endswith(sentence) and "IN" not in printed and "DATA" not in printed


def test_an_interrupt_ends_with_status_130():
    assert status_of(raising(KeyboardInterrupt())) == 130


def test_an_unexpected_exception_prints_its_traceback_and_ends_with_status_70(capsys: pytest.CaptureFixture[str]):
    assert status_of(raising(ZeroDivisionError())) == 70
    assert "Traceback" in capsys.readouterr().err


def test_values_of_a_repeatable_flag_are_joined():
    assert flatten([("a", "b"), ("c",)]) == ("a", "b", "c")


def test_backticks_are_removed_from_help_and_boxes_keep_their_width():
    stream = io.StringIO()
    print("uses `rotation`\n│ `a` b │ c │", file=PlainHelp(stream))
    assert stream.getvalue() == "uses rotation\n│ a b   │ c │\n"
