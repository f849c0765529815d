"""The recipe of a training run: a TOML file that defines it completely."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from typing import Annotated, Any

from motion.errors import InvalidInput
from motion.shell import recipe_file
from motion.shell.schema import Integer, ListOf, Number, Scalars, Table, Text
from sim_server.evaluation.corruption import CORRUPTIONS
from sim_server.learning.curriculum import AssistSchedule
from sim_server.learning.environment import EpisodeRules
from sim_server.learning.reward import RewardWeights


@dataclass(frozen=True)
class SourceRecipe:
    """A source of motions.

    Attributes:
        path: `default` for the set that ships, `synthesis` for synthesized motions, or the path of a set, in which
            `$NAME/` at the start stands for the folder in the environment variable `NAME`.
        count: number of motions that `synthesis` makes.
        actions: names of the actions that `synthesis` makes; empty for all.
        seed: seed of `synthesis`.
        weight: relative frequency of each clip of the source.
        drop: names of metadata fields; a motion for which one of them is true or not empty is left out.
        rare: values of the metadata field `subject` whose clips are drawn a third as often.
    """

    path: Annotated[str, Text()]
    count: Annotated[int, Integer(1)] = 100
    actions: Annotated[tuple[str, ...], ListOf(Text())] = ()
    seed: int = 0
    weight: float = 1.0
    drop: Annotated[tuple[str, ...], ListOf(Text())] = ()
    rare: Annotated[tuple[int, ...], ListOf(Integer())] = ()


@dataclass(frozen=True)
class ClipsRecipe:
    """The motions that are imitated.

    Attributes:
        sources: sources of motions.
        kinds: relative frequency of each kind of corruption; every clip is made once per kind.
        smallest: smallest factor by which bodies are scaled.
        largest: largest factor by which bodies are scaled.
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
    """Hyperparameters of proximal policy optimization (Schulman et al., 2017).

    Attributes:
        envs: number of bodies that are simulated at once.
        horizon: control steps of each body in one rollout.
        minibatch: samples in one gradient step.
        epochs: passes over the samples of a rollout.
        gamma: discount factor of the rewards.
        gae_lambda: the lambda of generalized advantage estimation.
        clip: range of the clipped objective.
        start_rate: first learning rate of the actor, which then follows `target_kl`.
        least_rate: smallest learning rate of the actor.
        most_rate: largest learning rate of the actor.
        value_rate: learning rate of the critic.
        target_kl: divergence from the last policy that each iteration should reach.
        value_weight: weight of the critic's loss.
        start_noise: first standard deviation of the exploration noise.
        end_noise: last standard deviation of the exploration noise.
        noise_held: share of the run after which the noise begins to fall from the first to the last.
        width: units of each of the two hidden layers of both networks.
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
    """Motions that are not trained on, which the policy corrects from time to time to measure its progress.

    Attributes:
        path: path of a set, as in a source.
        drop: names of metadata fields, as in a source.
        every_steps: control steps between two evaluations.
    """

    path: Annotated[str, Text()]
    drop: Annotated[tuple[str, ...], ListOf(Text())] = ()
    every_steps: Annotated[int, Integer(1)] = 1_000_000


@dataclass(frozen=True)
class TrainingRecipe:
    """The recipe of a training run.

    Attributes:
        name: name of the trained policy.
        data: the motions that are imitated.
        seed: seed of everything that is random.
        steps: control steps to train for, rounded up to whole rollouts.
        chapter_steps: control steps between two checkpoints, rounded up to whole rollouts.
        ppo: hyperparameters of the learning algorithm.
        episodes: how episodes begin and end.
        limits: how the assist limits of clips follow the episodes.
        reward: weights of the reward.
        held_out: motions to evaluate the policy on; none if left out.
        start: name or folder of the learned policy that the actor begins as; empty to begin from nothing. What the
            policy does not see yet has no influence at first.
    """

    name: Annotated[str, Text()]
    data: ClipsRecipe
    seed: int = 0
    steps: Annotated[int, Integer(1)] = 10_000_000
    chapter_steps: Annotated[int, Integer(1)] = 200_000
    ppo: PpoRecipe = field(default_factory=PpoRecipe)
    episodes: EpisodeRules = field(default_factory=EpisodeRules)
    limits: AssistSchedule = field(default_factory=AssistSchedule)
    reward: RewardWeights = field(default_factory=RewardWeights)
    held_out: Annotated[HeldOutRecipe | None, Table(HeldOutRecipe)] = None
    start: Annotated[str, Text(may_be_empty=True)] = ""


def load_training_recipe(name_or_path: str | os.PathLike[str]) -> TrainingRecipe:
    """Load the training recipe that ships under a name, or the one in a file.

    Raises:
        NotFound: there is no such recipe or file.
        InvalidInput: the file is not a valid recipe; every wrong key is named.
    """
    return recipe_file.read_recipe(TrainingRecipe, name_or_path, "sim_server")
