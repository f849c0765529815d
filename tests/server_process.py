"""A server in a process of its own."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class ServerProcess:
    """A running server.

    Attributes:
        process: its process.
        announce: the file that it writes its address to.
        address: HOST:PORT, once the server answers.
    """

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
