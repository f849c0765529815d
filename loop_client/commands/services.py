"""The generator and the corrector that a command uses: services at given addresses, or in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import arg

from motion.rpc.client_flags import ClientFlags

if TYPE_CHECKING:
    from motion.protocols import Corrector, Generator

Address = Annotated[str | None, arg(metavar="HOST:PORT")]
"""Type of a flag that takes the address of a service."""


@dataclass(frozen=True)
class OpenedGenerator:
    """A generator, and what the names of its checkpoints on a command line mean.

    Attributes:
        generator: the generator.
        resolve_checkpoint: returns the id for a name: an id, or the path of a folder if the generator is in this
            process.
    """

    generator: Generator
    resolve_checkpoint: Callable[[str], str]


@contextmanager
def open_generator(address: str | None, store: Path, connection: ClientFlags) -> Iterator[OpenedGenerator]:
    """Yield the generator at an address, once it has answered, or a generator in this process.

    Args:
        address: HOST:PORT; None for a generator in this process.
        store: folder of the data sets and checkpoints of a generator in this process.
        connection: the flags that say how to connect.

    Raises:
        InvalidInput: the address is malformed.
        ServiceUnavailable: there is no generator at the address.
    """
    if address:
        from motion.rpc.generator_client import RemoteGenerator

        with RemoteGenerator(address, security=connection.client_security()) as remote:
            remote.describe()
            yield OpenedGenerator(remote, str)
    else:
        from generator import DiffusionGenerator

        local = DiffusionGenerator(store)
        yield OpenedGenerator(local, local.resolve_checkpoint)


@contextmanager
def open_corrector(address: str | None, connection: ClientFlags) -> Iterator[Corrector]:
    """Yield the corrector at an address, once it has answered, or a corrector in this process.

    Args:
        address: HOST:PORT; None for a corrector in this process.
        connection: the flags that say how to connect.

    Raises:
        InvalidInput: the address is malformed.
        ServiceUnavailable: there is no simulation server at the address.
    """
    if address:
        from motion.rpc.corrector_client import RemoteCorrector

        with RemoteCorrector(address, security=connection.client_security()) as remote:
            remote.describe()
            yield remote
    else:
        from sim_server import Corrector as LocalCorrector

        with LocalCorrector() as local:
            yield local
