"""What a training run is: a TOML file."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from typing import Annotated, Any

from motion.errors import InvalidInput
from motion.shell import recipe_file
from motion.shell.schema import Integer, ListOf, Number, Scalars, Table, Text
from sim_server.evaluation.corruption import CORRUPTIONS
from sim_server.learning.curriculum import LimitSchedule
from sim_server.learning.environment import EpisodeRules
from sim_server.learning.reward import RewardWeights


@dataclass(frozen=True)
class SourceRecipe:
    """Where motions come from.

    Attributes:
        path: `default`, the set that ships, the path of a set (`$NAME/` stands for a folder of the environment), or
            `synthesis`.
        count: of `synthesis`, how many clips.
        actions: of `synthesis`, which; empty for all.
        seed: of `synthesis`.
        weight: how often one of its clips is drawn, relative to others.
        drop: metadata fields; a clip where one of them is true, or says something, is left out.
        rare: values of the field `subject` whose clips are drawn a third as often.
    """

    path: Annotated[str, Text()]
    count: Annotated[int, Integer(1)] = 100
    actions: Annotated[tuple[str, ...], ListOf(Text())] = ()
    seed: int = 0
    weight: float = 1.0
    drop: Annotated[tuple[str, ...], ListOf(Text())] = ()
    rare: Annotated[tuple[int, ...], ListOf(Integer())] = ()


@dataclass(frozen=True)
class DataRecipe:
    """Which motions are imitated.

    Attributes:
        sources: where they come from.
        kinds: what each clip is spoilt by, one variant each, and how often that variant is drawn.
        smallest, largest: between which factors bodies are sized.
    """

    sources: Annotated[tuple[SourceRecipe, ...], ListOf(Table(SourceRecipe), least=1)]
    kinds: Annotated[dict[str, Any], Scalars()] = field(
        default_factory=lambda: {"clean": 0.5, "all": 0.3, "jitter": 0.2}
    )
    smallest: Annotated[float, Number(0.5, 2.0)] = 0.92
    largest: Annotated[float, Number(0.5, 2.0)] = 1.08

    def __post_init__(self) -> None:
        if not self.kinds:
            raise InvalidInput.of("kinds", f"are none; known are {', '.join(CORRUPTIONS)}")
        for kind, share in self.kinds.items():
            if kind not in CORRUPTIONS:
                raise InvalidInput.of("kinds", f"has {kind!r}; known are {', '.join(CORRUPTIONS)}")
            if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < math.inf:
                raise InvalidInput.of(f"kinds.{kind}", f"is {share!r}; must be a positive number")


@dataclass(frozen=True)
class PpoRecipe:
    """Proximal policy optimisation (Schulman et al., 2017): sizes, rates, and the noise of exploration.

    Attributes:
        envs, horizon: bodies, and control steps of each in one iteration.
        minibatch, epochs: how its samples are gone through.
        gamma, gae_lambda, clip: of the paper.
        start_rate, least_rate, most_rate: the actor's learning rate, which follows `target_kl`.
        value_rate: the critic's.
        start_noise, end_noise: standard deviation of actions; held for `noise_held` of the run, then it falls.
        width: of both hidden layers of both networks.
    """

    envs: Annotated[int, Integer(1)] = 192
    horizon: Annotated[int, Integer(1)] = 24
    minibatch: Annotated[int, Integer(2)] = 1152
    epochs: Annotated[int, Integer(1)] = 4
    gamma: Annotated[float, Number(0.0, 0.9999)] = 0.955
    gae_lambda: Annotated[float, Number(0.0, 1.0)] = 0.93
    clip: float = 0.2
    start_rate: float = 1e-4
    least_rate: float = 2e-5
    most_rate: float = 1e-3
    value_rate: float = 1e-3
    target_kl: float = 0.04
    value_weight: float = 1.0
    start_noise: Annotated[float, Number(1e-3, 2.0)] = 0.2
    end_noise: Annotated[float, Number(1e-3, 2.0)] = 0.07
    noise_held: Annotated[float, Number(0.0, 0.99)] = 0.4
    width: Annotated[int, Integer(1)] = 256


@dataclass(frozen=True)
class HeldOutRecipe:
    """Motions that are not trained on, to see how a run does; it does not learn from what it sees.

    Attributes:
        path: of a set, as in a source.
        drop: as in a source.
        every_steps: control steps between looks.
    """

    path: Annotated[str, Text()]
    drop: Annotated[tuple[str, ...], ListOf(Text())] = ()
    every_steps: Annotated[int, Integer(1)] = 1_000_000


@dataclass(frozen=True)
class Recipe:
    """A training run.

    Attributes:
        name: of the policy that comes out.
        seed: of everything random.
        steps: control steps to train for.
        chapter_steps: control steps between checkpoints.
        held_out: what to look at on the way, if anything.
    """

    name: Annotated[str, Text()]
    data: DataRecipe
    seed: int = 0
    steps: Annotated[int, Integer(1)] = 10_000_000
    chapter_steps: Annotated[int, Integer(1)] = 200_000
    ppo: PpoRecipe = field(default_factory=PpoRecipe)
    episodes: EpisodeRules = field(default_factory=EpisodeRules)
    limits: LimitSchedule = field(default_factory=LimitSchedule)
    reward: RewardWeights = field(default_factory=RewardWeights)
    held_out: Annotated[HeldOutRecipe | None, Table(HeldOutRecipe)] = None


def load_recipe(name_or_path: str | os.PathLike[str]) -> Recipe:
    """The recipe of this name, or in this file. Raises as `recipe_file.read_recipe`."""
    return recipe_file.read_recipe(Recipe, name_or_path, "sim_server")
