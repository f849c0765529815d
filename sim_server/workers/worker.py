"""A worker process as its pool has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO, cast

import psutil

import sim_server
from sim_server.workers.worker_messages import Message, read_message, write_message
from sim_server.workers.worker_process import WorkerSettings

PROGRAM = "sim_server.workers.worker_process"
"""The module that is run as a worker."""
_PACKAGES = Path(sim_server.__file__).resolve().parents[1]
# A worker has one thread for one core; libraries must not start more of them.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class WorkerProcess:
    """Starts a worker process, and exchanges messages with it without blocking whoever owns it.

    Args:
        settings: how the worker corrects.
        events: where its messages go, as (this, message); the last one is (this, None), when the process has ended.
    """

    def __init__(self, settings: WorkerSettings, events: SimpleQueue[tuple[WorkerProcess | None, Message | None]]):
        self._events = events
        self._outbox: SimpleQueue[Message | None] = SimpleQueue()
        # As a module of the packages that this process runs, whatever lies in the working directory.
        command = [sys.executable, "-P", "-m", PROGRAM, json.dumps(asdict(settings))]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment(dict(os.environ))
        )
        for target in (self._write, self._read):
            threading.Thread(target=target, name=f"worker {self.pid}", daemon=True).start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit status; None while the process runs."""
        return self._process.poll()

    @property
    def resident_bytes(self) -> int:
        """The resident memory of the process [bytes]; 0 once it has ended."""
        try:
            return psutil.Process(self.pid).memory_info().rss
        except psutil.Error:
            return 0

    def send(self, message: Message) -> None:
        """Send a message as soon as the worker reads it."""
        self._outbox.put(message)

    def kill(self) -> None:
        """End the process at once, also if it has been stopped."""
        self._process.kill()

    def wait(self) -> None:
        """Wait until the process has ended."""
        self._process.wait()

    def _write(self) -> None:
        file = cast(BinaryIO, self._process.stdin)
        while (message := self._outbox.get()) is not None:
            try:
                write_message(file, message)
            except OSError:  # it has ended, which the reader tells
                return

    def _read(self) -> None:
        file = cast(BinaryIO, self._process.stdout)
        try:
            while (message := read_message(file)) is not None:
                self._events.put((self, message))
        finally:
            self._process.kill()
            self._process.wait()
            file.close()
            self._outbox.put(None)
            self._events.put((self, None))


def _environment(inherited: dict[str, str]) -> dict[str, str]:
    paths = [str(_PACKAGES), *filter(None, [inherited.get("PYTHONPATH")])]
    return {**inherited, **dict.fromkeys(_ONE_THREAD, "1"), "PYTHONPATH": os.pathsep.join(paths)}
