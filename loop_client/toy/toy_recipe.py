"""Recipes of loops on points: one TOML file that says an experiment, and the row that it must show."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from loop_client.experiments.check_recipe import CheckRecipe, check_violations
from loop_client.strategy import STRATEGIES
from loop_client.toy.distributions import DISTRIBUTIONS, WITH_FILES, Distribution, stand_in
from loop_client.toy.model_registry import KINDS, make_model
from loop_client.toy.toy_correctors import CORRECTORS
from loop_client.toy.toy_metrics import METRICS
from motion.errors import InvalidInput, Violation
from motion.shell import recipe_file
from motion.shell.assets import data_path
from motion.shell.schema import Integer, ListOf, Number, Scalars, Table, Text

_PACKAGE = "loop_client.toy"


@dataclass(frozen=True)
class DataRecipe:
    """Real points.

    Attributes:
        kind: one of `data.DISTRIBUTIONS`.
        n: points that each generation has of them.
        dim: of a Gaussian's points.
        path: where the files are of the kinds that are read from files; `$NAME/` at its start stands for a folder that
            the environment names.
    """

    kind: Annotated[str, Text(tuple(DISTRIBUTIONS))]
    n: Annotated[int, Integer(2)]
    dim: Annotated[int, Integer(1, 10_000)] = 2
    path: Annotated[str, Text(may_be_empty=True)] = ""

    def __post_init__(self) -> None:
        if (self.kind in WITH_FILES) != bool(self.path):
            wanted = "must say where its files are" if self.kind in WITH_FILES else "has no place here"
            raise InvalidInput.of("path", f"is {self.path!r}; of kind {self.kind!r} it {wanted}")
        if self.kind != "gaussian" and self.dim != 2:
            raise InvalidInput.of("dim", f"is {self.dim}; has no place with kind {self.kind!r}")

    @property
    def needs(self) -> str:
        """The user's files that it needs, or nothing."""
        return f"{self.kind} in {self.path}" if self.kind in WITH_FILES else ""

    @property
    def is_there(self) -> bool:
        """Whether they are where it says, or none are needed."""
        try:
            return not self.path or data_path(self.path).is_dir()
        except InvalidInput:
            return False

    def distribution(self) -> Distribution:
        """What points are drawn from. Raises as `images.mnist` and `images.image_folder`."""
        return DISTRIBUTIONS[self.kind](self.dim, self.path)


@dataclass(frozen=True)
class GeneratorRecipe:
    """A model of points: one of `models.KINDS`, and what it is made with."""

    kind: Annotated[str, Text(KINDS)]
    settings: Annotated[dict[str, Any], Scalars()] = field(default_factory=dict)


@dataclass(frozen=True)
class ArmRecipe:
    """One way of training on one's own output.

    Attributes:
        name: of its curve.
        strategy: one of `strategy.STRATEGIES`.
        synthetic: points that are sampled each generation.
        growth: of what accumulates: `whole`, or `linear`: of the points that generation i of t so far has made, only
            the first i / t are trained on, so that the old ones fade.
        corrector, gamma: one of `correctors.CORRECTORS`, and its strength.
        bias: of sampling, 1 for none; below, samples are drawn nearer to what is likeliest, to train on and to look at.
            What is read off the model itself (`gaussian_w2`, `deviation`, `total_variation`) has none.
        memory: how many of the last models, in equal shares, the synthetic points come from.
        n: real points of this arm, where they are not the recipe's.
        first: points that generation 0 is fitted to; by default n.
    """

    name: Annotated[str, Text()]
    strategy: Annotated[str, Text(tuple(STRATEGIES))]
    synthetic: Annotated[int, Integer()] = 0
    growth: Annotated[str, Text(("whole", "linear"))] = "whole"
    corrector: Annotated[str, Text(tuple(CORRECTORS))] = "identity"
    gamma: Annotated[float, Number(0.0, finite=False)] = math.inf
    bias: Annotated[float, Number(0.01, 1.0)] = 1.0
    memory: Annotated[int, Integer(1)] = 1
    n: Annotated[int, Integer()] = 0
    first: Annotated[int, Integer()] = 0

    def __post_init__(self) -> None:
        for name, count in (("n", self.n), ("first", self.first)):
            if count == 1:
                raise InvalidInput.of(name, "is 1; nothing can be fitted to one point")
        strategy = STRATEGIES[self.strategy]
        if strategy.extrapolates:
            raise InvalidInput.of("strategy", f"is {self.strategy!r}, which moves weights; points are only fitted to")
        if strategy.only_synthetic and self.synthetic < 2:
            raise InvalidInput.of("synthetic", f"is {self.synthetic}; a loop on its own samples alone needs 2 at least")
        if not strategy.synthesizes:
            self._refuse(f"strategy {self.strategy!r} samples nothing to train on",
                         synthetic=0, corrector="identity", bias=1.0, memory=1)  # fmt: skip
        if not strategy.keeps_all:
            self._refuse(f"with strategy {self.strategy!r} nothing grows", growth="whole")
        if self.corrector == "identity":
            self._refuse("has no place with corrector 'identity'", gamma=math.inf)

    def _refuse(self, why: str, **defaults: object) -> None:
        """Raises `InvalidInput` about a field that is not as it is by default, where it would be ignored."""
        for name, default in defaults.items():
            if (value := getattr(self, name)) != default:
                raise InvalidInput.of(name, f"is {value!r}; {why}")


