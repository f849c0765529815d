"""Recipes: one TOML file that says an experiment whole."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from loop_client.runs.arms import ArmRecipe
from loop_client.experiments.check_recipe import CheckRecipe, check_violations
from loop_client.evaluation.measures import BY_PATH
from loop_client.strategy import STRATEGIES, number_synthetic
from motion.shell.toml_text import format_toml
from motion.shell import recipe_file
from motion.errors import InvalidInput, Violation
from motion.protocols import MOST_EFFORT, CorrectionOptions
from motion.shell.schema import (
    Either,
    Integer,
    Key,
    ListOf,
    Number,
    Scalars,
    Table,
    Text,
    to_table,
)

_PACKAGE = "loop_client"
HELD_OUT, SPLIT = "held_out", "split"
_ASSIST = Either((Number(0.0), Text(("auto", "none"))), "'auto', 'none' or a number of newtons")


@dataclass(frozen=True)
class DataRecipe:
    """Real motion.

    Attributes:
        train: `default`, the set that ships with Plumb, or the path of a set; `$NAME/` stands for a folder named by
            the environment.
        test: `held_out`, the motions of `train` that the subset leaves out; `split`, those that the set itself says are
            for testing, where it has splits, and then only its split `train` is trained on; or the path of a set.
        drop: fields of the sets' metadata; a motion for which one is true, or says something, is left out.
        index, sources, not_sources: HumanML3D's index.csv, and of it the clips whose recording's path has one of these
            texts in it and none of those: `["BMLmovi"]` as Gillman et al.
        n: motions trained on.
        test_n: motions that results are compared with, at most.
        balance: a field of the metadata whose values take turns when motions are drawn; empty for a plain draw.
        seed: of the draw.
    """

    n: Annotated[int, Integer(2)]
    train: Annotated[str, Text()] = "default"
    test: Annotated[str, Text()] = HELD_OUT
    drop: Annotated[tuple[str, ...], ListOf(Text())] = ()
    index: Annotated[str, Text(may_be_empty=True)] = ""
    sources: Annotated[tuple[str, ...], ListOf(Text())] = ()
    not_sources: Annotated[tuple[str, ...], ListOf(Text())] = ()
    test_n: Annotated[int, Integer(2)] = 64
    balance: Annotated[str, Text(may_be_empty=True)] = ""
    seed: Annotated[int, Integer()] = 0

    def __post_init__(self) -> None:
        if bool(self.index) != bool(self.sources):
            raise InvalidInput.of("index", f"is {self.index!r} and sources are {list(self.sources)}; give both or none")


@dataclass(frozen=True)
class GeneratorRecipe:
    """Training.

    Attributes:
        first_steps: optimizer steps of generation 0, on the real motions.
        later_steps: optimizer steps of each later generation, from the checkpoint before, in every arm.
        init: the checkpoint that generation 0 goes on from, as the generator knows it; from scratch where it is empty.
        retrain: `finetune`, go on from the checkpoint before; `scratch`, begin each generation as generation 0 did.
        optimizer: `fresh` in each generation, as published, or `kept`: go on with its moments, where those of the
            checkpoint before were kept.
        settings: the generator's own settings, as it names them.
        later_settings: what is different of them where a generation goes on from the checkpoint before.
    """

    first_steps: Annotated[int, Integer(1)]
    later_steps: Annotated[int, Integer(1)]
    init: Annotated[str, Text(may_be_empty=True)] = ""
    retrain: Annotated[str, Text(("finetune", "scratch"))] = "finetune"
    optimizer: Annotated[str, Text(("fresh", "kept"))] = "fresh"
    settings: Annotated[dict[str, Any], Scalars()] = field(default_factory=dict)
    later_settings: Annotated[dict[str, Any], Scalars()] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.later_settings and self.retrain == "scratch":
            raise InvalidInput.of("later_settings", "has no place with retrain 'scratch', where nothing goes on")

    def training(self, anew: bool) -> dict[str, Any]:
        """What is asked of the generator's training, by the names of its settings; `anew` as in generation 0."""
        chosen = self.settings if anew else self.settings | self.later_settings
        return chosen | ({"keep_optimizer": True} if self.optimizer == "kept" else {})


@dataclass(frozen=True)
class SamplingRecipe:
    """Sampling; what is absent is left to the model.

    Attributes:
        guidance: classifier-free guidance scale; 1 is none.
        steps: denoising steps.
    """

    guidance: Annotated[float | None, Number(0.0)] = None
    steps: Annotated[int | None, Integer(1, 10_000)] = None


@dataclass(frozen=True)
class SyntheticRecipe:
    """Synthetic motions.

    Attributes:
        share: lambda; int(lambda n) are made each generation.
        captions: what they are trained with, `source`: all captions of the real motion that gave the prompt, as
            published, or `prompt`: the prompt alone.
    """

    share: Annotated[float, Number(0.0, 100.0), Key("lambda")] = 1.0
    captions: Annotated[str, Text(("source", "prompt"))] = "source"


@dataclass(frozen=True)
class CorrectionRecipe:
    """Options of the physics corrector: see `motion.protocols.CorrectionOptions`."""

    policy: Annotated[str, Text(may_be_empty=True)] = ""
    assist: Annotated[str | float, _ASSIST] = "auto"
    effort: Annotated[int, Integer(1, MOST_EFFORT)] = 1

    def options(self) -> CorrectionOptions:
        return CorrectionOptions(self.policy, self.assist, self.effort)


