"""Recipes of calculations: one TOML file each, with the published statement that it checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np

from loop_client.check_recipe import CheckRecipe, check_violations
from loop_client.recipe_description import TIMINGS
from loop_client.toy.calculations.calculation_registry import CALCULATIONS, checked_settings
from motion.errors import InvalidInput, Violation
from motion.shell import recipe_file
from motion.shell.schema import Integer, Key, ListOf, Number, Scalars, Table, Text

_PACKAGE = "loop_client.toy.calculations"


@dataclass(frozen=True)
class CalculationArm:
    """One setting that is compared with others.

    Attributes:
        name: of its curve.
        settings: values of the calculation's own settings, by name; those of the recipe hold for the others.
    """

    name: Annotated[str, Text()]
    settings: Annotated[dict[str, Any], Scalars()] = field(default_factory=dict)


@dataclass(frozen=True)
class CalculationRecipe:
    """An experiment that is computed without training a model.

    Attributes:
        name: name of the experiment and of its folder.
        title: title of its report.
        paper: the publication whose statement is checked.
        expected: the statement, in one sentence; `row` in a recipe.
        calculation: one of `calculation_registry.CALCULATIONS`.
        arms: the settings that are compared.
        last: last value of the abscissa, which checks may name.
        num_seeds: number of runs. Runs are paired: all arms begin with the same random numbers.
        settings: settings that all arms share.
        seed: of all runs together.
        abscissa: what the curves are drawn over.
        metrics: those curves of the calculation that are recorded.
        minutes: time of the whole experiment on two cores.
        timing: whether the minutes are `measured` on this recipe or `estimated`.
        published: the numbers and parameters of the paper.
        reduced: what is smaller or different here, and why; empty where nothing is.
        checks: the statement, as statements about the curves.
    """

    name: Annotated[str, Text()]
    title: Annotated[str, Text()]
    paper: Annotated[str, Text()]
    expected: Annotated[str, Text(), Key("row")]
    calculation: Annotated[str, Text(tuple(CALCULATIONS))]
    arms: Annotated[tuple[CalculationArm, ...], ListOf(Table(CalculationArm), least=1)]
    metrics: Annotated[tuple[str, ...], ListOf(Text(), least=1)]
    last: Annotated[int, Integer(0)]
    num_seeds: Annotated[int, Integer(2)]
    settings: Annotated[dict[str, Any], Scalars()] = field(default_factory=dict)
    seed: Annotated[int, Integer()] = 0
    abscissa: Annotated[str, Text()] = "generation"
    minutes: Annotated[float, Number()] = 0.1
    timing: Annotated[str, Text(TIMINGS)] = "measured"
    published: Annotated[str, Text(may_be_empty=True)] = ""
    reduced: Annotated[str, Text(may_be_empty=True)] = ""
    checks: Annotated[tuple[CheckRecipe, ...], ListOf(Table(CheckRecipe))] = ()

    def __post_init__(self) -> None:
        names = [arm.name for arm in self.arms]
        twice = sorted({name for name in names if names.count(name) > 1})
        wrong = [Violation("arms", f"has {name!r} more than once; each name must be unique") for name in twice]
        for index, arm in enumerate(self.arms):
            try:
                checked_settings(self.calculation, {**self.settings, **arm.settings}, f"arms[{index}].settings")
            except InvalidInput as error:
                wrong += error.violations
        wrong += check_violations(self.checks, names, self.last)
        for index, check in enumerate(self.checks):
            if check.metric not in self.metrics:
                known = ", ".join(self.metrics)
                wrong.append(Violation(f"checks[{index}].metric", f"is {check.metric!r}; the metrics are {known}"))
        if wrong:
            raise InvalidInput(wrong)

    @property
    def real_counts(self) -> dict[str, int]:
        """Number of real points of each arm, where the calculation has a setting `n`."""
        chosen = {arm.name: self.arm_settings(arm).get("n") for arm in self.arms}
        return {name: int(n) for name, n in chosen.items() if n is not None}

    def arm_settings(self, arm: CalculationArm) -> dict[str, Any]:
        """Return all settings of an arm, with defaults."""
        return checked_settings(self.calculation, {**self.settings, **arm.settings}, arm.name)

    def compute(self, arm: CalculationArm) -> dict[str, np.ndarray]:
        """Compute the curves of an arm.

        Raises:
            InvalidInput: the settings do not go together, or the calculation has no such metric or abscissa.
        """
        rng = np.random.default_rng(self.seed)
        curves = CALCULATIONS[self.calculation](self.num_seeds, rng, **self.arm_settings(arm))
        for index, metric in enumerate(self.metrics):
            if metric not in curves:
                raise InvalidInput.of(f"metrics[{index}]", f"is {metric!r}; must be one of {', '.join(curves)}")
        if curves["generations"][-1] != self.last:
            raise InvalidInput.of("last", f"is {self.last}; the abscissa ends at {curves['generations'][-1]}")
        return {"generations": curves["generations"], **{metric: curves[metric] for metric in self.metrics}}


def shipped_calculation_recipes() -> dict[str, str]:
    """Return the text of each recipe of a calculation that ships, by name."""
    return recipe_file.shipped_recipes(_PACKAGE)


def calculation_recipe_from_table(table: Mapping[str, Any], where: str = "recipe") -> CalculationRecipe:
    """Return the recipe in a plain table.

    Args:
        table: the recipe as TOML has it.
        where: names the recipe in errors.

    Raises:
        InvalidInput: a key is unknown or missing, or a value is wrong.
    """
    return recipe_file.recipe_from_table(CalculationRecipe, table, where)
