"""The self-consuming loop on points: every seed of an arm at once."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from loop_client.experiments.checks import Curves
from loop_client.strategy import STRATEGIES
from loop_client.toy.model_registry import make_model
from loop_client.toy.point_set import Part, gathered
from loop_client.toy.toy_correctors import CORRECTORS
from loop_client.toy.toy_metrics import METRICS, Look
from loop_client.toy.toy_model import Chance, PointModel
from loop_client.toy.toy_recipe import ArmRecipe, PointRecipe

_SHOWN, _PICTURES = 200, 5  # samples that are kept to look at, and of how many generations


def run_arm(
    recipe: PointRecipe,
    arm: ArmRecipe,
    progress: Callable[[int, int], None] | None = None,
    begun: dict[int, Any] | None = None,
) -> tuple[Curves, np.ndarray]:
    """The curves of an arm, and samples of its first run's models at the generations of `shown` (k, n, dim).

    What is looked at is sampled as what is trained on is, with the arm's bias.

    Chance is drawn anew for each generation and purpose, alike in all arms, so that they can be compared run by run.

    Args:
        progress: called with (generations done, all).
        begun: models of generation 0 by the number of points that they were fitted to; one that is there is not fitted
            again, one that is not is put there.
    """
    distribution = recipe.data.distribution()
    model = make_model(recipe.generator.kind, recipe.generator.settings, distribution)
    strategy, runs, n = STRATEGIES[arm.strategy], recipe.seeds, arm.n or recipe.data.n

    def real(generation: int, count: int) -> Part:
        return Part(distribution.draw(_chance(recipe, generation)("real"), runs, count))

    begun = {} if begun is None else begun
    size = arm.first or n
    if size not in begun:
        begun[size] = model.fit([real(0, size)], None, _chance(recipe, 0))
    fitted = [begun[size]]
    pictures = []
    kept = real(0, n)
    synthetic: list[list[Part]] = []
    rows: dict[int, dict[str, np.ndarray]] = {}
    for generation in range(recipe.generations + 1):
        chance = _chance(recipe, generation)
        if generation:
            if arm.synthetic and strategy.synthesizes:
                made = _synthetic(arm, fitted, model, chance)
                corrected = CORRECTORS[arm.corrector](made, arm.gamma, distribution, chance("correction"))
                synthetic.append([Part(corrected)])
            parts = [real(generation, n) if strategy.fresh_real else kept]
            composed = strategy.compose(parts, _weighed(arm, synthetic) or [[]])
            if strategy.fixed_size:
                composed = [_drawn(composed, n, chance("mixture"))]
            fitted.append(model.fit(composed, fitted[-1], chance))
            del fitted[: -arm.memory]
            if not strategy.keeps_all:
                del synthetic[:-1]
        if generation % recipe.every == 0 or generation == recipe.generations:
            samples = model.sample(fitted[-1], recipe.samples, arm.bias, chance("looked at"))
            reals = distribution.draw_unseen(chance("looked at beside"), runs, recipe.samples)
            look = Look(fitted[-1], samples, reals, distribution)
            rows[generation] = {name: METRICS[name].measure(look) for name in recipe.metrics}
        if generation in shown(recipe):
            pictures.append(model.sample(fitted[-1], _SHOWN, arm.bias, chance("shown"))[0])
        if progress:
            progress(generation, recipe.generations)
    curves: Curves = {name: np.stack([row[name] for row in rows.values()], axis=1) for name in recipe.metrics}
    return {"generations": np.array(list(rows)), **curves}, np.stack(pictures)


def shown(recipe: PointRecipe) -> list[int]:
    """The generations of which samples are kept to look at."""
    return sorted({round(each) for each in np.linspace(0, recipe.generations, _PICTURES)})


def _synthetic(arm: ArmRecipe, fitted: list[Any], model: PointModel, chance: Chance) -> np.ndarray:
    """Points of the last models, in equal shares."""
    shares = np.diff(np.linspace(0, arm.synthetic, len(fitted) + 1).round().astype(int))
    rng = chance("synthetic")
    made = [model.sample(each, int(count), arm.bias, rng) for each, count in zip(fitted, shares, strict=True)]
    return np.concatenate(made, axis=1)


def _drawn(parts: Sequence[Part], n: int, rng: np.random.Generator) -> Part:
    """`n` of all points, drawn without replacement, each run its own."""
    points = gathered(parts)
    order = rng.permuted(np.tile(np.arange(points.shape[1]), (len(points), 1)), axis=1)[:, :n]
    return Part(np.take_along_axis(points, order[..., None], axis=1))


def _weighed(arm: ArmRecipe, synthetic: list[list[Part]]) -> list[list[Part]]:
    """As much of each generation's points as the arm trains on now."""
    if arm.growth == "whole":
        return synthetic
    kept = [(index + 1) * arm.synthetic // len(synthetic) for index in range(len(synthetic))]
    return [[part.first(count) for part in parts] for parts, count in zip(synthetic, kept, strict=True)]


def _chance(recipe: PointRecipe, generation: int) -> Chance:
    return lambda purpose: np.random.default_rng([recipe.seed, generation, zlib.crc32(purpose.encode())])
