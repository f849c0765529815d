"""Measure the service beside the engine that it serves: `python tests/load/load.py`, or `make load`.

The tables are in Markdown: throughput for clients that wait for their answers, times at a share of the full load, what
a full server says and how fast, and what the service itself costs.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import tyro
from growing_table import GrowingTable
from load_clients import Load, closed_loop, open_loop, refusals
from load_motions import InProcess, correct_in_process, pieces, real_motions, requests_for
from server_under_load import ECHO, ServerUnderLoad
from tyro.conf import arg

from motion.motion import Motion
from motion.protocols import CorrectionOptions, Effort
from motion.shell.command import DONE, DONE_WITH_FAILURES, log, run_command

_OVERHEAD_FRAMES = 388  # 100 kB of positions
_FILLERS = 64


@dataclass(frozen=True)
class LoadTest:
    """Load a server that is started for it, and print tables."""

    clients: tuple[int, ...] = (1, 4, 16, 64, 256)
    """Numbers of clients that wait for their answers."""
    motions: int = 256
    """Number of real motions that all clients together have corrected; more if there are more clients."""
    frames: int = 0
    """Frames of the motions: pieces of real ones; 0 for whole ones."""
    effort: Effort = "fast"
    """Effort of the corrections; the least hides the service the least."""
    workers: int = 1
    """Processes of the server that simulate; 0 for its own."""
    threads: int = 1
    """Threads of the physics in this process, and of a server without workers."""
    share: float = 0.7
    """Share of the throughput of 64 clients that the open loop asks for."""
    seconds: float = 60.0
    """Duration of the open loop."""
    probes: int = 200
    """Number of calls that a full server is asked for, one after the other."""
    calls: int = 1000
    """Number of calls by which the service's own time is measured."""
    flags: Annotated[str, arg(metavar="FLAGS")] = ""
    """Further flags of `plumb-sim serve`, as in --flags="--workers 0"."""

    def run(self) -> int:
        """Run all parts, and return 1 if an answer was wrong or lost."""
        options = CorrectionOptions(effort=self.effort)
        count = max(self.motions, *self.clients)
        motions = pieces(count, self.frames) if self.frames else real_motions(count)
        log(f"{len(motions)} motions, {sum(map(len, motions))} frames, in this process first")
        inside = correct_in_process(motions, options, threads=self.threads)
        requests = requests_for(motions, options)
        threads = [] if self.workers else ["--threads", str(self.threads)]  # a worker has one
        flags = ["--workers", str(self.workers), *threads, *shlex.split(self.flags)]
        with ServerUnderLoad(flags) as server:
            closed_loop(server.address, requests[:4], 1)
            loads = self._throughput(server, motions, requests, inside)
            capacity = max(len(load.latencies) / load.seconds for load in loads)
            loads += self._latency(server, requests, inside, capacity)
        with ServerUnderLoad([*flags, "--max-queue", "4"]) as server:
            loads.append(self._overload(server, requests))
        with ServerUnderLoad(program=ECHO) as server:
            loads.append(self._overhead(server))
        return DONE_WITH_FAILURES if any(load.wrong or load.lost or load.errors for load in loads) else DONE

    def _throughput(
        self, server: ServerUnderLoad, motions: Sequence[Motion], requests: Sequence[bytes], inside: InProcess
    ) -> list[Load]:
        frames, loads = sum(map(len, motions)), []
        table = GrowingTable(
            "load",
            "answered",
            "motions/s",
            "frames per CPU s",
            "of in process",
            "p50 s",
            "p99 s",
            "wrong",
            "lost",
        )
        table.add("in process", len(motions), len(motions) / inside.seconds, frames / inside.cpu_seconds, 1.0)
        for clients in self.clients:
            cpu = server.cpu_seconds()
            load = closed_loop(server.address, requests, clients, inside.answers)
            cpu = server.cpu_seconds() - cpu
            loads.append(load)
            table.add(
                f"{clients} clients", load.answered, load.answered / load.seconds, frames / cpu,
                inside.cpu_seconds / cpu, load.percentile(50), load.percentile(99), load.wrong, load.lost,
            )  # fmt: skip
        return loads

    def _latency(
        self, server: ServerUnderLoad, requests: Sequence[bytes], inside: InProcess, capacity: float
    ) -> list[Load]:
        table = GrowingTable("open loop", "sent", "motions/s", "p50 s", "p99 s", "p99 of solo", "wrong", "lost")
        solo = closed_loop(server.address, requests[:64], 1, inside.answers[:64])
        table.add(
            "one client alone", solo.sent, solo.sent / solo.seconds, solo.percentile(50), solo.percentile(99), 1.0,
            solo.wrong, solo.lost,
        )  # fmt: skip
        rate = self.share * capacity
        load = open_loop(server.address, requests, rate, self.seconds, right=inside.answers)
        table.add(
            f"{self.share:.0%} of the full load", load.sent, rate, load.percentile(50), load.percentile(99),
            load.percentile(99) / solo.percentile(99), load.wrong, load.lost,
        )  # fmt: skip
        return [solo, load]

    def _overload(self, server: ServerUnderLoad, requests: Sequence[bytes]) -> Load:
        table = GrowingTable("a full server", "calls", "taken", "refused", "refusal p50 ms", "p99 ms", "lost")
        load = refusals(server.address, requests, _FILLERS, self.probes)
        times = 1000 * np.array(load.refusals)
        table.add(
            f"{_FILLERS} other clients, --max-queue 4", load.sent, load.answered, len(load.refusals),
            float(np.percentile(times, 50)), float(np.percentile(times, 99)), load.lost,
        )  # fmt: skip
        return load

    def _overhead(self, server: ServerUnderLoad) -> Load:
        table = GrowingTable("the service alone", "calls", "kB", "p50 ms", "p99 ms", "server CPU ms a call", "lost")
        (motion,) = pieces(1, min(_OVERHEAD_FRAMES, 100))
        repeated = motion.with_positions(np.tile(motion.positions, (4, 1, 1))[:_OVERHEAD_FRAMES])
        requests = requests_for([repeated], CorrectionOptions()) * self.calls
        closed_loop(server.address, requests[:20], 1)
        cpu = server.cpu_seconds()
        load = closed_loop(server.address, requests, 1)
        cpu = server.cpu_seconds() - cpu
        table.add(
            "a corrector that does nothing", load.answered, len(requests[0]) / 1000, 1000 * load.percentile(50),
            1000 * load.percentile(99), 1000 * cpu / len(requests), load.lost,
        )  # fmt: skip
        return load


if __name__ == "__main__":
    run_command(lambda: tyro.cli(LoadTest).run())
