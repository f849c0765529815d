"""Conditions under which the speed of the engine is measured: threads of the physics, and other busy processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from motion.errors import InvalidInput

_SPIN = "import os\nwhile os.getppid() == {parent}: sum(range(100000))"


@dataclass(frozen=True)
class Pace:
    """How fast something was.

    Attributes:
        per_core_second: frames per second of CPU time, of all threads together.
        per_second: frames per second of wall time.
    """

    per_core_second: float
    per_second: float


def measure_pace(work: Callable[[], object], frames: int) -> Pace:
    """Run something that makes `frames` frames, and return how fast it was."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return Pace(frames / (time.process_time() - cpu), frames / (time.perf_counter() - wall))


def measure_conditions(
    work: Callable[[int], object], bare: Callable[[], object], frames: int, threads: Sequence[int], busy: int
) -> list[dict[str, Any]]:
    """Measure the engine at several numbers of threads, on the machine as it is and beside busy processes.

    Args:
        work: simulates all motions, given the number of threads.
        bare: steps the same bodies by bare physics, in one thread.
        frames: frames of the motions.
        threads: numbers of threads to measure.
        busy: processes that compute all the time; with 0 the machine is measured only as it is.

    Returns:
        A row for each condition: `threads`, `busy`, the rates of `Pace`, and `ratio`, that of the CPU time of bare
        physics to the engine's under the same condition.
    """
    rows = []
    for others in sorted({0, busy}):
        with _busy_processes(others):
            bare_pace = measure_pace(bare, frames)
            for count in threads:
                pace = measure_pace(lambda count=count: work(count), frames)
                ratio = pace.per_core_second / bare_pace.per_core_second
                rows.append({"threads": count, "busy": others, **asdict(pace), "ratio": ratio})
    return rows


def check_conditions(threads: Sequence[int], busy: int) -> None:
    """Check the arguments of `measure_conditions`.

    Raises:
        InvalidInput: a number is out of range.
    """
    for name, values, least in (("threads", threads, 1), ("busy", [busy], 0)):
        if any(value < least for value in values):
            raise InvalidInput.of(name, f"is {min(values)}; must be at least {least}")


@contextmanager
def _busy_processes(count: int) -> Iterator[None]:
    """Keep processes computing while the block runs."""
    command = [sys.executable, "-c", _SPIN.format(parent=os.getpid())]
    processes = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()
