"""Checks: every kind holds, fails or is left undecided by the interval that it prints."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from toy_fakes import TOY_RECIPE

from loop_client.check_recipe import CheckRecipe
from loop_client.experiments.checks import Curves, Verdict, judge, overall_outcome
from loop_client.experiments.estimates import jackknife_of, mean_of, quotient_of
from loop_client.toy.toy_loop import run_arm
from loop_client.toy.toy_recipe import toy_recipe_from_table
from motion.errors import InvalidInput
from motion.intervals import half_width


def curves(*levels: float, noise: float, seeds: int = 8) -> dict[str, Curves]:
    """Return arms a, b, c ... of constant level from generation 1 on, 1 at generation 0, and noise of their own."""
    rng = np.random.default_rng(1)
    made = {}
    for name, level in zip("abcdef", levels, strict=False):
        values = np.ones((seeds, 4)) * [1.0, level, level, level]
        made[name] = {"generations": np.arange(4), "x": values + noise * rng.standard_normal((seeds, 4))}
    return made


def verdict(kind: str, arms: str, curves: dict[str, Curves], counts: Any = None, **bounds: Any) -> Verdict:
    check = CheckRecipe(kind, "x", tuple(arms), **{"begin": 1, "end": 3, **bounds})
    return judge([check], curves, counts)[0]


def test_every_kind_of_check_can_fail() -> None:
    check = {"metric": "gaussian_w2", "from": 3, "to": 6}
    checks = [
        {**check, "kind": "mean", "arms": ["half"], "value": 50.0, "tolerance": 0.1},
        {**check, "kind": "ratio", "arms": ["half"], "least": 100.0},
        {**check, "kind": "order", "arms": ["synthetic", "half"]},
        {**check, "kind": "at_most", "arms": ["synthetic", "half"]},
        {**check, "kind": "peak", "arms": ["synthetic", "half", "all"]},
        {**check, "kind": "factor", "arms": ["half"], "value": 3.0},
        {**check, "kind": "each", "arms": ["half"], "least": 100.0},
        {**check, "kind": "quotient", "arms": ["synthetic", "half"], "least": 100.0},
    ]
    recipe = toy_recipe_from_table({**TOY_RECIPE, "checks": checks})
    measured = {arm.name: run_arm(recipe, arm)[0] for arm in recipe.arms}
    assert [verdict.holds for verdict in judge(recipe.checks, measured)] == [False] * 8


@pytest.mark.parametrize(
    ("kind", "arms", "levels", "bounds"),
    [
        ("mean", "a", (2.0,), {"most": 3.0}),
        ("ratio", "a", (2.0,), {"most": 3.0}),
        ("each", "a", (2.0,), {"most": 3.0}),
        ("factor", "a", (2.0,), {"begin": 0, "most": 3.0}),
        ("quotient", "ab", (2.0, 1.0), {"most": 3.0}),
        ("order", "ab", (1.0, 2.0), {}),
        ("at_most", "ab", (2.0, 1.5), {"tolerance": 1.0}),
        ("peak", "abc", (1.0, 2.0, 1.0), {}),
        ("gain", "abcd", (1.0, 1.5, 1.0, 2.5), {}),
    ],
)
def test_what_holds_without_noise_is_undecided_with_much_of_it_and_says_how_many_seeds_it_takes(
    kind: str, arms: str, levels: tuple[float, ...], bounds: dict[str, Any]
) -> None:
    clear = verdict(kind, arms, curves(*levels, noise=1e-6), **bounds)
    assert clear.outcome == "PASS" and clear.seeds_needed is None and clear.sentence == "PASS"
    noisy = verdict(kind, arms, curves(*levels, noise=3.0), **bounds)
    assert noisy.outcome == "UNDECIDED" and not noisy.holds
    assert noisy.seeds_needed is None or noisy.seeds_needed > 8


def test_an_interval_that_reaches_over_a_bound_decides_nothing() -> None:
    values = curves(1.0, noise=0.3)["a"]["x"].mean(axis=1)
    mean, half = float(values.mean()), float(half_width(values))
    for most, outcome in ((mean + 1.01 * half, "PASS"), (mean + 0.99 * half, "UNDECIDED"),
                          (mean - 0.99 * half, "UNDECIDED"), (mean - 1.01 * half, "FAIL")):  # fmt: skip
        assert mean_of(values).judge(most=most).outcome == outcome
    assert mean_of(values).judge(most=mean + half / 2).seeds_needed == pytest.approx(4 * 8, abs=1)
    assert mean_of(values).judge(most=mean).seeds_needed is None


def test_the_spread_over_generations_is_compared_as_a_statistic() -> None:
    rng = np.random.default_rng(0)
    made = {
        name: {"generations": np.arange(9), "x": scale * rng.standard_normal((8, 9))}
        for name, scale in (("calm", 0.1), ("wild", 2.0))
    }
    check = CheckRecipe("order", "x", ("calm", "wild"), 1, 8, statistic="spread")
    assert judge([check], made)[0].outcome == "PASS"
    with pytest.raises(InvalidInput, match="statistic"):
        CheckRecipe("each", "x", ("calm",), 1, 8, statistic="spread", most=1.0)


def test_an_effective_size_has_an_interval() -> None:
    made = curves(1.0, 2.0, 0.5, noise=0.02)
    inside = verdict("effective_size", "abc", made, {"b": 10, "c": 40}, least=15, most=25)
    assert inside.outcome == "PASS" and "±" in inside.found
    assert verdict("effective_size", "abc", made, {"b": 10, "c": 40}, least=30).outcome == "FAIL"


def test_one_failing_part_fails_a_check_and_one_open_part_leaves_it_open() -> None:
    assert verdict("mean", "ab", curves(1.0, 9.0, noise=0.01), most=2.0).outcome == "FAIL"
    made = curves(1.0, 2.0, noise=0.01)
    made["b"] = curves(2.0, noise=5.0)["a"]
    assert verdict("mean", "ab", made, most=2.5).outcome == "UNDECIDED"
    passed, failed, open_ = Verdict(True, "", ""), Verdict(False, "", ""), Verdict(False, "", "", undecided=True)
    assert overall_outcome([passed, open_]) == "UNDECIDED" and overall_outcome([open_, failed]) == "FAIL"
    assert overall_outcome([passed]) == "PASS"


def test_estimates_of_a_mean_agree() -> None:
    values = np.random.default_rng(0).normal(5.0, 1.0, 200)
    plain = mean_of(values)
    jackknife = jackknife_of(lambda seeds: float(values[seeds].mean()), 200)
    assert jackknife.value == pytest.approx(plain.value) and jackknife.half_width == pytest.approx(plain.half_width)
    quotient = quotient_of(values, np.ones(200))
    assert quotient.half_width == pytest.approx(plain.half_width, rel=1e-9)
    assert quotient_of(8 * values, values, root=3).value == pytest.approx(2.0)
    assert mean_of(values, comparisons=5).half_width > plain.half_width


def test_a_factor_needs_generations_that_are_measured() -> None:
    check = {"kind": "factor", "metric": "gaussian_w2", "arms": ["half"], "from": 1, "to": 6, "most": 2}
    with pytest.raises(InvalidInput, match="must be generations that are measured"):
        toy_recipe_from_table({**TOY_RECIPE, "every": 4, "checks": [check]})
    toy_recipe_from_table({**TOY_RECIPE, "every": 4, "checks": [{**check, "from": 4}]})
