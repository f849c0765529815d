"""The CPU time of corrections: the policy's small products must not keep other BLAS threads spinning."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from motion.cpu import usable_cores

CORRECT_RUNS = """
import hashlib, sys, time
from motion.protocols import CorrectionOptions
from motion.synthesis import synthesize
from sim_server import Corrector

motions = list(synthesize(3, 3, actions=["run"]))
with Corrector() as corrector:
    start = time.process_time()
    corrections = corrector.correct(motions, 0, CorrectionOptions(effort="fast"))
    seconds = time.process_time() - start
assert corrections[0].report.attempts > 5, "the policy was not needed, so that nothing was tested"
digest = hashlib.sha256(b"".join(correction.motion.positions.tobytes() for correction in corrections))
print(seconds, digest.hexdigest())
"""


def cpu_seconds_and_digest(threads: str | None) -> tuple[float, str]:
    """Correct some runs in a fresh process with OMP_NUM_THREADS set or unset."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    if threads:
        environment["OMP_NUM_THREADS"] = threads
    done = subprocess.run(
        [sys.executable, "-c", CORRECT_RUNS], env=environment, capture_output=True, text=True, timeout=250, check=True
    )
    seconds, digest = done.stdout.split()
    return float(seconds), digest


@pytest.mark.skipif(usable_cores() < 2, reason="one core: no second BLAS thread could spin")
def test_a_correction_costs_no_more_cpu_time_without_omp_num_threads() -> None:
    limited, free = zip(*((cpu_seconds_and_digest("1"), cpu_seconds_and_digest(None)) for _ in range(3)), strict=True)
    assert len({digest for _, digest in limited + free}) == 1
    assert min(free)[0] <= 1.2 * min(limited)[0]
