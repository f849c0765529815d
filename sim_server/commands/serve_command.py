"""`plumb-sim serve`: serve the corrector over gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import arg

from motion.errors import InvalidInput
from motion.rpc.server_flags import ServerFlags
from motion.rpc.server_settings import CORRECTOR_ADDRESS
from motion.shell.atomic import check_target
from motion.shell.command import DONE

if TYPE_CHECKING:
    from sim_server.cluster.ray_corrector import RayCorrector
    from sim_server.corrector import Corrector
    from sim_server.workers.pool import WorkerPool


@dataclass(frozen=True)
class Serve(ServerFlags):
    """Serve the corrector over gRPC until SIGTERM; running calls are then finished."""

    listen: Annotated[str, arg(metavar="HOST:PORT")] = CORRECTOR_ADDRESS
    """Address to listen on. Use port 0 to pick a free port; the address is printed to stderr."""
    workers: Annotated[int | None, arg(metavar="N")] = None
    """Processes that simulate, by default one per usable core. They are replaced when they die. 0 simulates in the
    server's own process."""
    threads: int = 0
    """Simulate in the server's own process, with so many threads (0: with --workers 0 one per usable core)."""
    slots: Annotated[int, arg(metavar="N")] = 32
    """Motions that each worker simulates at once."""
    policy: Annotated[str, arg(metavar="NAME")] = ""
    """Name or folder of the policy for requests that name none; by default the one that ships."""
    max_queue: Annotated[int, arg(metavar="N")] = 1024
    """Motions that may wait for the physics; more are refused with a time to retry."""
    max_simulated: Annotated[float | None, arg(metavar="SECONDS")] = None
    """Simulated seconds that one motion may take, all attempts together; a motion that needs more is FAILED. By default
    only the effort says how long is searched."""
    min_fps: Annotated[float, arg(metavar="FPS")] = 5.0
    """Refuse motions of a lower frame rate: a small request of a second a frame would take minutes of computing."""
    quarantine: Annotated[Path | None, arg(metavar="DIR")] = None
    """Keep the motions in this folder that ended two workers and were given up."""
    worker_memory: Annotated[float | None, arg(metavar="MIB")] = None
    """Memory of one worker; one that has more is replaced, and its motions run elsewhere. By default no limit."""
    ray: Annotated[str | None, arg(metavar="local|auto|HOST:PORT")] = None
    """Simulate on a Ray cluster: one of this machine alone, the one that it belongs to, or another one. There are as
    many replicas as there is work for, at most --workers, by default one per core of the cluster."""

    def run(self) -> int:
        """Execute the command and return its exit status."""
        from motion.rpc.address import check_can_listen
        from motion.rpc.server import serve
        from sim_server.service import services

        settings = self.server_settings()
        check_can_listen(settings.listen)  # before the workers start, which takes seconds
        if settings.announce:
            check_target(settings.announce)
        with self._open_corrector() as corrector:
            pending_bytes = settings.limits.pending_bytes
            serve(services(corrector, pending_bytes=pending_bytes, least_fps=self.min_fps), settings, corrector)
        return DONE

    def _open_corrector(self) -> Corrector | WorkerPool | RayCorrector:
        """Open the corrector that is served.

        Raises:
            InvalidInput: a number is out of range, or flags do not go together.
        """
        from sim_server.corrector import Corrector
        from sim_server.workers.pool import WorkerPool
        from sim_server.workers.seat import WorkerLimits

        for name, least in (("max_queue", 1), ("slots", 1), ("workers", 0), ("threads", 0), ("worker_memory", 256)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise InvalidInput.of(f"--{name.replace('_', '-')}", f"is {value}; must be {least} or more")
        if self.max_simulated is not None and not 0 < self.max_simulated < float("inf"):
            raise InvalidInput.of("--max-simulated", f"is {self.max_simulated:g}; must be above 0")
        if not 0 <= self.min_fps < float("inf"):
            raise InvalidInput.of("--min-fps", f"is {self.min_fps:g}; must be 0 or more")
        if self.ray is not None:
            return self._open_cluster(self.ray)
        if self.workers == 0 or (self.workers is None and self.threads):
            for name in ("quarantine", "worker_memory"):
                if getattr(self, name):
                    flag = f"--{name.replace('_', '-')}"
                    raise InvalidInput.of(flag, "is for worker processes; there are none with --workers 0 or --threads")
            return Corrector(self.policy, self.slots, self.threads, self.max_queue, self.max_simulated)
        if self.threads:
            raise InvalidInput.of("--threads", "is for --workers 0; a worker process has one thread")
        if self.quarantine:
            check_target(self.quarantine / "motion" if self.quarantine.exists() else self.quarantine)
        memory = None if self.worker_memory is None else round(self.worker_memory * 2**20)
        limits = WorkerLimits(memory_bytes=memory)
        return WorkerPool(
            self.policy, self.workers or 0, self.slots, self.max_queue, self.max_simulated, self.quarantine, limits
        )

    def _open_cluster(self, address: str) -> RayCorrector:
        """Open a corrector on a Ray cluster.

        Raises:
            InvalidInput: a flag is for processes of this server.
        """
        from sim_server.cluster.ray_corrector import RayCorrector
        from sim_server.cluster.ray_executor import policy_for_nodes

        for name in ("threads", "max_simulated", "quarantine", "worker_memory"):
            if getattr(self, name):
                raise InvalidInput.of(
                    f"--{name.replace('_', '-')}", "is for processes of this server; must be without --ray"
                )
        return RayCorrector(address, policy_for_nodes(self.policy), self.workers or 0, self.max_queue)
