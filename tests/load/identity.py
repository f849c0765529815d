"""Correct the same motions in every way there is, and compare all bytes: `python tests/load/identity.py`.

The motions are real ones, shuffled for each way: in this process with 1 and 2 threads, through the service with 1 and 2
workers, 1 to 64 at a time, and, with --ray, through a service whose motions are corrected on a Ray cluster of this
machine. Every way has to give one set of bytes.
"""

from __future__ import annotations

import hashlib
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import tyro
from load_motions import answer_bytes, pieces, real_motions
from server_under_load import ServerUnderLoad
from tyro.conf import arg

from motion.motion import Motion
from motion.protocols import CorrectionOptions, Effort
from motion.report import Correction
from motion.rpc.corrector_client import RemoteCorrector
from motion.shell.command import DONE, DONE_WITH_FAILURES, log, run_command
from motion.shell.tables import markdown_table
from sim_server import Corrector

_Way = Callable[[Sequence[Motion]], list[Correction]]


@dataclass(frozen=True)
class Identity:
    """Compare the bytes of corrections made in this process and by servers."""

    motions: int = 500
    """Number of real motions."""
    frames: int = 0
    """Frames of the motions: pieces of real ones; 0 for whole ones."""
    effort: Effort = "fast"
    """Effort of the corrections."""
    threads: tuple[int, ...] = (1, 2)
    """Numbers of threads of the physics in this process."""
    workers: tuple[int, ...] = (1, 2)
    """Numbers of processes of the service that simulate; 0 for its own."""
    batch: tuple[int, ...] = (1, 8, 64)
    """Numbers of motions at a time."""
    ray: bool = False
    """Also go through a service on a Ray cluster that is started for it."""
    seed: int = 0
    """Seed of the orders."""
    flags: Annotated[str, arg(metavar="FLAGS")] = ""
    """Further flags of `plumb-sim serve`, as in --flags="--workers 0"."""

    def run(self) -> int:
        """Go all ways, and return 1 if one gave other bytes than the first."""
        motions = pieces(self.motions, self.frames) if self.frames else real_motions(self.motions)
        options = CorrectionOptions(effort=self.effort)
        rng = np.random.default_rng(self.seed)
        first: list[bytes] = []
        is_same = True
        print(markdown_table(("way", "motions", "SHA-256 of all answers", "other bytes", "seconds"), []), flush=True)
        for name, correct in self._ways(options):
            log(name)
            order, start = rng.permutation(len(motions)), time.monotonic()
            found = [b""] * len(motions)
            for index, correction in zip(order, correct([motions[index] for index in order]), strict=True):
                found[index] = answer_bytes(correction)
            first = first or found
            others = sum(one != other for one, other in zip(first, found, strict=True))
            digest = hashlib.sha256(b"".join(found)).hexdigest()[:12]
            is_same = is_same and not others
            print(f"| {name} | {len(motions)} | {digest} | {others} | {time.monotonic() - start:.0f} |", flush=True)
        return DONE if is_same else DONE_WITH_FAILURES

    def _ways(self, options: CorrectionOptions) -> Iterator[tuple[str, _Way]]:
        for threads in self.threads:
            for batch in self.batch:
                with Corrector(slots=batch, threads=threads) as corrector:
                    name = f"in process, threads {threads}, {batch} at a time"
                    yield name, lambda motions, corrector=corrector: corrector.correct(motions, options=options)
        services = {f"workers {workers}": ["--workers", str(workers)] for workers in self.workers}
        if self.ray:
            services["Ray"] = ["--ray", "local", "--workers", str(max(1, *self.workers))]
        for name, flags in services.items():
            with ServerUnderLoad([*flags, *shlex.split(self.flags)]) as server:
                for batch in self.batch if name != "Ray" else self.batch[-1:]:
                    with RemoteCorrector(server.address, in_flight=batch) as client:
                        way = f"service, {name}, {batch} at a time"
                        yield way, lambda motions, client=client: client.correct(motions, options=options)


if __name__ == "__main__":
    run_command(lambda: tyro.cli(Identity).run())
