"""The samples that a generation asks for: those that it is trained on, and those that it is evaluated on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from loop_client.evaluation.sampling_limits import sampling_lengths
from loop_client.runs.arms import ArmRecipe
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.sample_batch import SampleRequest
from loop_client.runs.seeds import derive_rng, derive_seed
from loop_client.strategy import draw_corrected, draw_sources, number_synthetic
from motion.motion_set import MotionSet
from motion.protocols import GeneratorInfo, SampleOptions


@dataclass(frozen=True)
class EvaluationPrompts:
    """The fixed prompts that every generation of every arm is evaluated on.

    Attributes:
        names: distinct names of the samples, each with the id of the test motion that gave its prompt.
        prompts: the texts.
        lengths: the numbers of frames.
    """

    names: tuple[str, ...]
    prompts: tuple[str, ...]
    lengths: tuple[int, ...]


def draw_evaluation_prompts(test: MotionSet, count: int, generator: GeneratorInfo, seed: int) -> EvaluationPrompts:
    """Draw captions and lengths of test motions.

    Args:
        test: the test motions, which take turns.
        count: the number of prompts.
        generator: the description of the generator that is to be asked.
        seed: seed of the draw of one caption for each prompt.
    """
    rng = np.random.default_rng(seed)
    lengths = sampling_lengths(test, generator)
    sources = [i % len(test) for i in range(count)]
    return EvaluationPrompts(
        tuple(f"{i:04d}-{test.ids[source]}" for i, source in enumerate(sources)),
        tuple(test.captions[source][rng.integers(len(test.captions[source]))] for source in sources),
        tuple(lengths[source] for source in sources),
    )


def evaluation_request(
    recipe: Recipe, prompts: EvaluationPrompts, seed: int, generation: int, checkpoint: str
) -> SampleRequest:
    """Return the samples that one generation is evaluated on, the first of which are corrected.

    Args:
        recipe: the recipe of the run.
        prompts: the prompts of all generations.
        seed: the seed of the run.
        generation: the generation that is evaluated.
        checkpoint: id of its checkpoint.
    """
    return SampleRequest(
        names=prompts.names,
        prompts=prompts.prompts,
        lengths=prompts.lengths,
        captions=[(prompt,) for prompt in prompts.prompts],
        seed=derive_seed(seed, generation, "evaluation"),
        options=SampleOptions(checkpoint, recipe.sampling.guidance, recipe.sampling.steps),
        replaced=[index < recipe.evaluation.corrected for index in range(len(prompts.names))],
        correction_seed=derive_seed(seed, generation, "correction"),
        correction=recipe.correction.options(),
    )


def synthetic_request(
    recipe: Recipe,
    arm: ArmRecipe,
    real: MotionSet,
    seed: int,
    generation: int,
    checkpoint: str,
    generator: GeneratorInfo,
) -> SampleRequest:
    """Return the synthetic motions that one generation asks of the model of the generation before.

    Algorithm 1 of Gillman et al. (ICML 2024): int(lambda n) real motions, drawn without replacement, give a caption
    and a length each. Everything drawn is the same in all arms that train on the same real motions.

    Args:
        recipe: the recipe of the run.
        arm: the arm that is trained.
        real: the real motions of the generation.
        seed: the seed of the run.
        generation: the generation that is trained.
        checkpoint: id of the checkpoint of the generation before.
        generator: the description of the generator.
    """
    rng = derive_rng(seed, generation, "prompts")
    drawn = draw_sources(len(real), number_synthetic(recipe.synthetic.share, len(real)), rng)
    captions = [real.captions[source][rng.integers(len(real.captions[source]))] for source in drawn]
    each = arm.verifier.best_of if arm.verifier else 1
    sources, prompts = np.repeat(drawn, each).tolist(), [prompt for prompt in captions for _ in range(each)]
    lengths = sampling_lengths(real, generator)
    replaced = [False] * len(sources)
    if arm.corrector != "identity":
        replaced = draw_corrected(len(sources), arm.gamma, derive_rng(seed, generation, "strength")).tolist()
    all_captions = recipe.synthetic.captions == "source"
    guidance = 1 / arm.bias if arm.bias else recipe.sampling.guidance
    return SampleRequest(
        names=list(_distinct_names((real.ids[source] for source in sources), generation)),
        prompts=prompts,
        lengths=[lengths[source] for source in sources],
        captions=[real.captions[s] if all_captions else (p,) for s, p in zip(sources, prompts, strict=True)],
        seed=derive_seed(seed, generation, "noise"),
        options=SampleOptions(checkpoint, guidance, recipe.sampling.steps),
        replaced=replaced,
        correct_all=arm.verifier is not None and arm.verifier.needs_correction,
        correction_seed=derive_seed(seed, generation, "correction"),
        correction=recipe.correction.options(),
        provenance=[{"source": real.ids[source], "generation": generation, "arm": arm.name} for source in sources],
    )


def _distinct_names(ids: Iterable[str], generation: int) -> Iterator[str]:
    """Yield a name for each sample, with a number where several are made after one real motion."""
    seen: Counter[str] = Counter()
    for identity in ids:
        again = f"-{seen[identity] + 1}" if seen[identity] else ""
        yield f"{identity}-g{generation:03d}{again}"
        seen[identity] += 1
