"""A sim server in processes of its own, of which time, memory and connections are measured."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

_START_SECONDS = 600.0
ECHO = (sys.executable, str(Path(__file__).with_name("echo_server.py")))
"""Program of a server whose corrector does nothing, so that what is left is the service."""
SIM = (sys.executable, "-m", "sim_server", "serve")
"""Program of the server that ships."""


class ServerUnderLoad:
    """A server that runs while the context is open.

    Args:
        flags: flags of `serve`.
        program: the program and its first arguments.
        log: file of the server's log; None for one that goes with the server.
        environment: variables that the server has beyond those of this process.
    """

    def __init__(
        self,
        flags: Sequence[str] = (),
        program: Sequence[str] = SIM,
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ):
        self._environment = {**os.environ, **(environment or {})}
        self._folder = tempfile.TemporaryDirectory(prefix="plumb-load-")
        self._announce = Path(self._folder.name) / "address"
        self.log = log or Path(self._folder.name) / "log"
        self._command = [*program, "--announce", str(self._announce), "--log", "none", *flags]

    def __enter__(self) -> ServerUnderLoad:
        command = self._command if "--listen" in self._command else [*self._command, "--listen", "127.0.0.1:0"]
        with self.log.open("ab") as stream:
            self.popen = subprocess.Popen(
                command, stdout=stream, stderr=stream, start_new_session=True, env=self._environment
            )
        self._process = psutil.Process(self.popen.pid)
        deadline = time.monotonic() + _START_SECONDS
        while not self._announce.exists():
            if self.popen.poll() is not None or time.monotonic() > deadline:
                last = self.log_text()[-2000:]
                self.__exit__()
                raise RuntimeError(f"the server did not start: {last}")
            time.sleep(0.02)
        self.address = self._announce.read_text("utf-8").strip()
        return self

    def __exit__(self, *_: object) -> None:
        for process in [*self.workers(), self.popen]:
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.kill()
        self.popen.wait()
        with suppress(OSError):
            self._folder.cleanup()

    def workers(self) -> list[psutil.Process]:
        """Return the processes that the server started and that still run."""
        try:
            return self._process.children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server alone."""
        self.popen.send_signal(number)

    def cpu_seconds(self) -> float:
        """Return the CPU time of the server and of all processes that it started [s]."""
        own = self._process.cpu_times()
        total = own.user + own.system + own.children_user + own.children_system
        for worker in self.workers():
            with suppress(psutil.NoSuchProcess):
                times = worker.cpu_times()
                total += times.user + times.system
        return total

    def resident_mib(self) -> float:
        """Return the resident memory of the server and of its processes [MiB]."""
        total = 0
        for process in [self._process, *self.workers()]:
            with suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
        return total / 2**20

    def connections(self) -> int:
        """Return the number of connections that the server holds."""
        with suppress(psutil.NoSuchProcess):
            return sum(each.status == psutil.CONN_ESTABLISHED for each in self._process.net_connections("tcp"))
        return 0

    def log_text(self) -> str:
        """Return the log."""
        return self.log.read_text("utf-8", errors="replace") if self.log.is_file() else ""
