"""Recipes: one TOML file that says an experiment whole."""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from loop_client.schema import (
    Either,
    Flag,
    Integer,
    ListOf,
    Number,
    Scalars,
    Table,
    Text,
    read_table,
    setting,
    to_table,
)
from loop_client.strategy import STRATEGIES
from loop_client.toml_text import format_toml
from motion.errors import InvalidInput, NotFound, Violation
from motion.protocols import CorrectionOptions

CORRECTORS = ("identity", "roundtrip", "physics")
HELD_OUT = "held_out"


@dataclass(frozen=True)
class DataRecipe:
    """Real motion.

    Attributes:
        train: `default`, the set that ships with Plumb, or the path of a set; `$NAME/` stands for a folder named by
            the environment.
        test: `held_out`, the motions of `train` that the subset leaves out, or the path of a set.
        drop: fields of the sets' metadata; a motion for which one is true, or says something, is left out.
        n: motions trained on.
        test_n: motions that results are compared with, at most.
        balance: a field of the metadata whose values take turns when motions are drawn; empty for a plain draw.
        seed: of the draw.
    """

    n: int = setting(Integer(2))
    train: str = setting(Text(), "default")
    test: str = setting(Text(), HELD_OUT)
    drop: tuple[str, ...] = setting(ListOf(Text()), ())
    test_n: int = setting(Integer(2), 64)
    balance: str = setting(Text(may_be_empty=True), "")
    seed: int = setting(Integer(), 0)


@dataclass(frozen=True)
class GeneratorRecipe:
    """Training.

    Attributes:
        first_steps: optimizer steps of generation 0, from scratch on the real motions.
        later_steps: optimizer steps of each later generation, from the checkpoint before, in every arm.
        settings: the generator's own settings, as it names them.
    """

    first_steps: int = setting(Integer(1))
    later_steps: int = setting(Integer(1))
    settings: dict[str, Any] = setting(Scalars(), {})


@dataclass(frozen=True)
class SamplingRecipe:
    """Sampling; what is absent is left to the model.

    Attributes:
        guidance: classifier-free guidance scale; 1 is none.
        steps: denoising steps.
    """

    guidance: float | None = setting(Number(0.0), None)
    steps: int | None = setting(Integer(1, 10_000), None)


@dataclass(frozen=True)
class SyntheticRecipe:
    """Synthetic motions.

    Attributes:
        share: lambda; int(lambda n) are made each generation.
        captions: what they are trained with, `source`: all captions of the real motion that gave the prompt, as
            published, or `prompt`: the prompt alone.
    """

    share: float = setting(Number(0.0, 100.0), 1.0, key="lambda")
    captions: str = setting(Text(("source", "prompt")), "source")


@dataclass(frozen=True)
class CorrectionRecipe:
    """Options of the physics corrector: see `motion.protocols.CorrectionOptions`."""

    policy: str = setting(Text(may_be_empty=True), "")
    assist: str | float = setting(
        Either((Number(0.0), Text(("auto", "none"))), "'auto', 'none' or a number of newtons"), "auto"
    )

    def options(self) -> CorrectionOptions:
        return CorrectionOptions(self.policy, self.assist)


@dataclass(frozen=True)
class EmbeddingRecipe:
    """The embedding that FID and diversity are measured in: see `loop_client.embedding`."""

    size: int = setting(Integer(2, 512), 32)
    width: int = setting(Integer(8, 1024), 96)
    steps: int = setting(Integer(1, 100_000), 600)
    seed: int = setting(Integer(), 0)


@dataclass(frozen=True)
class EvaluationRecipe:
    """What is measured in each generation.

    Attributes:
        samples: motions sampled from the model, on prompts and lengths of the test motions.
        correct: also correct them by physics, in every arm, to see how much they lack.
        embedding: what FID and diversity are measured in.
    """

    samples: int = setting(Integer(2, 100_000), 64)
    correct: bool = setting(Flag(), True)
    embedding: EmbeddingRecipe = setting(Table(EmbeddingRecipe), EmbeddingRecipe())


