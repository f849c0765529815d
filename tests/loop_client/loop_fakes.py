"""A fake generator and a fake corrector with simple rules, and real motions for them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import uniform_filter1d
from swaying_body import rigid_sway

from loop_client.runs.loop import run_loop
from loop_client.runs.real_motions import load_data
from loop_client.runs.run_creation import create_run
from loop_client.runs.run_recipe import Recipe
from motion.errors import NotFound
from motion.metrics import mpjpe_global, mpjpe_local, physical_errors
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import (
    CorrectionOptions,
    CorrectorInfo,
    FitProgress,
    GeneratorInfo,
    ProgressCallback,
    SampleOptions,
)
from motion.report import Correction, Report

RECIPE = """
name = "tiny"
generations = 2
seeds = [3]

[data]
train = "{data}"
n = 6
test_n = 6

[generator]
first_steps = 4
later_steps = 2
settings = {{ width = 8 }}

[evaluation]
samples = 6
embedding = {{ size = 4, width = 8, steps = 3 }}

[[arms]]
name = "baseline"
strategy = "baseline"

[[arms]]
name = "iterative"
strategy = "augment"

[[arms]]
name = "corrected"
strategy = "augment"
corrector = "physics"

[[arms]]
name = "roundtrip"
strategy = "accumulate"
corrector = "roundtrip"
gamma = 1.0
"""


def swaying_set(count: int = 16, frames: int = 44) -> MotionSet:
    """Return a set of rigid bodies, each swaying at its own pace and with two captions."""
    rng = np.random.default_rng(0)
    motions = tuple(
        rigid_sway(frames, rng.uniform(0.5, 2), rng.uniform(0, 6), f"clip{number:02d}") for number in range(count)
    )
    captions = tuple((f"a person sways, pace {number}.", f"somebody sways, pace {number}.") for number in range(count))
    metadata = tuple({"prop": number == 1, "actor": number % 3} for number in range(count))
    return MotionSet(motions, captions, metadata)


class Cut(Exception):
    """The run is cut off here, as by a kill."""


@dataclass
class Fuse:
    """Raises `Cut` at the n-th call of `burn`; never, if n is None."""

    after: int | None = None
    calls: list[str] = field(default_factory=list)

    def burn(self, what: str) -> None:
        if self.after is not None and len(self.calls) >= self.after:
            raise Cut(what)
        self.calls.append(what)


class FakeGenerator:
    """Samples are motions of the set that a checkpoint was trained on, noisier with each generation of it."""

    def __init__(self, fuse: Fuse | None = None, break_sample: int | None = None):
        self.fuse = fuse or Fuse()
        self.break_sample = break_sample
        self.sets: dict[str, MotionSet] = {}
        self.checkpoints: dict[str, tuple[str, int]] = {}

    def describe(self) -> GeneratorInfo:
        return GeneratorInfo("fake", "1", 20.0, 8, 196, tuple(self.checkpoints), "", "cpu")

    def sample(
        self,
        prompts: Sequence[str],
        lengths: Sequence[int],
        seed: int = 0,
        options: SampleOptions | None = None,
        start_index: int = 0,
    ) -> Iterator[Motion]:
        checkpoint = (options or SampleOptions()).checkpoint
        if checkpoint not in self.checkpoints:
            raise NotFound(f"no checkpoint {checkpoint!r}")
        dataset, generation = self.checkpoints[checkpoint]
        motions = self.sets[dataset].motions
        for index in range(start_index, len(prompts)):
            self.fuse.burn(f"sample {index}")
            rng = np.random.default_rng([seed, index])
            positions = motions[rng.integers(len(motions))].positions
            positions = np.resize(positions, (lengths[index], 22, 3))
            noise = 0.002 * (generation + 1) * rng.standard_normal(positions.shape)
            if index == self.break_sample:
                noise[:] = np.nan
            yield Motion(positions + noise, caption=prompts[index])

    def upload(self, dataset: MotionSet) -> str:
        self.fuse.burn("upload")
        identity = dataset.content_id()
        self.sets[identity] = dataset
        return identity

    def fit(
        self,
        dataset: str,
        init: str,
        steps: int,
        seed: int = 0,
        settings: Mapping[str, str] | None = None,
        progress: Callable[[FitProgress], None] | None = None,
    ) -> str:
        if init and init not in self.checkpoints:
            raise NotFound(f"no checkpoint {init!r}")
        for step in range(1, steps + 1):
            self.fuse.burn(f"step {step}")
            if progress:
                progress(FitProgress(step, steps, 1.0 / step))
        request = json.dumps([dataset, init, steps, seed, dict(settings or {})])
        checkpoint = hashlib.sha256(request.encode()).hexdigest()[:12]
        self.checkpoints[checkpoint] = (dataset, self.checkpoints[init][1] + 1 if init else 0)
        return checkpoint


class FakeCorrector:
    """Smooths motions; those whose content hashes to a multiple of `fail_every` come back FAILED."""

    def __init__(self, fuse: Fuse | None = None, fail_every: int = 0):
        self.fuse = fuse or Fuse()
        self.fail_every = fail_every

    def describe(self) -> CorrectorInfo:
        return CorrectorInfo("fake", "base", ("base",), "", "1", 4, 2000, 20.0, (0.0,))

    def correct(
        self,
        motions: Sequence[Motion | np.ndarray],
        seed: int = 0,
        options: CorrectionOptions | None = None,
        progress: ProgressCallback | None = None,
    ) -> list[Correction]:
        self.fuse.burn(f"correct {len(motions)}")
        return [self._correction(motion, seed) for motion in motions if isinstance(motion, Motion)]

    def _correction(self, motion: Motion, seed: int) -> Correction:
        smooth = replace(motion, positions=uniform_filter1d(motion.positions, 5, axis=0, mode="nearest"))
        digest = hashlib.sha256(motion.positions.tobytes()).digest()[0]
        failed = bool(self.fail_every) and digest % self.fail_every == 0
        report = Report(
            status="FAILED" if failed else "OK",
            completed=0.5 if failed else 1.0,
            mpjpe_global_mm=mpjpe_global(smooth.positions, motion.positions),
            mpjpe_local_mm=mpjpe_local(smooth.positions, motion.positions),
            before=physical_errors(motion.positions, motion.fps),
            after=physical_errors(smooth.positions, motion.fps),
            residual_force_n_mean=1.0 + digest,
            residual_force_n_max=2.0 + digest,
            residual_torque_nm_mean=0.5,
            assist_limit_n=0.0,
            attempts=1,
            policy="base",
            mujoco="",
            seed=seed,
            seconds=0.1,
        )
        return Correction(smooth, report)


def run_quietly(
    recipe: Recipe,
    folder: Path,
    generator: FakeGenerator | None = None,
    corrector: FakeCorrector | None = None,
    seeds_at_once: int = 1,
) -> list[dict[str, Any]]:
    """Run a recipe in a folder, or resume the run that is there, and return the lines of its metrics."""
    store = create_run(folder, recipe, resume=folder.exists())
    data = load_data(store.recipe.data)
    return run_loop(store, data, generator or FakeGenerator(), corrector or FakeCorrector(), True, seeds_at_once)
