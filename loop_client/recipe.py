"""Recipes: one TOML file that says an experiment whole."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from loop_client.check_recipe import CheckRecipe, check_violations
from loop_client.measures import BY_PATH
from loop_client.strategy import STRATEGIES, number_synthetic
from loop_client.toml_text import format_toml
from motion import recipe_file
from motion.errors import InvalidInput, Violation
from motion.protocols import MOST_EFFORT, CorrectionOptions
from motion.schema import (
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
CORRECTORS = ("identity", "roundtrip", "physics")
VERIFIERS = ("completed", "phys_err", "distance", "force", "score")
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
    """The embedding that FID and diversity are measured in: see `loop_client.embedding`.

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
class VerifierRecipe:
    """Which synthetic motions are trained on: those that are not too bad.

    Attributes:
        kind: what a motion's badness is. `completed`, the share of it that the corrector's body did not get through;
            `phys_err`, its physical error in millimetres; `distance`, millimetres to its correction (mean over joints);
            `force`, the newtons of help that its correction took, on average; `score`, its distance to its prompt in
            the text-to-motion evaluator.
        most: the most badness that is kept.
        best_of: of so many samples of each prompt only the best is kept: curation, as by Ferbach et al.,
            "Self-Consuming Generative Models with Curated Data Provably Optimize Human Preferences", NeurIPS 2024.
    """

    kind: Annotated[str, Text(VERIFIERS)]
    most: Annotated[float, Number(0.0, finite=False)] = math.inf
    best_of: Annotated[int, Integer(1, 1000)] = 1

    def __post_init__(self) -> None:
        if math.isinf(self.most) and self.best_of == 1:
            raise InvalidInput.of("most", "is inf and best_of is 1; a verifier that keeps everything is none")

    @property
    def by_correction(self) -> bool:
        """Whether it asks the physics corrector, whether or not the corrections are trained on."""
        return self.kind in ("completed", "distance", "force")


@dataclass(frozen=True)
class ArmRecipe:
    """One way of training on one's own output.

    Attributes:
        name: names its folder and its curve.
        strategy: one of `loop_client.strategy.STRATEGIES`.
        corrector: `identity` (none), `roundtrip` (re-encoded, no physics) or `physics`.
        gamma: strength of the correction; each synthetic motion is replaced by its correction with probability
            gamma / (1 + gamma).
        relaxation: how far each of those goes to its correction: x + relaxation (correction - x). A correction is no
            projection: what is corrected again changes again. One that goes half of the way (under-relaxed, as a
            fixed-point iteration that overshoots) leaves less of that to be learned.
        failed: what becomes of a motion whose correction failed: `drop` it, or train on it as it was (`keep`).
        verifier: which synthetic motions are trained on; by default all.
        bias: of sampling the synthetic motions (those that are evaluated have none), as Alemohammad et al. (ICLR 2024)
            have it: guidance of scale 1 / bias; by default they are sampled as the recipe says.
        n: real motions that strategy `fresh` draws each generation; by default the recipe's.
        w: how far strategy `neon` goes the other way.
    """

    name: Annotated[str, Text()]
    strategy: Annotated[str, Text(tuple(STRATEGIES))]
    corrector: Annotated[str, Text(CORRECTORS)] = "identity"
    gamma: Annotated[float, Number(0.0, finite=False)] = math.inf
    relaxation: Annotated[float, Number(0.01, 1.0)] = 1.0
    failed: Annotated[str, Text(("drop", "keep"))] = "drop"
    verifier: Annotated[VerifierRecipe | None, Table(VerifierRecipe)] = None
    bias: Annotated[float | None, Number(0.01, 1.0)] = None
    n: Annotated[int, Integer()] = 0
    w: Annotated[float | None, Number(0.0)] = None

    def __post_init__(self) -> None:
        strategy = STRATEGIES.get(self.strategy)
        if self.n and strategy and not strategy.fresh_real:
            raise InvalidInput.of("n", f"is {self.n}; strategy {self.strategy!r} draws no real motions anew")
        if strategy and strategy.extrapolates != (self.w is not None):
            wanted = "must say how far it goes" if self.w is None else f"has no place with strategy {self.strategy!r}"
            raise InvalidInput.of("w", f"is {self.w}; {wanted}")
        if strategy and not strategy.synthesizes:
            for name, value in (("corrector", self.corrector != "identity"), ("bias", self.bias is not None)):
                if value:
                    said = f"is {getattr(self, name)!r}; strategy {self.strategy!r} makes no motions"
                    raise InvalidInput.of(name, said)
        if self.corrector == "identity":
            for name, default in (("relaxation", 1.0), ("gamma", math.inf), ("failed", "drop")):
                if (value := getattr(self, name)) != default:
                    raise InvalidInput.of(name, f"is {value!r}; has no place with corrector 'identity'")
        if self.verifier and strategy and not strategy.synthesizes:
            raise InvalidInput.of("verifier", f"has no place with strategy {self.strategy!r}, which makes no motions")
        if self.verifier and self.verifier.by_correction and self.corrector == "roundtrip":
            raise InvalidInput.of(
                "verifier.kind", f"is {self.verifier.kind!r}; it needs the physics that 'roundtrip' lacks"
            )
        if self.name and not (self.name.replace("-", "").replace("_", "").isalnum() and self.name.isascii()):
            raise InvalidInput.of("name", f"is {self.name!r}; must be letters, digits, - and _, for it names a folder")

    def fit_settings(self) -> dict[str, Any]:
        """What this arm asks of the generator's training."""
        return {} if self.w is None else {"extrapolation": -self.w}


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
