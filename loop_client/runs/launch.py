"""Both services for a run: those at given addresses, or processes of our own on free ports, which end with us."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from motion.errors import ServiceUnavailable
from motion.protocols import Corrector, Generator
from motion.rpc.corrector_client import RemoteCorrector
from motion.rpc.generator_client import RemoteGenerator

_START_SECONDS = 180.0
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Services:
    """Where the services are; None has one started for the run."""

    sim: str | None = None
    generator: str | None = None


@contextmanager
def open_services(services: Services, directory: Path) -> Iterator[tuple[Generator, Corrector]]:
    """Clients of both services, for as long as the block runs.

    A service that is started here is stopped at the end, also when the block raises or this process is killed. Its log
    is in `directory`/logs; the generator keeps data sets and checkpoints in `directory`/generator.

    Raises:
        ServiceUnavailable: one that should be started did not come up; the text has what it said.
    """
    with ExitStack() as stack:

        def started(module: str, *arguments: str) -> str:
            return stack.enter_context(_process(module, arguments, directory / "logs" / f"{module}.log"))

        sim = services.sim or started("sim_server")
        generator = services.generator or started("generator", "--store", str(directory / "generator"))
        yield (
            stack.enter_context(RemoteGenerator(generator)),
            stack.enter_context(RemoteCorrector(sim)),
        )


@contextmanager
def _process(module: str, arguments: Sequence[str], log: Path) -> Iterator[str]:
    """`python -m MODULE serve` as a process of its own on a free port; yields its address."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="plumb-") as folder, log.open("ab") as output:
        announced = Path(folder) / "address"
        command = [sys.executable, "-m", "loop_client.runs.attended", module, "serve"]
        command += ["--listen", "127.0.0.1:0", "--announce", str(announced), *arguments]
        # In a session of its own: an interrupt from the terminal is for us, and we stop it in our own time.
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True)
        try:
            yield _address(process, announced, module, log)
        finally:
            _stop(process)


def _address(process: subprocess.Popen[bytes], announced: Path, module: str, log: Path) -> str:
    """The address that the process announces."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if announced.exists():
            return announced.read_text("utf-8").strip()
        if process.poll() is not None:
            said = log.read_text("utf-8", errors="replace").strip().splitlines()
            last = said[-1] if said else "nothing"
            raise ServiceUnavailable(f"{module} ended with status {process.returncode} as it started, saying: {last}")
        time.sleep(_POLL_SECONDS)
    raise ServiceUnavailable(f"{module} did not come up within {_START_SECONDS:.0f} s; its log is {log}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin:
        process.stdin.close()
