import numpy as np
import pytest

from motion.intervals import half_width


def test_three_runs_are_known_by_students_t() -> None:
    values = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])
    assert half_width(values) == pytest.approx([4.3027 / np.sqrt(3), 0.0], rel=1e-4)


def test_intervals_hold_the_mean_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(0)
    runs = rng.standard_normal((5, 20_000))
    assert (np.abs(runs.mean(axis=0)) < half_width(runs)).mean() == pytest.approx(0.95, abs=0.01)
