"""The set that a generation is trained on, item by item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from loop_client.runs.arms import ArmRecipe
from loop_client.runs.real_motions import RealData, sampling_lengths
from loop_client.runs.production import Order, Production
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.seeds import derived_generator, derived_seed
from loop_client.strategy import STRATEGIES, draw_corrected, draw_sources, number_synthetic
from motion.motion_set import MotionSet
from motion.motion import Motion
from motion.protocols import SampleOptions

Origin = Literal["real", "raw", "corrected"]


@dataclass(frozen=True, eq=False)
class Item:
    """A motion to train on, its captions, and what it is."""

    motion: Motion
    captions: tuple[str, ...]
    origin: Origin


def real_motions(recipe: Recipe, arm: ArmRecipe, data: RealData, seed: int, generation: int) -> MotionSet:
    """The real motions of one generation: the same in each, unless the strategy draws anew."""
    if generation and STRATEGIES[arm.strategy].fresh_real:
        return data.fresh_train(seed, generation, recipe.data.balance, arm.n or len(data.train))
    return data.train


def real_items(motions: MotionSet) -> list[Item]:
    return [Item(motion, texts, "real") for motion, texts in zip(motions.motions, motions.captions, strict=True)]


def synthetic_order(
    recipe: Recipe, arm: ArmRecipe, real: MotionSet, seed: int, generation: int, checkpoint: str, longest: int
) -> Order:
    """The samples that generation `generation` asks of the model before it.

    Algorithm 1 of Gillman et al. (ICML 2024): int(lambda n) real motions, drawn without replacement, give a caption
    and a length each. Everything drawn is the same in all arms that train on the same real motions.
    """
    rng = derived_generator(seed, generation, "prompts")
    asked = draw_sources(len(real), number_synthetic(recipe.synthetic.share, len(real)), rng)
    captions = [real.captions[source][rng.integers(len(real.captions[source]))] for source in asked]
    each = arm.verifier.best_of if arm.verifier else 1
    sources, prompts = np.repeat(asked, each).tolist(), [prompt for prompt in captions for _ in range(each)]
    lengths = sampling_lengths(real, longest)
    replaced = [False] * len(sources)
    if arm.corrector != "identity":
        replaced = draw_corrected(len(sources), arm.gamma, derived_generator(seed, generation, "strength")).tolist()
    verified = arm.verifier is not None and arm.verifier.by_correction
    whole = recipe.synthetic.captions == "source"
    seen: Counter[int] = Counter()
    names = []
    for source in sources:
        again = f"-{seen[source] + 1}" if seen[source] else ""
        names.append(f"{real.ids[source]}-g{generation:03d}{again}")
        seen[source] += 1
    return Order(
        names=names,
        prompts=prompts,
        lengths=[lengths[source] for source in sources],
        captions=[real.captions[s] if whole else (p,) for s, p in zip(sources, prompts, strict=True)],
        seed=derived_seed(seed, generation, "noise"),
        options=SampleOptions(
            checkpoint, 1 / arm.bias if arm.bias else recipe.sampling.guidance, recipe.sampling.steps
        ),
        replaced=replaced,
        verified=verified,
        correction_seed=derived_seed(seed, generation, "correction"),
        correction=recipe.correction.options(),
        provenance=[{"source": real.ids[source], "generation": generation, "arm": arm.name} for source in sources],
    )


def synthetic_items(production: Production, arm: ArmRecipe) -> list[Item]:
    """What is trained on of a production: corrections where there are some, samples as they came where not.

    Samples that are no motion are left out. The arm says how far a sample goes to its correction (`relaxation`), and of
    those whose correction failed, whether they are left out or trained on as they came (`failed`).
    """
    items = []
    valid = production.valid()
    for motion, captions, about in zip(valid.motions, valid.captions, valid.metadata, strict=True):
        replaced = about.get("replaced", about["corrected"])  # sets of version 1.0 had `corrected` alone
        correction = production.corrections.get(motion.name or "")
        if correction is None or not replaced:
            items.append(Item(motion, captions, "raw"))
        elif correction.report.status == "OK":
            items.append(Item(relaxed(motion, correction.motion, arm.relaxation), captions, "corrected"))
        elif arm.failed == "keep":
            items.append(Item(motion, captions, "raw"))
    return items


def relaxed(sample: Motion, correction: Motion, relaxation: float) -> Motion:
    """`sample` moved towards its `correction`, joint by joint, by a share `relaxation` of the way; 1 is all of it."""
    if relaxation == 1:
        return correction
    positions = sample.positions.astype(np.float64)
    return correction.with_positions(positions + relaxation * (correction.positions - positions))


def training_set(items: Sequence[Item]) -> MotionSet:
    """Items as the set that is handed to a generator."""
    return MotionSet(tuple(item.motion for item in items), tuple(item.captions for item in items))


def count_origins(items: Sequence[Item]) -> dict[str, int]:
    """How many items are real, raw and corrected."""
    return {origin: sum(item.origin == origin for item in items) for origin in ("real", "raw", "corrected")}
