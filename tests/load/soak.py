"""Load a server for long, and watch its memory: `python tests/load/soak.py --minutes 30`, or `make soak`.

The open loop asks for a share of what the server can do. The table gets a row with each tenth of the time, the last
line has the slope of the memory over the last two thirds.
"""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
import tyro
from growing_table import GrowingTable
from load_clients import closed_loop, open_loop
from load_motions import correct_in_process, pieces, requests_for
from server_under_load import SIM, ServerUnderLoad
from tyro.conf import arg

from motion.protocols import CorrectionOptions, Effort
from motion.shell.command import DONE, DONE_WITH_FAILURES, log, run_command

_ROWS = 10


class Sample(NamedTuple):
    """The state of a server at one time.

    Attributes:
        seconds: time since the start [s].
        memory_mib: resident memory of all its processes [MiB].
        cpu_seconds: CPU time so far [s].
        connections: number of connections.
    """

    seconds: float
    memory_mib: float
    cpu_seconds: float
    connections: int


@dataclass(frozen=True)
class Soak:
    """Load a server that is started for it, and print how its memory went."""

    minutes: float = 30.0
    """Duration."""
    share: float = 0.8
    """Share of the throughput of 64 clients that is asked for."""
    motions: int = 200
    """Number of short motions that are sent again and again."""
    frames: int = 40
    """Frames of each of them."""
    effort: Effort = "fast"
    """Effort of the corrections."""
    most_mib_a_minute: float = 1.0
    """Growth of the memory over the last two thirds beyond which the exit status is 1 [MiB a minute]."""
    every: float = 5.0
    """Time between two looks at the memory [s]."""
    flags: Annotated[str, arg(metavar="FLAGS")] = "--workers 1"
    """Flags of `plumb-sim serve`, as in --flags="--workers 0"."""

    def run(self) -> int:
        """Run the load, and return 1 if the memory grew or an answer was wrong or lost."""
        options = CorrectionOptions(effort=self.effort)
        motions = pieces(self.motions, self.frames)
        log(f"{len(motions)} motions in this process first")
        right = correct_in_process(motions, options).answers
        requests = requests_for(motions, options)
        with ServerUnderLoad(shlex.split(self.flags), SIM) as server:
            first = closed_loop(server.address, requests, 64, right)
            rate = self.share * first.answered / first.seconds
            log(f"{rate:.3g} motions a second for {self.minutes:g} minutes")
            samples: list[Sample] = []
            stop = threading.Event()
            watch = threading.Thread(target=self._watch, args=(server, samples, stop))
            watch.start()
            load = open_loop(server.address, requests, rate, 60 * self.minutes, right=right)
            stop.set()
            watch.join()
        slope = growth(samples)
        failures = ", ".join(f"{count} {code}" for code, count in load.errors.items())
        print(f"\n{load.sent} sent at {rate:.3g}/s, {load.answered} answered, {len(load.refusals)} refused, "
              f"{load.wrong} wrong, {load.lost} lost{', ' * bool(failures)}{failures}; "
              f"memory {slope:+.2f} MiB a minute over the last two thirds")  # fmt: skip
        is_fine = slope <= self.most_mib_a_minute and not (load.wrong or load.lost or load.errors or first.wrong)
        return DONE if is_fine else DONE_WITH_FAILURES

    def _watch(self, server: ServerUnderLoad, samples: list[Sample], stop: threading.Event) -> None:
        """Take samples until `stop` is set, and print one of them with each tenth of the time."""
        table = GrowingTable("minute", "memory MiB", "CPU s", "connections")
        start, printed = time.monotonic(), 0.0
        while not stop.wait(self.every):
            now = time.monotonic() - start
            sample = Sample(now, server.resident_mib(), server.cpu_seconds(), server.connections())
            samples.append(sample)
            if now >= printed:
                printed += 60 * self.minutes / _ROWS
                table.add(
                    f"{now / 60:.1f}", f"{sample.memory_mib:.0f}", f"{sample.cpu_seconds:.0f}", sample.connections
                )


def growth(samples: Sequence[Sample]) -> float:
    """Return the slope of the memory over the last two thirds of the samples [MiB a minute]."""
    late = samples[len(samples) // 3 :]
    if len(late) < 2:
        return 0.0
    return 60 * float(np.polyfit([each.seconds for each in late], [each.memory_mib for each in late], 1)[0])


if __name__ == "__main__":
    run_command(lambda: tyro.cli(Soak).run())
