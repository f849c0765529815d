"""A fixture that starts servers in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from server_process import ServerProcess

SERVER = Path(__file__).parent.parent / "smoothing_server.py"


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Return a function (delay, listen) that starts `smoothing_server.py`; all servers are killed after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(delay: float = 0.0, listen: str = "127.0.0.1:0") -> ServerProcess:
        announce = tmp_path / f"address-{len(started)}"
        command = [sys.executable, str(SERVER), listen, str(announce), str(delay)]
        # The folder of the script comes first on the path, and `tests/motion` would hide the package `motion`.
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(SERVER.parents[1])}
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        started.append(process)
        return ServerProcess(process, announce)

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()
