"""Everything that is to be measured of the generator when there is a GPU for some minutes: `python -m` this module.

It prints one JSON document: the tables of `plumb-gen bench` with and without `torch.compile`, the throughput of the
shared batches for one and many clients, and whether samples and trainings on the device have the bytes that they must.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from generator.benchmark import PUBLISHED_SETTINGS, run_benchmark
from generator.generator import DiffusionGenerator
from generator.training.checkpoint import WEIGHTS
from generator.training.settings import Settings
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, SampleOptions
from motion.synthesis import synthesize

_FRAMES, _SAMPLING_STEPS = 120, 10
_TRAINING_STEPS, _STOP_AT = 20, 8
_CLIENTS = 64


class _Stopped(Exception):
    """Raised to interrupt a training."""


def measure(settings: Settings, device: str, batches: Sequence[int], compiled: bool, work: Path) -> dict[str, Any]:
    """Run all measurements.

    Args:
        settings: settings of the model.
        device: name of the device.
        batches: batch sizes of the benchmark.
        compiled: measure compiled networks too.
        work: an empty folder for checkpoints.

    Returns:
        A document for JSON.
    """
    result: dict[str, Any] = {"bench": run_benchmark(settings, device, 0, batches)}
    if compiled:
        result["bench_compiled"] = run_benchmark(settings, device, 0, batches, compiled=True)
    motions = synthesize(6, seed=0)
    generator = DiffusionGenerator(work / "store", device, settings=settings)
    identity = generator.fit(generator.upload(motions), "", 1)
    options = SampleOptions(identity, steps=_SAMPLING_STEPS)

    def sample(seed: int, count: int = 1) -> list[bytes]:
        prompts = [f"a person walks {index} steps" for index in range(count)]
        found = generator.sample(prompts, [_FRAMES] * count, seed, options)
        return [motion.positions.tobytes() for motion in found]

    def clients(count: int) -> list[list[bytes]]:
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(sample, range(count)))

    alone, _ = _timed(lambda: sample(0))
    together, seconds = _timed(lambda: clients(_CLIENTS))
    result["motions_per_s"] = {
        "one client": 1 / _timed(lambda: sample(0))[1],
        f"{_CLIENTS} clients, one motion each": _CLIENTS / seconds,
        f"one client, {_CLIENTS} motions": _CLIENTS / _timed(lambda: sample(0, _CLIENTS))[1],
    }
    result["samples_have_the_same_bytes_in_company"] = together[0] == alone and sample(0, _CLIENTS)[:1] == alone
    for name, change in (("plain", {}), ("bfloat16_fused", {"precision": "bfloat16", "fused": "true"})):
        result[f"resumed_training_has_the_same_bytes_{name}"] = _resumes(settings, device, motions, change, work / name)
    return result


def _resumes(settings: Settings, device: str, motions: MotionSet, change: dict[str, str], work: Path) -> bool:
    """Return whether a training that was interrupted ends in the bytes of one that was not."""
    found = []
    for name in ("whole", "cut"):
        generator = DiffusionGenerator(work / name, device, settings=settings)
        dataset = generator.upload(motions)
        if name == "cut":
            try:
                generator.fit(dataset, "", _TRAINING_STEPS, settings=change, progress=_stop)
            except _Stopped:
                pass
        identity = generator.fit(dataset, "", _TRAINING_STEPS, settings=change)
        found.append((work / name / "checkpoints" / identity / WEIGHTS).read_bytes())
    return found[0] == found[1]


def _stop(line: FitProgress) -> None:
    if line.step == _STOP_AT:
        raise _Stopped


def _timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a call returns, and its seconds."""
    start = time.perf_counter()
    return call(), time.perf_counter() - start


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print one JSON document.

    Args:
        arguments: the command line without the program's name; None for that of this process.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto", help="Device to measure; by default a GPU if there is one.")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 64], help="Batch sizes of the benchmark.")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="Settings of another model.")
    parser.add_argument("--no-compile", action="store_true", help="Leave out compiled networks.")
    given = parser.parse_args(arguments)
    changes = dict(pair.split("=", 1) for pair in given.set)
    settings = Settings().with_texts(PUBLISHED_SETTINGS | changes)
    with tempfile.TemporaryDirectory() as work:
        print(json.dumps(measure(settings, given.device, given.batch, not given.no_compile, Path(work)), indent=1))


if __name__ == "__main__":
    main()
