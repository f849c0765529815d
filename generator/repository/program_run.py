"""Running a program of somebody else's, with its output in a file, its progress, and a way to stop it."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from motion.errors import PlumbError

_SECONDS_TO_END = 10.0
_HEARTBEAT_SECONDS = 0.5
_KEPT_LINES = 20


class ProgramFailed(PlumbError):
    """A program ended with an error, or was stopped because it took too long; the text has its last line."""


def run_program(
    name: str,
    command: Sequence[str],
    folder: Path,
    log: Path,
    on_line: Callable[[str | None], None],
    timeout_s: float,
    inherited: int | None = None,
) -> None:
    """Run a program until it ends.

    Args:
        name: name of the program, for errors.
        command: its arguments. There is no shell.
        folder: where it runs.
        log: file that its output is added to.
        on_line: called with each line of its output, and with None twice a second while it runs. An exception of it
            stops the program, with all that it has started, and passes on.
        timeout_s: longest time that it may take.
        inherited: descriptor of an open file that the program keeps open too.

    Raises:
        ProgramFailed: it cannot be started, ends with an error, or takes too long.
    """
    deadline = time.monotonic() + timeout_s
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    last: list[str] = []
    with log.open("a", encoding="utf-8") as output:
        print(f"$ {' '.join(command)}", file=output, flush=True)
        try:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace", start_new_session=True,
                pass_fds=() if inherited is None or os.name != "posix" else (inherited,),
            )  # fmt: skip
        except OSError as error:
            raise ProgramFailed(f"{name} cannot be started: {error.strerror or error}: {command[0]}") from error
        try:
            for line in _lines_of(process):
                if line is not None:
                    print(line, file=output, flush=True)
                    last = [*last[1 - _KEPT_LINES :], line]
                on_line(line)
                if time.monotonic() > deadline:
                    raise ProgramFailed(f"{name} took over {timeout_s:g} s, and was stopped")
        finally:
            _stop(process)
    if process.returncode:
        reason = next((line.strip() for line in reversed(last) if line.strip()), "it printed nothing")
        raise ProgramFailed(f"{name} ended with status {process.returncode}: {reason}")


def _lines_of(process: subprocess.Popen[str]) -> Iterator[str | None]:
    """Yield the lines that a program prints until it ends, and None now and then."""
    lines: queue.Queue[str | None] = queue.Queue()
    stream = process.stdout
    assert stream is not None

    def read() -> None:
        for line in stream:  # a carriage return, as of a progress bar, ends a line too
            lines.put(line.rstrip("\n"))
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    next_beat = time.monotonic() + _HEARTBEAT_SECONDS
    while True:
        try:
            line = lines.get(timeout=max(0.0, next_beat - time.monotonic()))
        except queue.Empty:
            next_beat = time.monotonic() + _HEARTBEAT_SECONDS
            yield None
            continue
        if line is None:
            # Its output is closed; it ends now, or works on without printing.
            while process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_HEARTBEAT_SECONDS)
                yield None
            return
        yield line


def _stop(process: subprocess.Popen[str]) -> None:
    """End a program and all that it has started, first with a chance to save its state."""
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_SECONDS_TO_END)
    if os.name == "posix":
        _signal(process, signal.SIGKILL)  # what it left behind in its group
    elif process.poll() is None:
        process.kill()
    process.wait()


def _signal(process: subprocess.Popen[str], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, number)
        else:
            process.terminate()
