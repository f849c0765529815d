"""The services that a run uses: those at given addresses, or processes of its own that end with it."""

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
from motion.rpc.client_security import ClientSecurity
from motion.rpc.corrector_client import RemoteCorrector
from motion.rpc.generator_client import RemoteGenerator

_START_SECONDS = 180.0
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Services:
    """The addresses of the services of a run, HOST:PORT; a service without an address is started for the run.

    Attributes:
        sim: address of the simulation server.
        generator: address of the generator.
        security: how to connect to the given addresses; None for what the environment says.
    """

    sim: str | None = None
    generator: str | None = None
    security: ClientSecurity | None = None

    def check(self) -> None:
        """Check that there is a service at each given address, before anything that takes long.

        Raises:
            InvalidInput: an address is malformed.
            ServiceUnavailable: there is no such service at an address.
        """
        if self.generator:
            with RemoteGenerator(self.generator, security=self.security) as generator:
                generator.describe()
        if self.sim:
            with RemoteCorrector(self.sim, security=self.security) as corrector:
                corrector.describe()


@contextmanager
def open_services(services: Services, directory: Path) -> Iterator[tuple[Generator, Corrector]]:
    """Yield clients of both services.

    The services without an address are started, both at the same time, and stopped at the end, also if the block
    raises or this process is killed. Their logs are in `directory`/logs; the generator keeps its data sets and
    checkpoints in `directory`/generator.

    Args:
        services: the addresses of the services that run already.
        directory: the folder of the run.

    Raises:
        InvalidInput: an address is malformed.
        ServiceUnavailable: a service did not start; the text quotes its last words.
    """
    with ExitStack() as stack:

        def start(module: str, *arguments: str) -> ServiceProcess:
            log = directory / "logs" / f"{module}.log"
            return stack.enter_context(ServiceProcess(module, arguments, log))

        sim = None if services.sim else start("sim_server")
        generator = None if services.generator else start("generator", "--store", str(directory / "generator"))
        generator_address = generator.address() if generator else services.generator
        sim_address = sim.address() if sim else services.sim
        assert generator_address and sim_address
        # Services that were started here listen in clear text on the loopback interface, whatever the environment says
        # about the others.
        local = ClientSecurity()
        yield (
            stack.enter_context(RemoteGenerator(generator_address, security=local if generator else services.security)),
            stack.enter_context(RemoteCorrector(sim_address, security=local if sim else services.security)),
        )


class ServiceProcess:
    """`python -m MODULE serve` as a process of its own on a free port, while the context is open.

    Args:
        module: the package whose service is started.
        arguments: further arguments of `serve`.
        log: the file that its output is appended to.
    """

    def __init__(self, module: str, arguments: Sequence[str], log: Path):
        self._module = module
        self._arguments = arguments
        self._log = log
        self._stack = ExitStack()

    def __enter__(self) -> ServiceProcess:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="plumb-"))
            output = stack.enter_context(self._log.open("ab"))
            self._announced = Path(folder) / "address"
            command = [sys.executable, "-m", "loop_client.runs.end_with_parent", self._module, "serve"]
            command += ["--listen", "127.0.0.1:0", "--announce", str(self._announced), *self._arguments]
            # The service gets a session of its own, so that an interrupt from the terminal reaches only this process,
            # which stops the service when it has finished with it.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True
            )
            stack.callback(self._stop)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def address(self) -> str:
        """Wait for the service and return its address.

        Raises:
            ServiceUnavailable: it ended, or did not start in time.
        """
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._announced.exists():
                return self._announced.read_text("utf-8").strip()
            if self._process.poll() is not None:
                lines = self._log.read_text("utf-8", errors="replace").strip().splitlines()
                last = lines[-1] if lines else "nothing"
                raise ServiceUnavailable(
                    f"{self._module} ended with status {self._process.returncode} as it started, saying: {last}"
                )
            time.sleep(_POLL_SECONDS)
        raise ServiceUnavailable(f"{self._module} did not start within {_START_SECONDS:.0f} s; its log is {self._log}")

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
