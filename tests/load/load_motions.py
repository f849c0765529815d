"""The motions of the load programs, the requests for them, and the answers that are right."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from motion.formats.files import read_motions
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.report import Correction
from motion.rpc import wire
from motion.shell.assets import data_path
from motion.v1 import corrector_pb2
from sim_server import Corrector

SETS = ("generalisation", "test", "val", "walks", "running", "generated", "train")


def real_motions(count: int) -> list[Motion]:
    """Return up to `count` real motions from the sets in PLUMB_DATA; where there are none, of the set that ships."""
    folder = os.environ.get("PLUMB_DATA")
    paths = [Path(folder) / f"{name}.npz" for name in SETS] if folder else []
    found: list[Motion] = []
    for path in [path for path in paths if path.is_file()] or [data_path("default")]:
        found += read_motions(path).motions
        if len(found) >= count:
            break
    return found[:count]


def pieces(count: int, frames: int, seed: int = 0) -> list[Motion]:
    """Cut `count` pieces of `frames` frames from real motions, drawn by the seed; all different."""
    rng = np.random.default_rng(seed)
    wholes = [motion for motion in _wholes() if len(motion) > frames]
    found = []
    for index in range(count):
        whole = wholes[int(rng.integers(len(wholes)))]
        start = int(rng.integers(len(whole) - frames + 1))
        # A metre this way or that makes two pieces of one place different motions.
        shift = np.float32([rng.uniform(-1, 1), 0, rng.uniform(-1, 1)])
        positions = whole.positions[start : start + frames] + shift
        found.append(Motion(positions, fps=whole.fps, name=f"piece {index}"))
    return found


@cache
def _wholes() -> tuple[Motion, ...]:
    return tuple(real_motions(200))


def requests_for(motions: Sequence[Motion], options: CorrectionOptions, seed: int = 0) -> list[bytes]:
    """Return the serialized requests for motions."""
    packed = wire.pack_options(options)
    return [
        corrector_pb2.CorrectRequest(motion=wire.pack_motion(motion), options=packed, seed=seed).SerializeToString()
        for motion in motions
    ]


def answer_bytes(correction: Correction) -> bytes:
    """Return the answer that has to carry a correction, as it is on the wire."""
    motion, report = wire.pack_motion(correction.motion), wire.pack_report(correction.report)
    return corrector_pb2.CorrectResponse(motion=motion, report=report).SerializeToString(deterministic=True)


class InProcess(NamedTuple):
    """What the corrector in this process makes of motions.

    Attributes:
        answers: the answers that are right, as they are on the wire.
        cpu_seconds: CPU time that it took [s].
        seconds: time that it took [s].
    """

    answers: list[bytes]
    cpu_seconds: float
    seconds: float


def correct_in_process(
    motions: Sequence[Motion], options: CorrectionOptions, slots: int = 32, threads: int = 1
) -> InProcess:
    """Correct motions in this process, and measure."""
    with Corrector(slots=slots, threads=threads) as corrector:
        corrector.correct(motions[:1], options=options)  # imports and compiles
        cpu, start = time.process_time(), time.monotonic()
        corrections = corrector.correct(motions, options=options)
        cpu, seconds = time.process_time() - cpu, time.monotonic() - start
    return InProcess([answer_bytes(each) for each in corrections], cpu, seconds)
