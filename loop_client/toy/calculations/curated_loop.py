"""Retraining on samples that people have chosen: Ferbach et al., NeurIPS 2024."""

from __future__ import annotations

import numpy as np

from loop_client.experiments.checks import Curves


def curated_loop(
    seeds: int, rng: np.random.Generator, *, share: float = 1.0, cells: int = 200, generations: int = 60
) -> Curves:
    """Retrain a distribution on the better of two of its samples, mixed with real data.

    The choice follows the Bradley-Terry model, and there are infinitely many samples, so a generation is
    p'(x) = (1 - s) p_real(x) + s p(x) 2 E_y[sigmoid(r(x) - r(y))].

    Args:
        seeds: number of random rewards; each is a smooth random function on a line of cells.
        rng: the source of randomness.
        share: s, the share of curated samples; with 1 no real data is left.
        cells: of the line.
        generations: after generation 0, which is the real distribution.

    Returns:
        By generation: `reward`, its expectation; `reward_rise`, its increase since the generation before (0 at
        first); `reward_variance`; and `divergence`, the Kullback-Leibler divergence of the model from the real
        distribution in nats.
    """
    place = np.linspace(0, 2 * np.pi, cells, endpoint=False)
    waves = np.arange(1, 6)
    amplitude, phase = rng.standard_normal((seeds, 5)) / waves, rng.uniform(0, 2 * np.pi, (seeds, 5))
    reward = 2 * (amplitude[..., None] * np.sin(waves[:, None] * place + phase[..., None])).sum(axis=1)
    wins = 2 / (1 + np.exp(reward[:, None, :] - reward[:, :, None]))
    real = np.full((seeds, cells), 1 / cells)
    model, recorded = real, []
    for _ in range(generations + 1):
        expected = (model * reward).sum(axis=1)
        variance = (model * reward**2).sum(axis=1) - expected**2
        divergence = (model * np.log(np.maximum(model, 1e-300) / real)).sum(axis=1)
        recorded.append(np.stack([expected, variance, divergence]))
        curated = model * (wins @ model[..., None])[..., 0]
        model = (1 - share) * real + share * curated / curated.sum(axis=1, keepdims=True)
    expected, variance, divergence = np.stack(recorded, axis=2)
    return {
        "generations": np.arange(generations + 1),
        "reward": expected,
        "reward_rise": np.diff(expected, axis=1, prepend=expected[:, :1]),
        "reward_variance": variance,
        "divergence": divergence,
    }
