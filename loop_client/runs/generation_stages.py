"""The stages of one generation: synthesize, train, sample, evaluate."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any

from loop_client.runs.arms import ArmRecipe
from loop_client.runs.generation_metrics import SampleMetrics, summarize_synthetic
from loop_client.runs.generation_paths import GenerationPaths
from loop_client.runs.real_motions import RealData
from loop_client.runs.round_trip import RoundTrip
from loop_client.runs.run_files import read_json, write_json
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.run_store import RunStore
from loop_client.runs.sample_batch import read_sample_batch
from loop_client.runs.sample_pipeline import sample_and_correct
from loop_client.runs.sample_requests import draw_evaluation_prompts, evaluation_request, synthetic_request
from loop_client.runs.seeds import derive_seed
from loop_client.runs.training_set import (
    Item,
    as_motion_set,
    compose_training_set,
    count_origins,
    read_synthetic_items,
    real_items,
    real_motions,
)
from loop_client.runs.verification import TextDistance, plausible_error_mm, verify
from motion.protocols import Corrector, FitProgress, Generator

Count = Callable[[int, int], None]
"""Called with what is done of a stage, and all that there is to do."""

_CURVE_POINTS = 100  # at most about as many points of a loss curve are recorded
_RECENT_STEPS = 50  # whose mean is recorded as the loss of a training


class GenerationStages:
    """Makes the result of each stage of a generation and writes it to the run's folder.

    Args:
        recipe: the recipe of the run.
        data: the real motions of the run.
        store: the folder of the run.
        generator: the generator, in-process or remote.
        physics: the physics corrector, in-process or remote.
    """

    def __init__(self, recipe: Recipe, data: RealData, store: RunStore, generator: Generator, physics: Corrector):
        self._recipe = recipe
        self._data = data
        self._store = store
        self._generator = generator
        self._generator_info = generator.describe()
        self._correctors: dict[str, Corrector | None] = {
            "identity": None,
            "roundtrip": RoundTrip(),
            "physics": physics,
        }
        count, seed = recipe.evaluation.samples, recipe.data.seed
        self._prompts = draw_evaluation_prompts(data.test, count, self._generator_info, seed)

    def paths(self, seed: int, arm: ArmRecipe | None, generation: int) -> GenerationPaths:
        """Return the files of one generation of an arm; generation 0 is the same for all arms."""
        folder = self._store.generation(seed, arm.name if arm else "", generation)
        return GenerationPaths(seed, arm if generation else None, generation, folder)

    def synthesize(self, paths: GenerationPaths, count: Count) -> None:
        """Sample synthetic motions from the generation before; correct and verify them as the arm prescribes."""
        arm = paths.arm
        assert arm is not None
        before = self._checkpoint(paths.seed, arm, paths.generation - 1)
        request = synthetic_request(
            self._recipe,
            arm,
            real_motions(self._recipe, arm, self._data, paths.seed, paths.generation),
            paths.seed,
            paths.generation,
            before,
            self._generator_info,
        )
        corrector = self._correctors["physics" if request.correct_all else arm.corrector]
        batch = sample_and_correct(request, self._generator, corrector, paths.synthetic, count)
        if arm.verifier:
            write_json(paths.verified, verify(batch, arm.verifier, self._plausible_error_mm, self._text_distance))

    def train(self, paths: GenerationPaths, count: Count) -> None:
        """Compose the training set and train the generator on it."""
        settings = self._recipe.generator
        starts_over = settings.starts_over(paths.generation)
        steps = settings.first_steps if starts_over else settings.later_steps
        init = settings.init if starts_over else self._checkpoint(paths.seed, paths.arm, paths.generation - 1)
        chosen = settings.training_settings(paths.generation) | (paths.arm.training_settings() if paths.arm else {})
        texts = {name: _setting_text(value) for name, value in chosen.items()}
        seed = derive_seed(paths.seed, paths.generation, "fit")
        curve: list[tuple[int, float | None]] = []

        def follow(line: FitProgress) -> None:
            curve.append((line.step, line.loss if math.isfinite(line.loss) else None))
            count(line.step, line.steps)

        items = self._items(paths)
        dataset = self._generator.upload(as_motion_set(items))
        checkpoint = self._generator.fit(dataset, init, steps, seed, texts, follow)
        every = max(1, len(curve) // _CURVE_POINTS)
        recent = [loss for _, loss in curve[-_RECENT_STEPS:] if loss is not None]
        write_json(
            paths.training,
            {
                "checkpoint": checkpoint,
                "init": init,
                "dataset": dataset,
                "steps": steps,
                "seed": seed,
                "settings": texts,
                "loss": sum(recent) / len(recent) if recent else None,
                "curve": curve[::-every][::-1],
                "items": [{"id": item.motion.name, "origin": item.origin} for item in items],
            },
        )

    def sample(self, paths: GenerationPaths, count: Count) -> None:
        """Sample the evaluation prompts, the same in every arm, and correct the first of the samples."""
        checkpoint = read_json(paths.training)["checkpoint"]
        request = evaluation_request(self._recipe, self._prompts, paths.seed, paths.generation, checkpoint)
        corrector = self._correctors["physics"] if self._recipe.evaluation.corrected else None
        sample_and_correct(request, self._generator, corrector, paths.samples, count)

    def evaluate(self, paths: GenerationPaths, metrics: SampleMetrics) -> None:
        """Compute the metrics of the generation."""
        items = self._items(paths)
        training = read_json(paths.training)
        document: dict[str, Any] = {
            "checkpoint": training["checkpoint"],
            # The loss is not among them: a training that was resumed reports only the later part of its curve.
            "training": {**count_origins(items), "steps": training["steps"]},
            "synthetic": None,
            "embedding": metrics.embedding_name,
            **metrics.measure_samples(read_sample_batch(paths.samples)),
        }
        arm = paths.arm
        if arm and arm.synthesizes:
            document["synthetic"] = summarize_synthetic(
                arm,
                self._recipe.synthetic.share,
                len(self._data.train),
                read_sample_batch(paths.synthetic),
                read_synthetic_items(paths.synthetic, paths.verified, arm),
                read_json(paths.verified) if arm.verifier else None,
            )
        write_json(paths.metrics, document)

    def _items(self, paths: GenerationPaths) -> list[Item]:
        """Return the training set of one generation."""
        arm = paths.arm
        if arm is None:
            return real_items(self._data.train)
        synthetic = []
        if arm.synthesizes:
            earlier = [self.paths(paths.seed, arm, generation) for generation in range(1, paths.generation + 1)]
            synthetic = [read_synthetic_items(each.synthetic, each.verified, arm) for each in earlier]
        real = real_motions(self._recipe, arm, self._data, paths.seed, paths.generation)
        return compose_training_set(arm, real, synthetic, paths.seed, paths.generation)

    def _checkpoint(self, seed: int, arm: ArmRecipe | None, generation: int) -> str:
        return read_json(self.paths(seed, arm, generation).training)["checkpoint"]

    @cached_property
    def _plausible_error_mm(self) -> float:
        return plausible_error_mm(self._data.train.motions)

    @cached_property
    def _text_distance(self) -> TextDistance:
        # Only verifiers of kind `score` need the evaluator, and loading it takes a while.
        from loop_client.evaluation.evaluator.evaluator import SHIPPED, load_evaluator

        return load_evaluator(SHIPPED).text_distance


def _setting_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
