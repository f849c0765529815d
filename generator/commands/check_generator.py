"""`plumb-gen check`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg

from motion.shell.command import DONE, DONE_WITH_FAILURES


@dataclass(frozen=True)
class Check:
    """Check that a generator service does what the contract requires; exit with status 1 if it does not.

    If a check fails that the others rely on, the others are skipped.
    """

    address: Annotated[Positional[str], arg(metavar="HOST:PORT")]
    """Address of the generator service."""

    def run(self) -> int:
        """Execute the command."""
        from generator.conformance.check_run import run_checks

        status = DONE
        for result in run_checks(self.address):
            if result.failure is None:
                print(f"ok      {result.name}", flush=True)
                continue
            status = DONE_WITH_FAILURES
            print(f"FAILED  {result.name}: {result.failure}", flush=True)
            if result.skipped:
                print(f"skipped {len(result.skipped)} checks that rely on {result.name}: {', '.join(result.skipped)}")
        return status
