"""The set that a generation is trained on, item by item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from loop_client.runs.arms import ArmRecipe
from loop_client.runs.real_motions import RealData
from loop_client.runs.run_files import read_json
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.sample_batch import SampleBatch, read_sample_batch
from loop_client.runs.seeds import derive_rng
from loop_client.runs.verification import kept_names
from loop_client.strategy import STRATEGIES, draw_subset
from motion.motion import Motion
from motion.motion_set import MotionSet

Origin = Literal["real", "raw", "corrected"]
"""Where a training motion comes from: real, sampled, or sampled and corrected."""


@dataclass(frozen=True, eq=False)
class Item:
    """One motion to train on.

    Attributes:
        motion: the motion.
        captions: its captions.
        origin: where it comes from.
    """

    motion: Motion
    captions: tuple[str, ...]
    origin: Origin


def real_motions(recipe: Recipe, arm: ArmRecipe, data: RealData, seed: int, generation: int) -> MotionSet:
    """Return the real motions of one generation: the same in each, unless the strategy draws fresh ones.

    Args:
        recipe: the recipe of the run.
        arm: the arm that is trained.
        data: the real motions of the run.
        seed: the seed of the run.
        generation: the generation that is trained.
    """
    if generation and STRATEGIES[arm.strategy].fresh_real:
        return data.draw_fresh(seed, generation, recipe.data.balance, arm.n or len(data.train))
    return data.train


def real_items(motions: MotionSet) -> list[Item]:
    """Return real motions as items to train on."""
    return [Item(motion, texts, "real") for motion, texts in zip(motions.motions, motions.captions, strict=True)]


def synthetic_items(batch: SampleBatch, arm: ArmRecipe) -> list[Item]:
    """Return the motions of a batch to train on: corrections where there are some, otherwise the samples themselves.

    Invalid samples are left out.

    Args:
        batch: the synthetic motions of one generation.
        arm: tells how far a sample moves towards its correction (`relaxation`), and whether a sample whose correction
            failed is left out or kept uncorrected (`failed`).
    """
    items = []
    valid = batch.valid()
    for motion, captions, metadata in zip(valid.motions, valid.captions, valid.metadata, strict=True):
        # Runs that were started before `replaced` was stored have only `corrected`.
        replaced = metadata.get("replaced", metadata["corrected"])
        correction = batch.corrections.get(motion.name or "")
        if correction is None or not replaced:
            items.append(Item(motion, captions, "raw"))
        elif correction.report.status != "FAILED":
            items.append(Item(relax(motion, correction.motion, arm.relaxation), captions, "corrected"))
        elif arm.failed == "keep":
            items.append(Item(motion, captions, "raw"))
    return items


def read_synthetic_items(folder: Path, verified: Path, arm: ArmRecipe) -> list[Item]:
    """Read the synthetic motions of one generation that are trained on.

    Args:
        folder: the batch of synthetic motions.
        verified: the verifier's document; read only if the arm has a verifier.
        arm: the arm.
    """
    items = synthetic_items(read_sample_batch(folder), arm)
    if not arm.verifier:
        return items
    kept = kept_names(read_json(verified))
    return [item for item in items if item.motion.name in kept]


def compose_training_set(
    arm: ArmRecipe, real: MotionSet, synthetic: Sequence[Sequence[Item]], seed: int, generation: int
) -> list[Item]:
    """Compose the training set of one generation as the arm's strategy prescribes.

    Args:
        arm: the arm that is trained.
        real: the real motions of the generation.
        synthetic: the synthetic items of each generation so far, from generation 1 on.
        seed: the seed of the run.
        generation: the generation that is trained.
    """
    strategy = STRATEGIES[arm.strategy]
    composed = strategy.compose(real_items(real), synthetic)
    if strategy.fixed_size:
        rng = derive_rng(seed, generation, "mixture")
        composed = [composed[index] for index in draw_subset([""] * len(composed), len(real), rng)]
    return composed


def relax(sample: Motion, correction: Motion, relaxation: float) -> Motion:
    """Move a sample towards its correction, joint by joint.

    Args:
        sample: the motion as it was sampled.
        correction: its correction.
        relaxation: the share of the way; 1 returns the correction itself.
    """
    if relaxation == 1:
        return correction
    positions = sample.positions.astype(np.float64)
    return correction.with_positions(positions + relaxation * (correction.positions - positions))


def as_motion_set(items: Sequence[Item]) -> MotionSet:
    """Return items as the set that is uploaded to a generator."""
    return MotionSet(tuple(item.motion for item in items), tuple(item.captions for item in items))


def count_origins(items: Sequence[Item]) -> dict[str, int]:
    """Count the items that are real, raw and corrected."""
    return {origin: sum(item.origin == origin for item in items) for origin in ("real", "raw", "corrected")}
