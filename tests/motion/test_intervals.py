"""Confidence intervals cover the mean as often as they should, in print and in JSON alike."""

from __future__ import annotations

import numpy as np
import pytest

from motion.intervals import format_interval, half_width, interval


def test_the_half_width_of_three_values_is_that_of_student() -> None:
    values = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])
    assert half_width(values) == pytest.approx([4.3027 / np.sqrt(3), 0.0], rel=1e-4)


def test_an_interval_covers_the_mean_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(0)
    runs = rng.standard_normal((5, 20_000))
    assert (np.abs(runs.mean(axis=0)) < half_width(runs)).mean() == pytest.approx(0.95, abs=0.01)


def test_an_interval_is_symmetric_about_the_mean() -> None:
    bounds = interval([1.0, 2.0, 3.0])
    assert bounds == pytest.approx([2 - 4.3027 / np.sqrt(3), 2 + 4.3027 / np.sqrt(3)], rel=1e-4)


def test_one_value_has_no_interval() -> None:
    assert interval([1.0]) is None
    assert format_interval(1.0, interval([1.0])) == "1"


@pytest.mark.parametrize(
    ("mean", "half", "text"), [(12.345, 0.234, "12.3 ± 0.2"), (123.4, 12.3, "123 ± 12"), (0.5, 0.0, "0.5 ± 0")]
)
def test_an_interval_is_printed_as_mean_and_half_width(mean: float, half: float, text: str) -> None:
    assert format_interval(mean, [mean - half, mean + half]) == text
