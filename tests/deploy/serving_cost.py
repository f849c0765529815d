"""Print what serving costs beside the physics: CPU time of client and server a call, and of a corpus run a motion.

The corrector is one that only smooths; what it takes by itself is subtracted. Run it from the root of the repository:

    PYTHONPATH=.:tests python tests/deploy/serving_cost.py
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

from smoothing_corrector import SmoothingCorrector
from swaying_body import swaying

from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import CorrectionOptions, CorrectorInfo
from motion.report import Correction
from motion.rpc.corrector_client import RemoteCorrector
from motion.rpc.server import serving
from motion.rpc.wire import unpack_correction
from motion.v1.corrector_pb2 import CorrectResponse
from sim_server.cluster.corpus_folder import CorpusFolder, CorpusWay
from sim_server.cluster.corpus_run import correct_corpus
from sim_server.cluster.ray_task import request_message, response_message
from sim_server.service import services

OPTIONS = CorrectionOptions()
MOTIONS = [replace(swaying(140, seed=i), name=f"m{i}") for i in range(64)]
SHARDS = 20


class _Prepared:
    """An executor that packs and unpacks messages and computes nothing."""

    window = 4

    def __init__(self, corrections: Sequence[Correction]):
        self._responses = [response_message(each) for each in corrections]

    def describe(self) -> CorrectorInfo:
        return SmoothingCorrector().describe()

    def submit(self, motions: Sequence[Motion], seed: int, options: CorrectionOptions) -> Future[list[Correction]]:
        for motion in motions:
            request_message(motion, seed, options)
        done: Future[list[Correction]] = Future()
        done.set_result([unpack_correction(CorrectResponse.FromString(each)) for each in self._responses])
        return done


def run_cost_ms(folder: Path) -> float:
    """Return the CPU time of the process of a corpus run for one motion [ms]."""
    executor = _Prepared(SmoothingCorrector().correct(MOTIONS, 0, OPTIONS))
    shard = MotionSet(tuple(MOTIONS), tuple(() for _ in MOTIONS))
    out = CorpusFolder(folder / "out", CorpusWay.of(executor.describe(), OPTIONS, 0, len(MOTIONS)))
    started = time.process_time()
    summary = correct_corpus([shard] * SHARDS, out, executor, 0, OPTIONS)
    return 1e3 * (time.process_time() - started) / summary.motions


def call_cost_ms() -> float:
    """Return the CPU time of client and server together for one call [ms]."""
    corrector = SmoothingCorrector()
    started = time.process_time()
    for motion in MOTIONS:
        corrector.submit(motion, 0, OPTIONS).result()
    alone = time.process_time() - started
    with serving(services(corrector)) as address, RemoteCorrector(address) as remote:
        remote.correct(MOTIONS[:8], 0, OPTIONS)
        started = time.process_time()
        remote.correct(MOTIONS, 0, OPTIONS)
        return 1e3 * (time.process_time() - started - alone) / len(MOTIONS)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        print(f"corpus run: {run_cost_ms(Path(scratch)):.2f} ms of CPU time a motion")
    print(f"service: {call_cost_ms():.2f} ms of CPU time a call, client and server together")
