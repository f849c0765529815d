"""Recipes of the loop on motions: one TOML file describes a whole experiment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from loop_client.check_recipe import CheckRecipe, check_violations
from loop_client.evaluation.measures import BY_PATH
from loop_client.recipe_description import TIMINGS
from loop_client.runs.arms import ArmRecipe
from loop_client.runs.recipe_sections import (
    CorrectionRecipe,
    DataRecipe,
    EvaluationRecipe,
    GeneratorRecipe,
    SamplingRecipe,
    SyntheticRecipe,
)
from loop_client.strategy import STRATEGIES, number_synthetic
from motion.errors import InvalidInput, Violation
from motion.shell import recipe_file
from motion.shell.schema import Integer, Key, ListOf, Number, Table, Text, to_table
from motion.shell.toml_text import format_toml

_PACKAGE = "loop_client"


@dataclass(frozen=True)
class Recipe:
    """An experiment: data, generator, arms, metrics and seeds.

    Attributes:
        name: the experiment's name, which also names its folder.
        data: the real motions.
        generator: how the generator is trained.
        arms: the ways of training on its own output that are compared.
        generations: number of generations after generation 0, which all arms share.
        title: one line for lists and reports.
        seeds: the whole experiment is run once with each of these seeds.
        sampling: how motions are sampled.
        synthetic: the synthetic motions that a generation is trained on.
        correction: how the physics corrector corrects.
        evaluation: what is measured in each generation.
        paper: the paper that an experiment is from.
        expected: the result that the paper reports, in words; `row` in a recipe.
        minutes: time of the whole experiment on two cores.
        timing: whether the minutes are `measured` on this recipe or `estimated`.
        published: the numbers and parameters of the paper, beside which those of the recipe are shown.
        reduced: what is smaller or different here, and why; empty where nothing is.
        checks: that result as statements about metrics, which are named by their keys in metrics.jsonl, joined by
            dots.
    """

    name: Annotated[str, Text()]
    data: DataRecipe
    generator: GeneratorRecipe
    arms: Annotated[tuple[ArmRecipe, ...], ListOf(Table(ArmRecipe), least=1)]
    generations: Annotated[int, Integer(1, 10_000)]
    title: Annotated[str, Text(may_be_empty=True)] = ""
    seeds: Annotated[tuple[int, ...], ListOf(Integer(), least=1)] = (0,)
    sampling: SamplingRecipe = field(default_factory=SamplingRecipe)
    synthetic: SyntheticRecipe = field(default_factory=SyntheticRecipe)
    correction: CorrectionRecipe = field(default_factory=CorrectionRecipe)
    evaluation: EvaluationRecipe = field(default_factory=EvaluationRecipe)
    paper: Annotated[str, Text(may_be_empty=True)] = ""
    expected: Annotated[str, Text(may_be_empty=True), Key("row")] = ""
    minutes: Annotated[float, Number()] = 0.0
    timing: Annotated[str, Text(TIMINGS)] = "measured"
    published: Annotated[str, Text(may_be_empty=True)] = ""
    reduced: Annotated[str, Text(may_be_empty=True)] = ""
    checks: Annotated[tuple[CheckRecipe, ...], ListOf(Table(CheckRecipe))] = ()

    def __post_init__(self) -> None:
        violations = [*self._arm_violations(), *self._check_violations()]
        if len(set(self.seeds)) != len(self.seeds):
            violations.append(Violation("seeds", f"are {list(self.seeds)}; each must be there once"))
        if violations:
            raise InvalidInput(violations)

    def _arm_violations(self) -> Iterator[Violation]:
        """Find arms that share a name or that do not go with the other sections."""
        names = [arm.name.lower() for arm in self.arms]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield Violation("arms", f"has {name!r} more than once; each name must be its own")
        by_force = [arm.name for arm in self.arms if arm.verifier and arm.verifier.kind == "force"]
        if by_force and self.correction.assist == "none":
            reason = f"is 'none', and the verifier of arm {by_force[0]!r} needs the assist force"
            yield Violation("correction.assist", reason)
        for index, arm in enumerate(self.arms):
            strategy = STRATEGIES[arm.strategy]
            if strategy.extrapolates and self.generator.retrain == "scratch" and not self.generator.init:
                reason = f"is {arm.strategy!r}; trained from scratch, there is no checkpoint to extrapolate from"
                yield Violation(f"arms[{index}].strategy", reason)
            if strategy.only_synthetic and not number_synthetic(self.synthetic.share, self.data.n):
                reason = f"is {self.synthetic.share:g}; of {self.data.n} motions arm {arm.name!r} would learn from none"
                yield Violation("synthetic.lambda", reason)

    def _check_violations(self) -> Iterator[Violation]:
        """Find checks of metrics, arms, generations or kinds that this recipe does not have."""
        yield from check_violations(self.checks, [arm.name for arm in self.arms], self.generations)
        for index, check in enumerate(self.checks):
            if check.metric not in BY_PATH:
                known = ", ".join(BY_PATH)
                yield Violation(f"checks[{index}].metric", f"is {check.metric!r}; must be one of {known}")
            if check.kind == "effective_size":
                reason = "is 'effective_size', which only experiments on toy data can measure"
                yield Violation(f"checks[{index}].kind", reason)
        if self.checks and len(self.seeds) < 2:
            yield Violation("seeds", f"are {list(self.seeds)}; checks need at least two")

    def to_toml(self) -> str:
        """Format the recipe as TOML, with all its defaults written out; it reads as this recipe again."""
        return format_toml(to_table(self))


def shipped_recipes() -> dict[str, str]:
    """Return the text of each recipe that ships with Plumb, by name."""
    return recipe_file.shipped_recipes(_PACKAGE)


def load_recipe(name_or_path: str | os.PathLike[str]) -> Recipe:
    """Read a recipe that ships, by name, or from a .toml file.

    Raises:
        NotFound: no recipe has the name, or there is no such file.
        InvalidInput: the file is not TOML, or has keys or values that a recipe cannot have; each with its path.
    """
    return recipe_file.read_recipe(Recipe, name_or_path, _PACKAGE)


def parse_recipe(text: str, where: str = "recipe") -> Recipe:
    """Parse the TOML text of a recipe.

    Args:
        text: the TOML document.
        where: what error messages call it.

    Raises:
        InvalidInput: as for `load_recipe`.
    """
    return recipe_file.parse_recipe(Recipe, text, where)


def recipe_from_table(table: Mapping[str, Any], where: str = "recipe") -> Recipe:
    """Read a recipe from a plain table.

    Args:
        table: the table, as `tomllib` reads it.
        where: what error messages call it.

    Raises:
        InvalidInput: as for `load_recipe`.
    """
    return recipe_file.recipe_from_table(Recipe, table, where)
