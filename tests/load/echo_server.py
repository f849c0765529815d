"""Server of a corrector that returns what it is given: `python echo_server.py --listen HOST:PORT --announce FILE`.

It shows what the service does and costs without the simulation.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import tyro

from motion.metrics import PhysicalErrors
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo
from motion.report import Correction, Report
from motion.rpc.server import serve
from motion.rpc.server_flags import ServerFlags
from motion.shell.command import run_command
from motion.validation import check_motion
from sim_server.service import services

_NO_ERRORS = PhysicalErrors(*[0.0] * len(PhysicalErrors.__dataclass_fields__))
_REPORT = Report("OK", 1.0, 0.0, 0.0, _NO_ERRORS, _NO_ERRORS, 0.0, 0.0, 0.0, 0.0, 0, "echo", "", 0, 0.0)


class EchoCorrector:
    """Checks a motion as every corrector does, and returns it.

    Args:
        delay: seconds after which it does.
        threads: number of motions at a time, if there is a delay.
    """

    def __init__(self, delay: float = 0.0, threads: int = 8):
        self._delay = delay
        self._threads = ThreadPoolExecutor(threads)

    def describe(self) -> CorrectorInfo:
        """Return a description."""
        return CorrectorInfo("echo", "echo", ("echo",), "", "1", 4, 2000, 20.0, ())

    def submit(self, motion: Motion, seed: int, options: CorrectionOptions) -> Future[Correction]:
        """Return a future of the motion."""
        correction = Correction(check_motion(motion), _REPORT)
        if self._delay:
            return self._threads.submit(self._later, correction)
        future: Future[Correction] = Future()
        future.set_result(correction)
        return future

    def _later(self, correction: Correction) -> Correction:
        time.sleep(self._delay)
        return correction


@dataclass(frozen=True)
class Echo(ServerFlags):
    """Serve a corrector that does nothing."""

    delay: float = 0.0
    """Seconds that a motion takes; eight at a time."""

    def run(self) -> int:
        """Serve until SIGTERM."""
        serve(services(EchoCorrector(self.delay)), self.server_settings())
        return 0


if __name__ == "__main__":
    run_command(lambda: tyro.cli(Echo).run())