@dataclass(frozen=True)
class EmbeddingRecipe:
    """The embedding that FID and diversity are measured in: see `loop_client.evaluation.embedding`.

    Attributes:
        size: dimensions, an even number; fewer than there are samples, so that covariances are not singular.
        width: channels inside the network.
        steps: optimizer steps.
        seed: of weights and batches.
    """

    size: Annotated[int, Integer(2, 512)] = 32
    width: Annotated[int, Integer(8, 1024)] = 64
    steps: Annotated[int, Integer(1, 100_000)] = 300
    seed: Annotated[int, Integer()] = 0

    def __post_init__(self) -> None:
        if self.size % 2:
            raise InvalidInput.of("size", f"is {self.size}; must be even: half are means, half deviations over time")


@dataclass(frozen=True)
class EvaluationRecipe:
    """What is measured in each generation.

    Attributes:
        samples: motions sampled from the model, on prompts and lengths of the test motions.
        corrected: how many of them are also corrected by physics, in every arm, to see how much they lack.
        embedding: what FID and diversity are measured in.
    """

    samples: Annotated[int, Integer(2, 100_000)] = 64
    corrected: Annotated[int, Integer(0, 100_000)] = 32
    embedding: EmbeddingRecipe = EmbeddingRecipe()


@dataclass(frozen=True)
class Recipe:
    """An experiment: data, generator, strategies and correctors, metrics and seeds.

    Attributes:
        generations: how many follow generation 0, which all arms share.
        seeds: the whole experiment is made once with each.
        paper, row, minutes: of an experiment of a paper: where it is from, what it must show, and how long it takes on
            two cores, about.
        checks: the row, as statements about numbers of metrics.jsonl, named by their keys with dots between.
    """

    name: Annotated[str, Text()]
    data: DataRecipe
    generator: GeneratorRecipe
    arms: Annotated[tuple[ArmRecipe, ...], ListOf(Table(ArmRecipe), least=1)]
    generations: Annotated[int, Integer(1, 10_000)]
    title: Annotated[str, Text(may_be_empty=True)] = ""
    seeds: Annotated[tuple[int, ...], ListOf(Integer(), least=1)] = (0,)
    sampling: SamplingRecipe = SamplingRecipe()
    synthetic: SyntheticRecipe = SyntheticRecipe()
    correction: CorrectionRecipe = CorrectionRecipe()
    evaluation: EvaluationRecipe = EvaluationRecipe()
    paper: Annotated[str, Text(may_be_empty=True)] = ""
    row: Annotated[str, Text(may_be_empty=True)] = ""
    minutes: Annotated[float, Number()] = 0.0
    checks: Annotated[tuple[CheckRecipe, ...], ListOf(Table(CheckRecipe))] = ()

    def __post_init__(self) -> None:
        names = [arm.name.lower() for arm in self.arms]
        twice = sorted({name for name in names if names.count(name) > 1})
        violations = [Violation("arms", f"has {name!r} more than once; each name must be its own") for name in twice]
        violations += check_violations(self.checks, [arm.name for arm in self.arms], self.generations)
        helped = [arm.name for arm in self.arms if arm.verifier and arm.verifier.kind == "force"]
        if helped and self.correction.assist == "none":
            says = f"is 'none', and the verifier of arm {helped[0]!r} is by the help that there is"
            violations.append(Violation("correction.assist", says))
        violations += [
            Violation(f"checks[{index}].metric", f"is {check.metric!r}; must be one of {', '.join(BY_PATH)}")
            for index, check in enumerate(self.checks)
            if check.metric not in BY_PATH
        ]
        violations += [
            Violation(f"checks[{index}].kind", "is 'effective_size', which is told from real points alone")
            for index, check in enumerate(self.checks)
            if check.kind == "effective_size"
        ]
        for index, arm in enumerate(self.arms):
            strategy = STRATEGIES[arm.strategy]
            if strategy.extrapolates and self.generator.retrain == "scratch" and not self.generator.init:
                said = f"is {arm.strategy!r}; trained from scratch, there is nothing to go away from"
                violations.append(Violation(f"arms[{index}].strategy", said))
            if strategy.only_synthetic and not number_synthetic(self.synthetic.share, self.data.n):
                said = f"is {self.synthetic.share:g}; of {self.data.n} motions arm {arm.name!r} would learn from none"
                violations.append(Violation("synthetic.lambda", said))
        if self.checks and len(self.seeds) < 2:
            violations.append(Violation("seeds", f"are {list(self.seeds)}; checks need two at least"))
        if len(set(self.seeds)) != len(self.seeds):
            violations.append(Violation("seeds", f"are {list(self.seeds)}; each must be there once"))
        if violations:
            raise InvalidInput(violations)

    def to_toml(self) -> str:
        """The recipe with all its defaults written out, as TOML that reads as this recipe again."""
        return format_toml(to_table(self))


def shipped_recipes() -> dict[str, str]:
    """The text of each recipe that ships with Plumb, by name."""
    return recipe_file.shipped_recipes(_PACKAGE)


def load_recipe(name_or_path: str | os.PathLike[str]) -> Recipe:
    """The recipe of this name, or in this file. Raises as `recipe_file.read_recipe`."""
    return recipe_file.read_recipe(Recipe, name_or_path, _PACKAGE)


def parse_recipe(text: str, where: str = "recipe") -> Recipe:
    """The recipe that a TOML text says. Raises as `recipe_file.read_recipe`."""
    return recipe_file.parse_recipe(Recipe, text, where)


def recipe_of(table: Mapping[str, Any], where: str = "recipe") -> Recipe:
    """The recipe in a plain table. Raises as `recipe_file.read_recipe`."""
    return recipe_file.recipe_of(Recipe, table, where)