@dataclass(frozen=True)
class PointRecipe:
    """An experiment on points.

    Attributes:
        paper: where it is from.
        row: what it must show, in words.
        generations: that follow generation 0, which all arms share.
        seeds: how many runs, computed at once; they are paired: all arms see the same chance.
        seed: of them all.
        metrics: what is measured, some of `metrics.METRICS`.
        samples: points of each model that metrics look at.
        every: measure each so many generations; the first and the last always.
        minutes: that it takes on two cores, about.
    """

    name: Annotated[str, Text()]
    title: Annotated[str, Text()]
    paper: Annotated[str, Text()]
    row: Annotated[str, Text()]
    data: DataRecipe
    generator: GeneratorRecipe
    arms: Annotated[tuple[ArmRecipe, ...], ListOf(Table(ArmRecipe), least=1)]
    metrics: Annotated[tuple[str, ...], ListOf(Text(tuple(METRICS)), least=1)]
    generations: Annotated[int, Integer(1)]
    seeds: Annotated[int, Integer(2)]
    seed: Annotated[int, Integer()] = 0
    samples: Annotated[int, Integer(0)] = 0
    every: Annotated[int, Integer(1)] = 1
    minutes: Annotated[float, Number()] = 1.0
    checks: Annotated[tuple[CheckRecipe, ...], ListOf(Table(CheckRecipe))] = ()

    def __post_init__(self) -> None:
        names = [arm.name for arm in self.arms]
        twice = sorted({name for name in names if names.count(name) > 1})
        wrong = [Violation("arms", f"has {name!r} more than once; each name must be its own") for name in twice]
        wrong += self._impossible()
        measured = {*range(0, self.generations, self.every), self.generations}
        wrong += check_violations(self.checks, names, self.generations, measured)
        for index, check in enumerate(self.checks):
            if check.metric not in self.metrics:
                known = ", ".join(self.metrics)
                wrong.append(Violation(f"checks[{index}].metric", f"is {check.metric!r}; measured are {known}"))
        if wrong:
            raise InvalidInput(wrong)

    def _impossible(self) -> list[Violation]:
        """What would fail only once the loop runs, as far as can be told without the user's files."""
        wrong: list[Violation] = []
        distribution = stand_in() if self.data.kind in WITH_FILES else self.data.distribution()
        try:
            make_model(self.generator.kind, self.generator.settings, distribution)
        except InvalidInput as error:
            wrong += error.violations
        for index, name in enumerate(self.metrics):
            if lack := METRICS[name].lacks(self.generator.kind, self.data.kind, distribution, self.samples):
                wrong.append(Violation(f"metrics[{index}]", f"{name!r} {lack}"))
        for index, arm in enumerate(self.arms):
            if arm.corrector == "histogram" and (self.data.kind, distribution.dim) != ("gaussian", 2):
                wrong.append(
                    Violation(f"arms[{index}].corrector", "'histogram' corrects gaussian data of two dimensions alone")
                )
        return wrong


def shipped_experiments() -> dict[str, str]:
    """The text of each recipe on points that ships, by name."""
    return recipe_file.shipped_recipes(_PACKAGE)


def load_experiment(name_or_path: str) -> PointRecipe:
    """The recipe of this name, or in this file. Raises as `recipe_file.read_recipe`."""
    return recipe_file.read_recipe(PointRecipe, name_or_path, _PACKAGE)


def experiment_of(table: Mapping[str, Any], where: str = "recipe") -> PointRecipe:
    """The recipe in a plain table. Raises as `recipe_file.read_recipe`."""
    return recipe_file.recipe_of(PointRecipe, table, where)
