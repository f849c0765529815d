"""The self-consuming loop on toy data, with every seed of an arm at once."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from loop_client.experiments.checks import Curves
from loop_client.strategy import STRATEGIES
from loop_client.toy.arm_state import ArmState, read_arm_state, write_arm_state
from loop_client.toy.distributions import Distribution
from loop_client.toy.model_parameters import random_parameters
from loop_client.toy.model_registry import make_model
from loop_client.toy.point_set import PointSet, concatenated
from loop_client.toy.toy_correctors import corrector_of
from loop_client.toy.toy_metrics import METRICS, MetricInput
from loop_client.toy.toy_model import RngFactory, ToyModel
from loop_client.toy.toy_recipe import ToyArmRecipe, ToyRecipe
from motion.cpu import single_threaded_blas

_PICTURED_SAMPLES, _PICTURED_GENERATIONS = 200, 5


# With more threads, BLAS sums in another order and may flip the sign of eigenvectors, so that curves would depend on
# the number of cores; and for matrices as small as these its threads mostly wait for each other.
@single_threaded_blas()
def run_arm(
    recipe: ToyRecipe,
    arm: ToyArmRecipe,
    progress: Callable[[int, int], None] | None = None,
    first_models: dict[int, Any] | None = None,
    state_file: Path | None = None,
) -> tuple[Curves, np.ndarray]:
    """Run all generations of an arm.

    Every generation and purpose has random numbers of its own, which are the same in all arms, so that arms can be
    compared run by run. Samples for metrics and pictures have the arm's bias, like those that are trained on.

    Args:
        recipe: the experiment.
        arm: one of its arms.
        progress: called with (generations done, generations in all).
        first_models: models of generation 0 by the number of points that they were trained on, shared by all arms.
            A model that is there is not trained again; one that is not is added.
        state_file: the file that the arm's state is written to after each generation, and continued from where it is
            there; None for none. Only models that are networks can be written.

    Returns:
        The curves of the arm, and samples (k, n, dim) of its first run at the k generations that are pictured.

    Raises:
        InvalidInput: the state file is damaged.
    """
    distribution = recipe.data.distribution()
    model = make_model(recipe.generator.kind, recipe.generator.settings, distribution)
    strategy, runs, n = STRATEGIES[arm.strategy], recipe.num_seeds, arm.n or recipe.data.n

    def draw_real(generation: int, count: int) -> PointSet:
        return PointSet(distribution.draw(_rng_factory(recipe, generation)("real"), runs, count))

    first_models = {} if first_models is None else first_models
    size = arm.first or n
    if size not in first_models:
        first_models[size] = model.train([draw_real(0, size)], None, _rng_factory(recipe, 0))
    start = _Start(first_models[size])
    if "random_distance" in recipe.metrics:
        start.random = random_parameters(model, runs, distribution.dim, _rng_factory(recipe, 0)("random weights"))
    state = (read_arm_state(state_file, model) if state_file else None) or ArmState([start.first])
    first_real = draw_real(0, n)
    for generation in range(state.generation + 1, recipe.generations + 1):
        rng_for = _rng_factory(recipe, generation)
        if generation:
            if arm.synthetic and strategy.synthesizes:
                samples = _sample_synthetic(arm, state.trained, model, rng_for)
                corrected = corrector_of(arm.corrector, arm.centers)(
                    samples, arm.gamma, distribution, rng_for("correction")
                )
                state.synthetic.append([PointSet(corrected)])
            real = [draw_real(generation, n) if strategy.fresh_real else first_real]
            training_set = strategy.compose(real, _trained_share(arm, state.synthetic) or [[]])
            if strategy.fixed_size:
                training_set = [_subset(training_set, n, rng_for("mixture"))]
            state.trained.append(model.train(training_set, state.trained[-1], rng_for))
            del state.trained[: -arm.memory]
            if not strategy.keeps_all:
                del state.synthetic[:-1]
        if generation % recipe.every == 0 or generation == recipe.generations:
            state.measured[generation] = _measure(recipe, arm, model, state.trained[-1], distribution, rng_for, start)
        if generation in pictured_generations(recipe):
            state.pictures.append(model.sample(state.trained[-1], _PICTURED_SAMPLES, arm.bias, rng_for("shown"))[0])
        state.generation = generation
        if state_file and generation < recipe.generations:
            write_arm_state(state_file, state)
        if progress:
            progress(generation, recipe.generations)
    curves = {name: np.stack([values[name] for values in state.measured.values()], axis=1) for name in recipe.metrics}
    return {"generations": np.array(list(state.measured)), **curves}, np.stack(state.pictures)


@dataclass
class _Start:
    """Where the distances of parameters are measured from: generation 0, and weights before any training."""

    first: Any
    random: np.ndarray | None = None


def pictured_generations(recipe: ToyRecipe) -> list[int]:
    """Return the generations whose samples are kept for pictures."""
    return sorted({round(each) for each in np.linspace(0, recipe.generations, _PICTURED_GENERATIONS)})


def _measure(
    recipe: ToyRecipe,
    arm: ToyArmRecipe,
    model: ToyModel,
    trained: Any,
    distribution: Distribution,
    rng_for: RngFactory,
    start: _Start,
) -> dict[str, np.ndarray]:
    """Compute every metric of a trained model, (runs,) by name."""
    samples = model.sample(trained, recipe.samples, arm.bias, rng_for("looked at"))
    real = distribution.draw_unseen(rng_for("looked at beside"), recipe.num_seeds, recipe.samples)
    given = MetricInput(trained, samples, real, distribution, start.first, start.random)
    return {name: METRICS[name].measure(given) for name in recipe.metrics}


def _sample_synthetic(arm: ToyArmRecipe, trained: list[Any], model: ToyModel, rng_for: RngFactory) -> np.ndarray:
    """Sample the arm's synthetic points from the last models, in equal shares."""
    counts = np.diff(np.linspace(0, arm.synthetic, len(trained) + 1).round().astype(int))
    rng = rng_for("synthetic")
    samples = [model.sample(each, int(count), arm.bias, rng) for each, count in zip(trained, counts, strict=True)]
    return np.concatenate(samples, axis=1)


def _subset(sets: Sequence[PointSet], n: int, rng: np.random.Generator) -> PointSet:
    """Draw `n` of all points without replacement, separately for each run."""
    points = concatenated(sets)
    order = rng.permuted(np.tile(np.arange(points.shape[1]), (len(points), 1)), axis=1)[:, :n]
    return PointSet(np.take_along_axis(points, order[..., None], axis=1))


def _trained_share(arm: ToyArmRecipe, synthetic: list[list[PointSet]]) -> list[list[PointSet]]:
    """Return the points of each generation that the arm trains on now, see `ToyArmRecipe.growth`."""
    if arm.growth == "whole":
        return synthetic
    counts = [(index + 1) * arm.synthetic // len(synthetic) for index in range(len(synthetic))]
    return [[points.first(count) for points in sets] for sets, count in zip(synthetic, counts, strict=True)]


def _rng_factory(recipe: ToyRecipe, generation: int) -> RngFactory:
    # The purpose is part of the seed, so another word for a purpose would change every result.
    return lambda purpose: np.random.default_rng([recipe.seed, generation, zlib.crc32(purpose.encode())])
