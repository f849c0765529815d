"""Confidence intervals of means: `± half width` in print, `[low, high]` in JSON."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats


def half_width(values: np.ndarray) -> np.ndarray:
    """Compute half the width of the 95 % confidence interval of the mean over the first axis.

    Student's t interval: 4.3 standard errors for three values, 2.0 for a hundred.

    Args:
        values: (n, ...) independent values, with n at least 2.

    Returns:
        The half width, (...).
    """
    count = len(values)
    return stats.t.ppf(0.975, count - 1) * values.std(axis=0, ddof=1) / np.sqrt(count)


def interval(values: np.ndarray | Sequence[float]) -> list[float] | None:
    """Compute the 95 % confidence interval of the mean of a sequence, as it is written to JSON.

    Args:
        values: (n,) independent values.

    Returns:
        `[low, high]`, symmetric about the mean; None for fewer than two values, which say nothing about their spread.
    """
    array = np.asarray(values, np.float64)
    if len(array) < 2:
        return None
    mean, half = float(array.mean()), float(half_width(array))
    return [mean - half, mean + half]


def format_interval(mean: float, bounds: Sequence[float] | None, digits: int = 3) -> str:
    """Format a mean and its confidence interval as `mean ± half width`.

    Args:
        mean: the mean.
        bounds: `[low, high]` as `interval` returns it; None prints the mean alone.
        digits: significant digits of the mean.
    """
    if bounds is None:
        return f"{mean:.{digits}g}"
    low, high = bounds
    half = (high - low) / 2
    return f"{mean:.{digits}g} ± {half:.0f}" if half >= 1 else f"{mean:.{digits}g} ± {half:.1g}"
