"""The self-consuming loop: algorithm 1 of Gillman et al., "Self-Correcting Self-Consuming Loops for Generative Model
Training", ICML 2024, with any of the strategies in place of its own.

    generation 0: train on the real data from scratch                       (once; all arms start from it)
    generation t: sample int(lambda n) motions from generation t - 1        synthesize
                  replace them by their corrections                         synthesize, while sampling goes on
                  compose the training set; train on from generation t - 1  fit
                  sample the evaluation prompts, correct, measure           sample, evaluate

Each stage leaves its result in the run's directory and is not made again where that is there.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from loop_client.data import RealData
from loop_client.embedding import cached_embedding
from loop_client.evaluation import Evaluation, Prompts, evaluation_prompts
from loop_client.production import Order, Production, produce, read_production
from loop_client.progress import Progress
from loop_client.recipe import ArmRecipe, Recipe
from loop_client.round_trip import RoundTrip
from loop_client.seeds import derived_generator, derived_seed
from loop_client.store import RunStore, locked, once, read_json, write_json
from loop_client.strategy import STRATEGIES, draw_subset, number_synthetic
from loop_client.summary import summarize_reports
from loop_client.training import (
    Item,
    count_origins,
    real_items,
    real_motions,
    synthetic_items,
    synthetic_order,
    training_set,
)
from motion import __version__
from motion.protocols import Corrector, FitProgress, Generator, SampleOptions

_PACKAGES = ("numpy", "scipy", "torch", "mujoco", "grpcio")
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
    with locked(store):
        recipe = store.recipe
        store.add_start({"data": data.content_ids()}, _start_facts(generator, physics))
        progress = Progress(1 + len(recipe.seeds) * _stages(recipe), quiet)
        try:
            loop = _Loop(recipe, data, store, generator, physics, progress)
            for seed in recipe.seeds:
                loop.run(seed)
        finally:
            progress.close()
        return store.metrics()


def _stages(recipe: Recipe) -> int:
    arms = sum(4 if STRATEGIES[arm.strategy].synthesizes else 3 for arm in recipe.arms)
    return 3 + recipe.generations * arms


def _start_facts(generator: Generator, physics: Corrector) -> dict[str, Any]:
    versions = {"plumb-motion": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "absent"
    made_by = asdict(generator.describe())
    del made_by["checkpoints"]
    return {"versions": versions, "generator": made_by, "corrector": asdict(physics.describe())}


@dataclass(frozen=True)
class _Place:
    """One generation of one arm (None in generation 0, which is everyone's), and where it is kept."""

    seed: int
    arm: ArmRecipe | None
    generation: int
    folder: Path

    @property
    def fit(self) -> Path:
        return self.folder / "fit.json"

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.json"

    def __str__(self) -> str:
        return f"seed {self.seed} · generation {self.generation} · {self.arm.name if self.arm else 'all arms'}"


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
        self.longest = generator.describe().max_frames
        settings = recipe.evaluation
        with progress.stage("training the embedding") as count:
            embedding = cached_embedding(store.embedding, data.everything(), settings.embedding, count)
        self.evaluation = Evaluation(embedding, data.test)
        self.embedding_name = embedding.name
        self.prompts: Prompts = evaluation_prompts(data.test, settings.samples, self.longest, recipe.data.seed)
        once(store.real, lambda: self.evaluation.of_real(data.train))

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

    def generation(self, place: _Place) -> None:
        """All stages of one generation of one arm."""
        if place.arm and STRATEGIES[place.arm.strategy].synthesizes:
            self._stage("synthesizing", place, place.folder / "synthetic/raw.npz", self.synthesize)
        self._stage("fitting", place, place.fit, self.fit)
        self._stage("sampling", place, place.folder / "samples/raw.npz", self.sample)
        self._stage("evaluating", place, place.metrics, self.evaluate)

    def synthesize(self, place: _Place, count: Callable[[int, int], None]) -> None:
        """Motions of the model before, corrected as the arm says."""
        assert place.arm is not None
        real = real_motions(self.recipe, place.arm, self.data, place.seed, place.generation)
        before = self._checkpoint(place.seed, place.arm, place.generation - 1)
        order = synthetic_order(self.recipe, place.arm, real, place.seed, place.generation, before, self.longest)
        produce(order, self.generator, self.correctors[place.arm.corrector], place.folder / "synthetic", count)

    def fit(self, place: _Place, count: Callable[[int, int], None]) -> None:
        """Compose the training set and train on it."""
        items = self._items(place)
        curve: list[tuple[int, float]] = []

        def follow(line: FitProgress) -> None:
            curve.append((line.step, line.loss))
            count(line.step, line.steps)

        settings = self.recipe.generator
        steps = settings.later_steps if place.generation else settings.first_steps
        init = self._checkpoint(place.seed, place.arm, place.generation - 1) if place.generation else ""
        seed = derived_seed(place.seed, place.generation, "fit")
        named = {name: _setting_text(value) for name, value in settings.settings.items()}
        dataset = self.generator.upload(training_set(items))
        checkpoint = self.generator.fit(dataset, init, steps, seed, named, follow)
        every = max(1, len(curve) // _CURVE_POINTS)
        recent = [loss for _, loss in curve[-_RECENT_STEPS:]]
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

    def sample(self, place: _Place, count: Callable[[int, int], None]) -> None:
        """The evaluated samples, on the same prompts in every arm, and corrections of the first of them."""
        sampling = self.recipe.sampling
        order = Order(
            names=self.prompts.names,
            prompts=self.prompts.prompts,
            lengths=self.prompts.lengths,
            captions=[(prompt,) for prompt in self.prompts.prompts],
            seed=derived_seed(place.seed, place.generation, "evaluation"),
            options=SampleOptions(read_json(place.fit)["checkpoint"], sampling.guidance, sampling.steps),
            chosen=[index < self.recipe.evaluation.corrected for index in range(len(self.prompts.names))],
            correction_seed=derived_seed(place.seed, place.generation, "correction"),
            correction=self.recipe.correction.options(),
        )
        corrector = self.correctors["physics"] if self.recipe.evaluation.corrected else None
        produce(order, self.generator, corrector, place.folder / "samples", count)

    def evaluate(self, place: _Place, count: Callable[[int, int], None]) -> None:
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
            document["synthetic"] = self._synthetic_facts(place.arm, read_production(place.folder / "synthetic"))
        write_json(place.metrics, document)

    def _synthetic_facts(self, arm: ArmRecipe, production: Production) -> dict[str, Any]:
        """How much of what was asked for is trained on, and what its correction did."""
        n = len(self.data.train)
        used = len(synthetic_items(production, arm.failed))
        return {
            "asked": number_synthetic(self.recipe.synthetic.share, n),
            "invalid": len(production.raw) - len(production.valid()),
            "failed": sum(report.status != "OK" for report in production.reports()),
            "used": used,
            "lambda_asked": self.recipe.synthetic.share,
            "lambda_reached": used / n,
            "corrections": summarize_reports(production.reports()),
        }

    def _items(self, place: _Place) -> list[Item]:
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
            synthetic = [synthetic_items(read_production(folder), place.arm.failed) for folder in folders]
        composed = strategy.compose(real_items(real), synthetic)
        if strategy.fixed_size:
            rng = derived_generator(place.seed, place.generation, "mixture")
            composed = [composed[index] for index in draw_subset([""] * len(composed), len(real), rng)]
        return composed

    def _checkpoint(self, seed: int, arm: ArmRecipe | None, generation: int) -> str:
        return read_json(self._place(seed, arm, generation).fit)["checkpoint"]

    def _place(self, seed: int, arm: ArmRecipe | None, generation: int) -> _Place:
        folder = self.store.generation(seed, arm.name if arm else "", generation)
        return _Place(seed, arm if generation else None, generation, folder)

    def _record(self, place: _Place, arm: ArmRecipe) -> None:
        line = {"seed": place.seed, "arm": arm.name, "generation": place.generation}
        self.store.add_metrics({**line, **read_json(place.metrics)})

    def _stage(
        self, what: str, place: _Place, result: Path, make: Callable[[_Place, Callable[[int, int], None]], None]
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
