"""`plumb-gen serve`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import arg

from generator.commands.generator_flags import DEFAULT_STORE, Device, Precision, Repository, StoreFolder, Threads
from motion.errors import InvalidInput
from motion.rpc.server_flags import ServerFlags
from motion.rpc.server_settings import GENERATOR_ADDRESS
from motion.shell.command import DONE


@dataclass(frozen=True)
class Serve(ServerFlags):
    """Serve the generator over gRPC until SIGTERM."""

    listen: Annotated[str, arg(metavar="HOST:PORT")] = GENERATOR_ADDRESS
    """Address to listen on. Use port 0 to pick a free port; the address is printed to stderr."""
    repository: Repository = None
    store: StoreFolder = DEFAULT_STORE
    device: Device = "auto"
    threads: Threads = 0
    precision: Precision = "auto"
    compile: bool = False
    """Compile the network with torch.compile, which takes minutes and pays off on a GPU."""

    ray: Annotated[str | None, arg(metavar="local|auto|HOST:PORT")] = None
    """Sample on a Ray cluster: one of this machine alone, the one that it belongs to, or another one, whose nodes see
    the store. A task has one core, or one GPU with `--device cuda`. Data sets and training stay in this process."""

    def run(self) -> int:
        """Execute the command."""
        from generator.service import services
        from motion.rpc.server import serve

        for name in ("repository", "compile"):
            if self.ray is not None and getattr(self, name):
                raise InvalidInput.of("--ray", f"is given with --{name}; must be one of them")
        settings = self.server_settings()
        if self.repository:
            from generator.repository import CommandGenerator, read_command_recipe

            serve(services(CommandGenerator(read_command_recipe(self.repository), self.store)), settings)
            return DONE
        from generator.generator import DiffusionGenerator

        generator = DiffusionGenerator(
            self.store, self.device, self.threads, precision=self.precision, compiled=self.compile
        )
        if self.ray is None:
            serve(services(generator), settings)
            return DONE
        from generator.cluster.ray_generator import RayGenerator
        from generator.cluster.ray_sampler import RaySampler

        with RaySampler(self.ray, self.store, self.device, self.precision) as sampler:
            serve(services(RayGenerator(generator, sampler)), settings)
        return DONE
