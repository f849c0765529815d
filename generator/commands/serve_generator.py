"""`plumb-gen serve`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import arg

from generator.commands.generator_flags import DEFAULT_STORE, Device, Precision, Repository, StoreFolder, Threads
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

    def run(self) -> int:
        """Execute the command."""
        from generator.service import services
        from motion.rpc.server import serve

        settings = self.server_settings()
        if self.repository:
            from generator.repository import CommandGenerator, read_command_recipe

            serve(services(CommandGenerator(read_command_recipe(self.repository), self.store)), settings)
            return DONE
        from generator.generator import DiffusionGenerator

        generator = DiffusionGenerator(
            self.store, self.device, self.threads, precision=self.precision, compiled=self.compile
        )
        serve(services(generator), settings)
        return DONE
