"""A diffusion whose score is a network of one hidden layer, in a loop on a known density: Fu et al., ICML 2024.

The hidden layer is random and its output layer is trained, so training by gradient flow has a closed form and may be
stopped at any time.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from loop_client.experiments.checks import Curves
from motion.errors import InvalidInput

_CENTERS, _SCALE = np.array([-1.5, 1.5]), 0.6
_TIMES, _END = 40, 4.0  # steps and end of the Ornstein-Uhlenbeck process
_NOISES = 4  # draws of noise for each point and epoch of the regression
_EDGES = np.linspace(-4.0, 4.0, 41)


def score_loop(
    seeds: int,
    rng: np.random.Generator,
    *,
    strategy: str = "augment",
    n: int = 500,
    synthetic: int = 500,
    hidden: int = 64,
    stop: float = 1e4,
    generations: int = 5,
    samples: int = 4000,
) -> Curves:
    """Run the loop and measure the total variation of the models to the real density.

    Args:
        seeds: number of runs.
        rng: the source of randomness.
        strategy: `augment`, or `replace` for a loop without real points.
        n: real points, the same in each generation.
        synthetic: synthetic points per generation.
        hidden: units of the hidden layer.
        stop: time at which the gradient flow of the output layer is stopped; more is less regularized.
        generations: after generation 0.
        samples: of each model, for the total variation, which is that of histograms of 40 bins.

    Returns:
        By generation: `total_variation`.
    """
    if strategy not in ("augment", "replace"):
        raise InvalidInput.of("strategy", f"is {strategy!r}; must be 'augment' or 'replace'")
    expected = np.diff(ndtr((_EDGES[:, None] - _CENTERS) / _SCALE).mean(axis=1))
    distances = np.zeros((seeds, generations + 1))
    for seed in range(seeds):
        real = _CENTERS[rng.integers(2, size=n)] + _SCALE * rng.standard_normal(n)
        layer = rng.standard_normal((3, hidden))
        trained = real
        for generation in range(generations + 1):
            weights = _train(trained, layer, stop, rng)
            drawn = _sample(weights, layer, samples, rng)
            counts = np.histogram(drawn, _EDGES)[0] / samples
            outside = 1 - counts.sum() + 1 - expected.sum()
            distances[seed, generation] = 0.5 * (np.abs(counts - expected).sum() + outside)
            own = _sample(weights, layer, synthetic, rng)
            trained = own if strategy == "replace" else np.concatenate([real, own])
    return {"generations": np.arange(generations + 1), "total_variation": distances}


def _hidden(x: np.ndarray, time: float, layer: np.ndarray) -> np.ndarray:
    """Return the rectified units of points (k,) at a time, (k, hidden), scaled by 1 / sqrt(hidden)."""
    inputs = np.stack([x, np.full_like(x, time), np.ones_like(x)], axis=1)
    return np.maximum(inputs @ layer, 0) / np.sqrt(layer.shape[1])


def _schedule() -> np.ndarray:
    return _END * (np.arange(1, _TIMES + 1) / _TIMES) ** 2


def _train(points: np.ndarray, layer: np.ndarray, stop: float, rng: np.random.Generator) -> np.ndarray:
    """Train an output layer for each time by gradient flow from zero to the time `stop`, (times, hidden)."""
    weights = np.zeros((_TIMES, layer.shape[1]))
    for index, time in enumerate(_schedule()):
        decay, spread = np.exp(-time), np.sqrt(1 - np.exp(-2 * time))
        clean = np.tile(points, _NOISES)
        noise = rng.standard_normal(len(clean))
        units = _hidden(decay * clean + spread * noise, time, layer)
        # Denoising score matching, with the score in units of the noise: the network predicts -noise.
        gram, target = units.T @ units / len(units), -units.T @ noise / len(units)
        values, vectors = np.linalg.eigh(gram)
        values = values.clip(1e-12)
        weights[index] = vectors @ (-np.expm1(-stop * values) / values * (vectors.T @ target))
    return weights


def _sample(weights: np.ndarray, layer: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Sample by the reversed process, in steps from one time to the one before."""
    times = np.concatenate([[0.0], _schedule()])
    x = rng.standard_normal(count)
    for index in reversed(range(_TIMES)):
        now, before = times[index + 1], times[index]
        spread = np.sqrt(1 - np.exp(-2 * now))
        noise = (-_hidden(x, float(now), layer) @ weights[index]).clip(-4, 4)
        # The step of DDPM between two times: the mean given the predicted noise, and the posterior's spread.
        ratio = np.exp(-2 * (now - before))
        kept = 1 - np.exp(-2 * before)
        x = (x - (1 - ratio) / spread * noise) / np.sqrt(ratio)
        if index:
            x = x + np.sqrt((1 - ratio) * kept) / spread * rng.standard_normal(count)
    return x