@dataclass(frozen=True)
class ArmRecipe:
    """One way of training on one's own output.

    Attributes:
        name: names its folder and its curve.
        strategy: one of `loop_client.strategy.STRATEGIES`.
        corrector: `identity` (none), `roundtrip` (re-encoded, no physics) or `physics`.
        gamma: strength of the correction; each synthetic motion is replaced by its correction with probability
            gamma / (1 + gamma).
        failed: what becomes of a motion whose correction failed: `drop` it, or train on it as it was (`keep`).
    """

    name: str = setting(Text())
    strategy: str = setting(Text(tuple(STRATEGIES)))
    corrector: str = setting(Text(CORRECTORS), "identity")
    gamma: float = setting(Number(0.0, finite=False), math.inf)
    failed: str = setting(Text(("drop", "keep")), "drop")

    def __post_init__(self) -> None:
        if self.name and not (self.name.replace("-", "").replace("_", "").isalnum() and self.name.isascii()):
            raise InvalidInput.of("name", f"is {self.name!r}; must be letters, digits, - and _, for it names a folder")


@dataclass(frozen=True)
class Recipe:
    """An experiment: data, generator, strategies and correctors, metrics and seeds.

    Attributes:
        generations: how many follow generation 0, which all arms share.
        seeds: the whole experiment is made once with each.
    """

    name: str = setting(Text())
    data: DataRecipe = setting(Table(DataRecipe))
    generator: GeneratorRecipe = setting(Table(GeneratorRecipe))
    arms: tuple[ArmRecipe, ...] = setting(ListOf(Table(ArmRecipe), least=1))
    generations: int = setting(Integer(1, 10_000))
    title: str = setting(Text(may_be_empty=True), "")
    seeds: tuple[int, ...] = setting(ListOf(Integer(), least=1), (0,))
    sampling: SamplingRecipe = setting(Table(SamplingRecipe), SamplingRecipe())
    synthetic: SyntheticRecipe = setting(Table(SyntheticRecipe), SyntheticRecipe())
    correction: CorrectionRecipe = setting(Table(CorrectionRecipe), CorrectionRecipe())
    evaluation: EvaluationRecipe = setting(Table(EvaluationRecipe), EvaluationRecipe())

    def __post_init__(self) -> None:
        names = [arm.name.lower() for arm in self.arms]
        twice = sorted({name for name in names if names.count(name) > 1})
        violations = [Violation("arms", f"has {name!r} more than once; each name must be its own") for name in twice]
        if len(set(self.seeds)) != len(self.seeds):
            violations.append(Violation("seeds", f"are {list(self.seeds)}; each must be there once"))
        if violations:
            raise InvalidInput(violations)

    def to_toml(self) -> str:
        """The recipe with all its defaults written out, as TOML that reads as this recipe again."""
        return format_toml(to_table(self))


def shipped_recipes() -> dict[str, str]:
    """The text of each recipe that ships with Plumb, by name."""
    folder = files("loop_client") / "recipes"
    texts = {entry.name: entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml")}
    return {name.removesuffix(".toml"): texts[name] for name in sorted(texts)}


def load_recipe(name_or_path: str | os.PathLike[str]) -> Recipe:
    """The recipe of this name, or in this file: a path ends in `.toml`.

    Raises:
        NotFound: no recipe has the name, or there is no such file.
        InvalidInput: it is no TOML, or has keys or values that a recipe does not; each with its path.
    """
    where = os.fspath(name_or_path)
    if where.endswith(".toml"):
        try:
            text = Path(where).read_text("utf-8")
        except FileNotFoundError:
            raise NotFound(f"there is no recipe file {where}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput.of(where, f"cannot be read ({error})") from error
        return parse_recipe(text, where)
    recipes = shipped_recipes()
    if where not in recipes:
        raise NotFound(
            f"there is no recipe {where!r}; there are {', '.join(recipes)}, and a file of one's own ends in .toml"
        )
    return parse_recipe(recipes[where], where)


def parse_recipe(text: str, where: str = "recipe") -> Recipe:
    """The recipe that a TOML text says; `where` names it in errors.

    Raises:
        InvalidInput: see `load_recipe`.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput.of(where, f"is not TOML: {error}") from error
    return recipe_of(table, where)


def recipe_of(table: Mapping[str, Any], where: str = "recipe") -> Recipe:
    """The recipe in a plain table. Raises as `load_recipe`."""
    try:
        return read_table(Recipe, table)
    except InvalidInput as error:
        raise InvalidInput([Violation(f"{where}: {v.field}", v.description) for v in error.violations]) from error
