"""Test the strategies and the draws that they use."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_client.strategy import STRATEGIES, draw_corrected, draw_sources, draw_subset, number_synthetic

REAL = ["r0", "r1", "r2"]
SYNTHETIC = [["a0", "a1"], ["b0"], ["c0", "c1"]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("baseline", REAL),
        ("replace", ["c0", "c1"]),
        ("augment", [*REAL, "c0", "c1"]),
        ("accumulate", [*REAL, "a0", "a1", "b0", "c0", "c1"]),
        ("accumulate_fixed", [*REAL, "a0", "a1", "b0", "c0", "c1"]),
        ("fresh", [*REAL, "c0", "c1"]),
    ],
)
def test_strategies_compose_their_training_sets(name: str, expected: list[str]) -> None:
    assert STRATEGIES[name].compose(REAL, SYNTHETIC) == expected


def test_only_the_baseline_synthesizes_nothing_and_only_fresh_draws_real_items() -> None:
    assert [name for name, strategy in STRATEGIES.items() if not strategy.synthesizes] == ["baseline"]
    assert [name for name, strategy in STRATEGIES.items() if strategy.fresh_real] == ["fresh"]
    assert [name for name, strategy in STRATEGIES.items() if strategy.fixed_size] == ["accumulate_fixed"]


def test_lambda_is_a_share_of_n_rounded_down() -> None:
    assert [number_synthetic(share, 64) for share in (0, 0.25, 0.5, 1, 1.5)] == [0, 16, 32, 64, 96]
    assert number_synthetic(0.29, 100) == 29 and number_synthetic(0.999, 3) == 2


@given(st.integers(1, 30), st.integers(0, 100), st.integers(0, 5))
def test_sources_are_used_evenly(items: int, count: int, seed: int) -> None:
    drawn = draw_sources(items, count, np.random.default_rng(seed))
    assert len(drawn) == count
    uses = Counter(drawn)
    assert set(uses) <= set(range(items))
    if count:
        assert max(uses.values()) - min(uses.get(i, 0) for i in range(items)) <= 1


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=40), st.integers(0, 50), st.integers(0, 5))
def test_groups_are_drawn_equally_often(groups: list[str], n: int, seed: int) -> None:
    drawn = draw_subset(groups, n, np.random.default_rng(seed))
    assert len(set(drawn)) == len(drawn) == min(n, len(groups))
    taken, there = Counter(groups[i] for i in drawn), Counter(groups)
    most = max(taken.values(), default=0)
    assert all(taken[group] >= min(most - 1, there[group]) for group in there)


@pytest.mark.parametrize(("gamma", "share"), [(0.0, 0.0), (1.0, 0.5), (3.0, 0.75), (np.inf, 1.0)])
def test_gamma_corrects_the_share_gamma_over_1_plus_gamma(gamma: float, share: float) -> None:
    chosen = draw_corrected(20_000, gamma, np.random.default_rng(0))
    assert chosen.mean() == pytest.approx(share, abs=0.01)


def test_a_stronger_correction_corrects_no_fewer() -> None:
    weak, strong = (draw_corrected(1000, gamma, np.random.default_rng(1)) for gamma in (0.5, 2.0))
    assert (strong | ~weak).all()
