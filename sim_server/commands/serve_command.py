"""`plumb-sim serve`: serve the corrector over gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import arg

from motion.errors import InvalidInput
from motion.rpc.server_flags import ServerFlags
from motion.rpc.server_settings import CORRECTOR_ADDRESS
from motion.shell.command import DONE


@dataclass(frozen=True)
class Serve(ServerFlags):
    """Serve the corrector over gRPC until SIGTERM; running calls are then finished."""

    listen: Annotated[str, arg(metavar="HOST:PORT")] = CORRECTOR_ADDRESS
    """Address to listen on. Use port 0 to pick a free port; the address is printed to stderr."""
    threads: int = 0
    """Threads of the physics (0: one per usable core)."""
    policy: Annotated[str, arg(metavar="NAME")] = ""
    """Name or folder of the policy for requests that name none; by default the one that ships."""
    max_queue: Annotated[int, arg(metavar="N")] = 1024
    """Motions that may wait for the physics; more are refused with a time to retry."""

    def run(self) -> int:
        """Execute the command and return its exit status."""
        from motion.rpc.server import serve
        from sim_server.corrector import Corrector
        from sim_server.service import services

        settings = self.server_settings()
        if self.max_queue < 1:
            raise InvalidInput.of("--max-queue", f"is {self.max_queue}; must be above 0")
        with Corrector(self.policy, threads=self.threads, queue_size=self.max_queue) as corrector:
            serve(services(corrector, pending_bytes=settings.limits.pending_bytes), settings)
        return DONE
