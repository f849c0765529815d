"""The self-consuming loop: algorithm 1 of Gillman et al., "Self-Correcting Self-Consuming Loops for Generative Model
Training", ICML 2024, with any of the strategies in place of its own.

    generation 0: train on the real data, from scratch or a checkpoint      (once; all arms start from it)
    generation t: sample int(lambda n) motions from generation t - 1        synthesize
                  replace them by their corrections                         synthesize, while sampling goes on
                  compose the training set; train on from generation t - 1  fit
                  sample the evaluation prompts, correct, measure           sample, evaluate

Each stage leaves its result in the run's directory and is not made again where that is there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from loop_client.runs.arms import ArmRecipe
from loop_client.runs.real_motions import RealData, check_rate
from loop_client.evaluation.embedding import cached_embedding
from loop_client.evaluation.sample_metrics import Evaluation, Prompts, evaluation_prompts
from loop_client.runs.metrics_log import MetricsLog
from loop_client.runs.generation_paths import VERIFIED, Place
from loop_client.runs.production import Order, produce, read_production
from loop_client.runs.progress import Progress
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.round_trip import RoundTrip
from loop_client.runs.seeds import derived_generator, derived_seed
from loop_client.runs.start_facts import start_facts, with_policy
from loop_client.runs.run_store import RunStore, locked, once, read_json, write_json
from loop_client.strategy import STRATEGIES, draw_subset, number_synthetic
from loop_client.evaluation.set_summary import summarize_motions, summarize_reports
from loop_client.runs.training_set import (
    Item,
    count_origins,
    real_items,
    real_motions,
    synthetic_items,
    synthetic_order,
    training_set,
)
from loop_client.runs.verification import TextDistance, kept_names, plausible_mm, summarize_verification, verify
from motion.errors import InvalidInput
from motion.protocols import Corrector, FitProgress, Generator, SampleOptions

_CURVE_POINTS = 100
_RECENT_STEPS = 50


def run_loop(
    store: RunStore, data: RealData, generator: Generator, physics: Corrector, quiet: bool = False
) -> list[dict[str, Any]]:
    """Run the recipe of a store to its end; the lines of its metrics.jsonl.

    Args:
        store: a new run, or one that was cut off, which goes on where it was.
        data: what `load_data` makes of the recipe's.
        generator, physics: in-process or over the network.
        quiet: show no progress.

    Raises:
        InvalidInput: the run was begun with other data, or the recipe asks for what generator or corrector refuse.
        ServiceUnavailable: a service went away; the run can be gone on with.
    """
    check_rate(generator)
    policy, known = store.recipe.correction.policy, physics.describe().policies
    if policy and policy not in known:
        raise InvalidInput.of("correction.policy", f"is {policy!r}; the corrector has {', '.join(known)}")
    with locked(store):
        store.add_start({"data": data.content_ids()}, start_facts(generator, physics))
        recipe = with_policy(store.recipe, store.facts["starts"][0])
        progress = Progress(1 + len(recipe.seeds) * _stages(recipe), quiet)
        try:
            with MetricsLog(store.tensorboard, store.metrics()) as log:
                loop = _Loop(recipe, data, store, generator, physics, progress, log)
                for seed in recipe.seeds:
                    loop.run(seed)
        finally:
            progress.close()
        return store.metrics()


def _stages(recipe: Recipe) -> int:
    arms = sum(4 if STRATEGIES[arm.strategy].synthesizes else 3 for arm in recipe.arms)
    return 3 + recipe.generations * arms


class _Loop:
    """What the stages have in common."""

    def __init__(
        self,
        recipe: Recipe,
        data: RealData,
        store: RunStore,
        generator: Generator,
        physics: Corrector,
        progress: Progress,
        log: MetricsLog,
    ):
        self.recipe = recipe
        self.data = data
        self.store = store
        self.generator = generator
        self.correctors: dict[str, Corrector | None] = {
            "identity": None,
            "roundtrip": RoundTrip(),
            "physics": physics,
        }
        self.progress = progress
        self.log = log
        self.longest = generator.describe().max_frames
        settings = recipe.evaluation
        with progress.stage("training the embedding") as count:
            embedding = cached_embedding(store.embedding, data.everything(), settings.embedding, count)
        self.evaluation = Evaluation(embedding, data.test)
        self.embedding_name = embedding.name
        self.prompts: Prompts = evaluation_prompts(data.test, settings.samples, self.longest, recipe.data.seed)
        once(store.real, lambda: self.evaluation.of_real(data.first(settings.samples)))

    def run(self, seed: int) -> None:
        """All generations of all arms with one seed."""
        first = self._place(seed, None, 0)
        self.generation(first)
        for arm in self.recipe.arms:
            self._record(first, arm)
        for generation in range(1, self.recipe.generations + 1):
            for arm in self.recipe.arms:
                place = self._place(seed, arm, generation)
                self.generation(place)
                self._record(place, arm)

    def generation(self, place: Place) -> None:
        """All stages of one generation of one arm."""
        if place.arm and STRATEGIES[place.arm.strategy].synthesizes:
            last = place.verified if place.arm.verifier else place.synthetic / "raw.npz"
            self._stage("synthesizing", place, last, self.synthesize)
        self._stage("fitting", place, place.fit, self.fit)
        self._stage("sampling", place, place.folder / "samples/raw.npz", self.sample)
        self._stage("evaluating", place, place.metrics, self.evaluate)

    def synthesize(self, place: Place, count: Callable[[int, int], None]) -> None:
        """Motions of the model before, corrected and verified as the arm says."""
        assert place.arm is not None
        rule = place.arm.verifier
        real = real_motions(self.recipe, place.arm, self.data, place.seed, place.generation)
        before = self._checkpoint(place.seed, place.arm, place.generation - 1)
        order = synthetic_order(self.recipe, place.arm, real, place.seed, place.generation, before, self.longest)
        corrector = self.correctors["physics" if order.verified else place.arm.corrector]
        production = produce(order, self.generator, corrector, place.synthetic, count)
        if rule:
            write_json(place.verified, verify(production, rule, self._plausible_mm, self._text_distance))

    def fit(self, place: Place, count: Callable[[int, int], None]) -> None:
        """Compose the training set and train on it."""
        items = self._items(place)
        curve: list[tuple[int, float | None]] = []

        def follow(line: FitProgress) -> None:
            curve.append((line.step, line.loss if math.isfinite(line.loss) else None))
            count(line.step, line.steps)

        settings = self.recipe.generator
        anew = not place.generation or settings.retrain == "scratch"
        steps = settings.first_steps if anew else settings.later_steps
        init = settings.init if anew else self._checkpoint(place.seed, place.arm, place.generation - 1)
        seed = derived_seed(place.seed, place.generation, "fit")
        chosen = {**settings.training(anew), **(place.arm.fit_settings() if place.arm and place.generation else {})}
        named = {name: _setting_text(value) for name, value in chosen.items()}
        dataset = self.generator.upload(training_set(items))
        checkpoint = self.generator.fit(dataset, init, steps, seed, named, follow)
        every = max(1, len(curve) // _CURVE_POINTS)
        recent = [loss for _, loss in curve[-_RECENT_STEPS:] if loss is not None]
        write_json(
            place.fit,
            {
                "checkpoint": checkpoint,
                "init": init,
                "dataset": dataset,
                "steps": steps,
                "seed": seed,
                "settings": named,
                "loss": sum(recent) / len(recent) if recent else None,
                "curve": curve[::-every][::-1],
                "items": [{"id": item.motion.name, "origin": item.origin} for item in items],
            },
        )

    def sample(self, place: Place, count: Callable[[int, int], None]) -> None:
        """The evaluated samples, on the same prompts in every arm, and corrections of the first of them."""
        sampling = self.recipe.sampling
        order = Order(
            names=self.prompts.names,
            prompts=self.prompts.prompts,
            lengths=self.prompts.lengths,
            captions=[(prompt,) for prompt in self.prompts.prompts],
            seed=derived_seed(place.seed, place.generation, "evaluation"),
            options=SampleOptions(read_json(place.fit)["checkpoint"], sampling.guidance, sampling.steps),
            replaced=[index < self.recipe.evaluation.corrected for index in range(len(self.prompts.names))],
            correction_seed=derived_seed(place.seed, place.generation, "correction"),
            correction=self.recipe.correction.options(),
        )
        corrector = self.correctors["physics"] if self.recipe.evaluation.corrected else None
        produce(order, self.generator, corrector, place.folder / "samples", count)

    def evaluate(self, place: Place, count: Callable[[int, int], None]) -> None:
        """Everything that metrics.jsonl says of one generation."""
        items = self._items(place)
        fit = read_json(place.fit)
        document: dict[str, Any] = {
            "checkpoint": fit["checkpoint"],
            # Not its loss: a fit that was cut off and gone on with brings only the later part of the curve.
            "training": {**count_origins(items), "steps": fit["steps"]},
            "synthetic": None,
            "embedding": self.embedding_name,
            **self.evaluation.of_samples(read_production(place.folder / "samples")),
        }
        if place.arm and STRATEGIES[place.arm.strategy].synthesizes:
            document["synthetic"] = self._synthetic_facts(place, place.arm)
        write_json(place.metrics, document)

    def _synthetic_facts(self, place: Place, arm: ArmRecipe) -> dict[str, Any]:
        """How much of what was asked for is trained on, and what correction and verifier did."""
        n = arm.n or len(self.data.train)
        production = read_production(place.synthetic)
        used = self._synthetic_items(place.synthetic, arm)
        return {
            "asked": number_synthetic(self.recipe.synthetic.share, n),
            "invalid": len(production.raw) - len(production.valid()),
            "failed": sum(report.status != "OK" for report in production.reports()),
            "used": len(used),
            "lambda_asked": self.recipe.synthetic.share,
            "lambda_reached": len(used) / n,
            "trained": summarize_motions([item.motion for item in used]),
            "corrections": summarize_reports(production.reports()),
            "verifier": summarize_verification(read_json(place.verified)) if arm.verifier else None,
        }

    def _synthetic_items(self, folder: Path, arm: ArmRecipe) -> list[Item]:
        """What is trained on of the synthetic motions in a folder."""
        items = synthetic_items(read_production(folder), arm)
        if not arm.verifier:
            return items
        kept = kept_names(read_json(folder / VERIFIED))
        return [item for item in items if item.motion.name in kept]

    @cached_property
    def _plausible_mm(self) -> float:
        return plausible_mm(self.data.train.motions)

    @cached_property
    def _text_distance(self) -> TextDistance:
        from loop_client.evaluation.evaluator.evaluator import SHIPPED, load_evaluator

        return load_evaluator(SHIPPED).text_distance

    def _items(self, place: Place) -> list[Item]:
        """The training set of one generation."""
        if place.arm is None:
            return real_items(self.data.train)
        real = real_motions(self.recipe, place.arm, self.data, place.seed, place.generation)
        strategy = STRATEGIES[place.arm.strategy]
        synthetic = []
        if strategy.synthesizes:
            folders = [
                self.store.generation(place.seed, place.arm.name, generation) / "synthetic"
                for generation in range(1, place.generation + 1)
            ]
            synthetic = [self._synthetic_items(folder, place.arm) for folder in folders]
        composed = strategy.compose(real_items(real), synthetic)
        if strategy.fixed_size:
            rng = derived_generator(place.seed, place.generation, "mixture")
            composed = [composed[index] for index in draw_subset([""] * len(composed), len(real), rng)]
        return composed

    def _checkpoint(self, seed: int, arm: ArmRecipe | None, generation: int) -> str:
        return read_json(self._place(seed, arm, generation).fit)["checkpoint"]

    def _place(self, seed: int, arm: ArmRecipe | None, generation: int) -> Place:
        folder = self.store.generation(seed, arm.name if arm else "", generation)
        return Place(seed, arm if generation else None, generation, folder)

    def _record(self, place: Place, arm: ArmRecipe) -> None:
        line = {"seed": place.seed, "arm": arm.name, "generation": place.generation}
        line |= read_json(place.metrics)
        if self.store.add_metrics(line):
            self.log.add(line)

    def _stage(
        self, what: str, place: Place, result: Path, make: Callable[[Place, Callable[[int, int], None]], None]
    ) -> None:
        """Make the result of a stage, if it is not there."""
        arm = place.arm.name if place.arm else None

        def timing(seconds: float) -> None:
            line = {"seed": place.seed, "arm": arm, "generation": place.generation, "stage": what}
            self.store.add_timing({**line, "seconds": round(seconds, 3)})

        if result.exists():
            self.progress.skip()
            return
        place.folder.mkdir(parents=True, exist_ok=True)
        with self.progress.stage(f"{place} · {what}", timing) as count:
            make(place, count)


def _setting_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
