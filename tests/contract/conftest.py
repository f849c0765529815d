"""Services to call: in this process on a free port, or in one of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from server_process import ServerProcess

SERVER = Path(__file__).parent / "smoothing_server.py"


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
        process.wait()
        if process.stderr:
            process.stderr.close()
