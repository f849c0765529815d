"""Linear regression on its own labels: replacing them or accumulating them (Gerstgrasser et al., COLM 2024)."""

from __future__ import annotations

import numpy as np

from loop_client.experiments.checks import Curves
from motion.errors import InvalidInput


def regression_loop(
    seeds: int,
    rng: np.random.Generator,
    *,
    strategy: str = "accumulate",
    rows: int = 60,
    dim: int = 10,
    noise: float = 1.0,
    generations: int = 50,
) -> Curves:
    """Fit a linear model to labels of the models before it, with fresh noise in each generation.

    All generations share the inputs X, as in the paper's theorems 1 and 2. With infinitely many generations that
    accumulate, the error is bounded by pi² / 6 times that of the first model; with replacement it grows linearly.

    Args:
        seeds: number of runs.
        rng: the source of randomness.
        strategy: `accumulate` or `replace`.
        rows: number of inputs, above `dim` + 1.
        dim: number of coefficients.
        noise: standard deviation of the labels' noise.
        generations: after the first model.

    Returns:
        By generation: `error`, the squared error of the prediction beside the noise; `relative_error`, divided by its
        expectation for the first model, noise² dim / (rows - dim - 1); and `exact`, its closed form.
    """
    if strategy not in ("accumulate", "replace"):
        raise InvalidInput.of("strategy", f"is {strategy!r}; must be 'accumulate' or 'replace'")
    if rows <= dim + 1:
        raise InvalidInput.of("rows", f"is {rows}; must be above dim + 1, which is {dim + 1}")
    inputs = rng.standard_normal((seeds, rows, dim))
    inverse = np.linalg.pinv(inputs)
    truth = rng.standard_normal((seeds, dim, 1))
    model, total, errors = truth, np.zeros((seeds, rows, 1)), []
    for generation in range(generations + 1):
        labels = inputs @ model + noise * rng.standard_normal((seeds, rows, 1))
        total = labels if strategy == "replace" else total + labels
        count = 1 if strategy == "replace" else generation + 1
        # Over sets that share their inputs, least squares is that of the mean label.
        model = inverse @ (total / count)
        errors.append(((model - truth) ** 2).sum(axis=(1, 2)))
    time = np.arange(generations + 1)
    expected = noise**2 * dim / (rows - dim - 1)
    growth = time + 1.0 if strategy == "replace" else np.cumsum(1.0 / (time + 1) ** 2)
    relative = np.stack(errors, axis=1) / expected
    return {
        "generations": time,
        "error": relative * expected,
        "relative_error": relative,
        "exact": np.tile(growth, (seeds, 1)),
        "to_exact": relative / growth,
    }
