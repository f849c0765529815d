"""The self-consuming loop.

It is algorithm 1 of Gillman et al., "Self-Correcting Self-Consuming Loops for Generative Model Training", ICML 2024,
with any of our strategies in place of theirs:

    generation 0: train on the real data, from scratch or a checkpoint      (once; all arms start from it)
    generation t: sample int(lambda n) motions from generation t - 1        synthesize
                  replace them by their corrections                         synthesize, while sampling goes on
                  compose the training set; train on from generation t - 1  train
                  sample the evaluation prompts, correct, measure           sample, evaluate

Each stage leaves its result in the run's folder and is skipped if its result is there. Seeds do not depend on each
other and may run side by side: while one trains, another samples or corrects.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from loop_client.evaluation.embedding import cached_embedding
from loop_client.evaluation.sampling_limits import check_rate
from loop_client.evaluation.torch_threads import single_threaded_torch
from loop_client.runs.arms import ArmRecipe
from loop_client.runs.generation_metrics import SampleMetrics
from loop_client.runs.generation_paths import GenerationPaths
from loop_client.runs.generation_stages import Count, GenerationStages
from loop_client.runs.metrics_log import MetricsLog
from loop_client.runs.progress import Progress
from loop_client.runs.real_motions import RealData
from loop_client.runs.run_files import read_json, read_or_make_json
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.run_store import RunStore, lock_run
from loop_client.runs.start_record import start_record, with_recorded_policy
from loop_client.runs.text_motion_metrics import TextMotionMetrics
from motion.cpu import single_threaded_blas
from motion.errors import InvalidInput
from motion.protocols import Corrector, Generator


def run_loop(
    store: RunStore,
    data: RealData,
    generator: Generator,
    physics: Corrector,
    quiet: bool = False,
    seeds_at_once: int = 1,
) -> list[dict[str, Any]]:
    """Run the recipe of a store to its end.

    Args:
        store: a new run, or one that was interrupted and is resumed.
        data: the real motions that `load_data` reads for the recipe.
        generator: the generator, in-process or remote.
        physics: the physics corrector, in-process or remote.
        quiet: show no progress.
        seeds_at_once: number of seeds that run side by side; results do not depend on it. With more than one, an
            interrupt waits for the stages that are running.

    Returns:
        The lines of metrics.jsonl.

    Raises:
        InvalidInput: the run was started with other data, or the generator or the corrector refuses what the recipe
            asks for.
        ServiceUnavailable: a service went away; the run can be resumed.
    """
    generator_info, corrector_info = generator.describe(), physics.describe()
    check_rate(generator_info)
    policy = store.recipe.correction.policy
    if policy and policy not in corrector_info.policies:
        known = ", ".join(corrector_info.policies)
        raise InvalidInput.of("correction.policy", f"is {policy!r}; the corrector has {known}")
    # The loop's own products are small; more BLAS threads would only take cores from the services. The number of torch
    # threads belongs to the process, so that seeds side by side must not set it each for itself.
    torch_threads = single_threaded_torch() if seeds_at_once > 1 else nullcontext()
    with lock_run(store), single_threaded_blas(), torch_threads:
        store.add_start({"data": data.content_ids()}, start_record(generator_info, corrector_info))
        recipe = with_recorded_policy(store.recipe, store.facts["starts"][0])
        progress = Progress(1 + len(recipe.seeds) * _number_of_stages(recipe), quiet)
        try:
            with MetricsLog(store.tensorboard, store.metrics()) as log:
                stages = GenerationStages(recipe, data, store, generator, physics)
                _Loop(recipe, data, store, stages, progress, log).run(recipe.seeds, seeds_at_once)
        finally:
            progress.close()
        return store.metrics()


def _number_of_stages(recipe: Recipe) -> int:
    return 3 + recipe.generations * sum(4 if arm.synthesizes else 3 for arm in recipe.arms)


class _Stopped(Exception):
    """Raised in a seed whose run is given up because another one has failed."""


class _Loop:
    """Runs the stages of all generations in order, and records what each leaves."""

    def __init__(
        self,
        recipe: Recipe,
        data: RealData,
        store: RunStore,
        stages: GenerationStages,
        progress: Progress,
        log: MetricsLog,
    ):
        self._recipe = recipe
        self._data = data
        self._store = store
        self._stages = stages
        self._progress = progress
        self._log = log
        self._metrics: SampleMetrics | None = None
        self._lock = threading.Lock()  # held by the seed that measures or records
        self._stopped = threading.Event()

    def run(self, seeds: Sequence[int], at_once: int) -> None:
        """Run all generations of all arms with some seeds, `at_once` of them side by side."""
        if at_once == 1:
            for seed in seeds:
                self._run_seed(seed)
            return
        with ThreadPoolExecutor(at_once, thread_name_prefix="seed") as pool:
            runs = [pool.submit(self._run_beside, seed) for seed in seeds]
            try:
                wait(runs)
            except BaseException:  # an interrupt
                self._stopped.set()
                raise
        for run in runs:
            run.result()

    def _run_beside(self, seed: int) -> None:
        """Run one seed, unless another one fails; if this one does, stop the others."""
        try:
            self._run_seed(seed)
        except _Stopped:
            pass
        except BaseException:
            self._stopped.set()
            raise

    def _run_seed(self, seed: int) -> None:
        """Run all generations of all arms with one seed."""
        first = self._stages.paths(seed, None, 0)
        self._run_generation(first)
        for arm in self._recipe.arms:
            self._record(first, arm)
        for generation in range(1, self._recipe.generations + 1):
            for arm in self._recipe.arms:
                paths = self._stages.paths(seed, arm, generation)
                self._run_generation(paths)
                self._record(paths, arm)

    def _run_generation(self, paths: GenerationPaths) -> None:
        """Run all stages of one generation of one arm."""
        stages, arm = self._stages, paths.arm
        if arm and arm.synthesizes:
            last = paths.verified if arm.verifier else paths.synthetic / "raw.npz"
            self._stage("synthesizing", paths, last, stages.synthesize)
        self._stage("training", paths, paths.training, stages.train)
        self._stage("sampling", paths, paths.samples / "raw.npz", stages.sample)
        # Only now, so that a generator that refuses the recipe's settings does so before the embedding is trained.
        with self._lock:
            metrics = self._metrics = self._metrics or self._prepare_metrics()

        def evaluate(paths: GenerationPaths, _: Count) -> None:
            with self._lock:
                stages.evaluate(paths, metrics)

        self._stage("evaluating", paths, paths.metrics, evaluate)

    def _prepare_metrics(self) -> SampleMetrics:
        """Train the embedding, if the run does not have it yet, and measure the real motions in it."""
        settings = self._recipe.evaluation
        with self._progress.stage("training the embedding") as count:
            embedding = cached_embedding(self._store.embedding, self._data.everything(), settings.embedding, count)
        metrics = SampleMetrics(embedding, self._data.test, self._text_metrics())
        read_or_make_json(self._store.real, lambda: metrics.measure_real(self._data.first(settings.samples)))
        return metrics

    def _text_metrics(self) -> TextMotionMetrics | None:
        name = self._recipe.evaluation.evaluator
        if not name:
            return None
        from loop_client.evaluation.evaluator.evaluator import load_evaluator

        return TextMotionMetrics(load_evaluator(name), self._data.test)

    def _record(self, paths: GenerationPaths, arm: ArmRecipe) -> None:
        """Add the metrics of a generation to metrics.jsonl, and mirror them for TensorBoard."""
        line = {"seed": paths.seed, "arm": arm.name, "generation": paths.generation}
        line |= read_json(paths.metrics)
        with self._lock:
            if self._store.add_metrics(line):
                self._log.add(line)

    def _stage(
        self, stage: str, paths: GenerationPaths, result: Path, make: Callable[[GenerationPaths, Count], None]
    ) -> None:
        """Make the result of a stage, if it is not there."""
        arm = paths.arm.name if paths.arm else None

        def record_seconds(seconds: float) -> None:
            line = {"seed": paths.seed, "arm": arm, "generation": paths.generation, "stage": stage}
            with self._lock:
                self._store.add_timing({**line, "seconds": round(seconds, 3)})

        if self._stopped.is_set():
            raise _Stopped
        if result.exists():
            self._progress.skip()
            return
        paths.folder.mkdir(parents=True, exist_ok=True)
        with self._progress.stage(f"{paths} · {stage}", record_seconds) as count:
            make(paths, count)
