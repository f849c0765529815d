"""`plumb-gen serve`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from generator.commands.generator_flags import DEFAULT_STORE, Device, Precision, StoreFolder, Threads
from motion.rpc.server_settings import DEFAULT_DRAIN_SECONDS, DEFAULT_GRACE_SECONDS, GENERATOR_ADDRESS
from motion.shell.command import DONE


@dataclass(frozen=True)
class Serve:
    """Serve the generator over gRPC until SIGTERM."""

    listen: Annotated[str, arg(metavar="HOST:PORT")] = GENERATOR_ADDRESS
    """Address to listen on. Use port 0 to pick a free port; the address is printed to stderr."""
    store: StoreFolder = DEFAULT_STORE
    announce: Annotated[Path | None, arg(metavar="FILE")] = None
    """Write the address to this file once the server answers."""
    device: Device = "auto"
    threads: Threads = 0
    precision: Precision = "auto"
    compile: bool = False
    """Compile the network with torch.compile, which takes minutes and pays off on a GPU."""
    metrics_port: Annotated[int | None, arg(metavar="PORT")] = None
    """Serve Prometheus metrics on this port of the same host."""
    drain: Annotated[float, arg(metavar="SECONDS")] = DEFAULT_DRAIN_SECONDS
    """Time after SIGTERM in which calls are still accepted, until load balancers send them elsewhere."""
    grace: Annotated[float, arg(metavar="SECONDS")] = DEFAULT_GRACE_SECONDS
    """Time that running calls then have to end."""

    def run(self) -> int:
        """Execute the command."""
        from generator.generator import DiffusionGenerator
        from generator.service import serve

        generator = DiffusionGenerator(
            self.store, self.device, self.threads, precision=self.precision, compiled=self.compile
        )
        serve(generator, self.listen, self.announce, self.metrics_port, self.grace, self.drain)
        return DONE
