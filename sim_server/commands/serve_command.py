"""`plumb-sim serve`: serve the corrector over gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from motion.rpc.server_settings import CORRECTOR_ADDRESS, DEFAULT_DRAIN_SECONDS, DEFAULT_GRACE_SECONDS
from motion.shell.command import DONE


@dataclass(frozen=True)
class Serve:
    """Serve the corrector over gRPC until SIGTERM; running calls are then finished."""

    listen: Annotated[str, arg(metavar="HOST:PORT")] = CORRECTOR_ADDRESS
    """Address to listen on. Use port 0 to pick a free port; the address is printed to stderr."""
    announce: Annotated[Path | None, arg(metavar="FILE")] = None
    """Write the address to this file once the server answers."""
    threads: int = 0
    """Threads of the physics (0: one per usable core)."""
    policy: Annotated[str, arg(metavar="NAME")] = ""
    """Name or folder of the policy for requests that name none; by default the one that ships."""
    metrics_port: int | None = None
    """Serve Prometheus metrics on this port of the same host."""
    drain: float = DEFAULT_DRAIN_SECONDS
    """Seconds after SIGTERM in which calls are still accepted, so that load balancers can notice the shutdown."""
    grace: float = DEFAULT_GRACE_SECONDS
    """Seconds that running calls have to finish after the drain."""

    def run(self) -> int:
        """Execute the command and return its exit status."""
        from sim_server.corrector import Corrector
        from sim_server.service import serve

        with Corrector(self.policy, threads=self.threads) as corrector:
            serve(corrector, self.listen, self.announce, self.metrics_port, self.grace, self.drain)
        return DONE
