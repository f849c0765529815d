"""`plumb-sim check`: check that a server does what the contract of a corrector requires."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg

from motion.rpc.client_flags import ClientFlags
from motion.shell.command import DONE, DONE_WITH_FAILURES


@dataclass(frozen=True)
class Check(ClientFlags):
    """Check that a server does what the contract of a corrector requires; exit with status 1 if it does not.

    The checks stop at the first that fails, since it may be the cause of others. They correct some dozens of short
    motions.
    """

    address: Annotated[Positional[str], arg(metavar="HOST:PORT")]
    """Address of the server."""
    keep_going: bool = False
    """Run the checks after a failure too."""

    def run(self) -> int:
        """Execute the command and return its exit status."""
        from sim_server.conformance.corrector_check_run import run_corrector_checks

        status = DONE
        for result in run_corrector_checks(self.address, self.client_security(), self.keep_going):
            if result.failure is None:
                print(f"ok      {result.name}", flush=True)
                continue
            status = DONE_WITH_FAILURES
            print(f"FAILED  {result.name}: {result.failure}", flush=True)
            if result.skipped:
                print(f"not run {len(result.skipped)} further checks: {', '.join(result.skipped)}", flush=True)
        return status
