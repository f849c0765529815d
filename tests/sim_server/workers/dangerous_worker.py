"""A worker process for tests, in which motions of certain lengths do harm: `python -m dangerous_worker SETTINGS`."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from sim_server import correction
from sim_server.engine.engine import Engine
from sim_server.workers import worker_process

LACKS = 31
"""Frames of a motion whose preparation finds no memory in the first process that has it."""
GROWS = 32
"""Frames of a motion whose preparation takes 800 MiB of memory, and does not end."""
KILLS = 33
"""Frames of a motion that ends the process it is prepared or scored in."""
HANGS = 34
"""Frames of a motion whose preparation, or score, does not end."""
DEFECT = 35
"""Frames of a motion that brings out a defect when it is corrected or scored."""
BREAKS = 36
"""Frames of a motion with which the engine fails."""


def _is_first() -> bool:
    """Return True once for all processes of a test, which share the folder in DANGEROUS_FOLDER."""
    try:
        (Path(os.environ["DANGEROUS_FOLDER"]) / "first").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _harm(frames: int) -> None:
    match frames:
        case length if length == KILLS:
            os.kill(os.getpid(), signal.SIGKILL)
        case length if length == LACKS and _is_first():
            raise MemoryError("no more memory")
        case length if length == GROWS:
            held = b"\1" * (800 * 2**20)
            time.sleep(1000 + len(held))
        case length if length == HANGS:
            time.sleep(1000)
        case length if length == DEFECT:
            raise IndexError("a secret defect")


def main() -> None:
    """Work, dangerously."""
    build, add, score = correction.reference_from_positions, Engine.add, worker_process.score_motion

    def reference(positions):
        _harm(len(positions))
        return build(positions)

    def break_engine(engine, job):
        if len(job.stretch.motion) == BREAKS:
            raise MemoryError("no more memory")
        return add(engine, job)

    def score_dangerously(motion):
        _harm(len(motion))
        return score(motion)

    correction.reference_from_positions = reference
    Engine.add = break_engine
    worker_process.score_motion = score_dangerously
    worker_process.main()


if __name__ == "__main__":
    main()
