"""`plumb-gen check`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from generator.commands.generator_flags import DEFAULT_STORE, StoreFolder
from motion.errors import InvalidInput
from motion.rpc.client_flags import ClientFlags
from motion.shell.command import DONE, DONE_WITH_FAILURES

if TYPE_CHECKING:
    from generator.conformance.check_run import CheckResult


@dataclass(frozen=True)
class Check(ClientFlags):
    """Check that a generator service does what the contract requires; exit with status 1 if it does not.

    If a check fails that the others rely on, the others are skipped.
    """

    address: Annotated[Positional[str], arg(metavar="HOST:PORT")] = ""
    """Address of the generator service."""
    repository: Annotated[Path | None, arg(metavar="TOML")] = None
    """Check the programs of a repository, as this recipe describes them, instead of a running service."""
    store: StoreFolder = DEFAULT_STORE

    def run(self) -> int:
        """Execute the command."""
        from generator.conformance.check_run import run_checks
        from motion.rpc.client_security import ClientSecurity

        if bool(self.address) == bool(self.repository):
            raise InvalidInput.of("HOST:PORT", "or --repository must be given, and not both")
        # A repository is served in this process, where neither TLS nor a token is asked for.
        security = ClientSecurity() if self.repository else self.client_security()
        with self._served() as address:
            return self._report(run_checks(address, security))

    @contextmanager
    def _served(self) -> Iterator[str]:
        """Yield the address to check; a repository is served there while the block runs."""
        if not self.repository:
            yield self.address
            return
        from generator.repository import CommandGenerator, read_command_recipe
        from generator.service import services
        from motion.rpc.server import serving

        with serving(services(CommandGenerator(read_command_recipe(self.repository), self.store))) as address:
            yield address

    def _report(self, results: Iterable[CheckResult]) -> int:
        """Print the results as they come, and return the exit status."""
        status = DONE
        for result in results:
            if result.failure is None:
                print(f"ok      {result.name}", flush=True)
                continue
            status = DONE_WITH_FAILURES
            print(f"FAILED  {result.name}: {result.failure}", flush=True)
            if result.skipped:
                print(f"skipped {len(result.skipped)} checks that rely on {result.name}: {', '.join(result.skipped)}")
        return status
