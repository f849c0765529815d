"""Services to call: in this process on a free port, or in one of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SERVER = Path(__file__).parent / "smoothing_server.py"


@dataclass
class ServerProcess:
    """A server in a process of its own, and where it listens."""

    process: subprocess.Popen[str]
    announce: Path
    address: str = field(init=False)

    def __post_init__(self) -> None:
        deadline = time.monotonic() + 30
        while not self.announce.exists():
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}: {self.process.communicate()[1]}")
            if time.monotonic() > deadline:
                raise RuntimeError("the server did not announce itself")
            time.sleep(0.02)
        self.address = self.announce.read_text().strip()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Starts `smoothing_server.py`; called with its delay and, if wanted, the address. Ends them all."""
    started: list[subprocess.Popen[str]] = []

    def start(delay: float = 0.0, listen: str = "127.0.0.1:0") -> ServerProcess:
        announce = tmp_path / f"address-{len(started)}"
        command = [sys.executable, str(SERVER), listen, str(announce), str(delay)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        started.append(process)
        return ServerProcess(process, announce)

    yield start
    for process in started:
        process.kill()
        process.communicate()
