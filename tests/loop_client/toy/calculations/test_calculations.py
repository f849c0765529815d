"""Calculations: those that ship reproduce their statements, and the moments are those of points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loop_client.experiments.catalog import load_experiment, shipped_experiments
from loop_client.theory import c4, gaussian_mean_factor
from loop_client.toy.calculations.calculation_experiment import CalculationExperiment
from loop_client.toy.calculations.calculation_recipe import calculation_recipe_from_table, shipped_calculation_recipes
from loop_client.toy.calculations.correction_distance import correction_distance
from loop_client.toy.calculations.gaussian_loops import draw_moments, gaussian_loop
from loop_client.toy.calculations.stability_bounds import mean_loop, sampling_error, stability_bound
from loop_client.toy.gaussian import GaussianModel
from loop_client.toy.point_set import PointSet
from motion.errors import InvalidInput

SLOW = ("fu-score-network",)
FAST = [name for name in shipped_calculation_recipes() if name not in SLOW]

RECIPE: dict[str, Any] = {
    "name": "small",
    "title": "Small",
    "paper": "none",
    "row": "none",
    "calculation": "mean-loop",
    "metrics": ["distance", "bound"],
    "last": 20,
    "num_seeds": 10,
    "arms": [{"name": "plain"}, {"name": "corrected", "settings": {"gamma": 1.0}}],
}


@pytest.mark.parametrize("name", FAST)
def test_calculations_that_ship_reproduce_their_statements(name: str, tmp_path: Path) -> None:
    outcome = load_experiment(name).run(tmp_path)
    assert outcome.passed, [verdict for verdict in outcome.verdicts if not verdict.holds]


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_calculations_that_take_minutes_contradict_no_statement(name: str, tmp_path: Path) -> None:
    assert load_experiment(name).quick().run(tmp_path).outcome != "FAIL"


def test_calculations_are_experiments_like_others(tmp_path: Path) -> None:
    names = {each.recipe.name for each in shipped_experiments()}
    assert set(shipped_calculation_recipes()) <= names
    check = {
        "kind": "mean",
        "metric": "distance",
        "arms": ["plain"],
        "from": 0,
        "to": 20,
        "most": 9.0,
        "source": "here",
    }
    experiment = CalculationExperiment(calculation_recipe_from_table({**RECIPE, "checks": [check]}))
    first = experiment.run(tmp_path)
    before = (tmp_path / "metrics.jsonl").read_bytes()
    assert experiment.run(tmp_path).to_json() == first.to_json() and first.passed
    assert (tmp_path / "metrics.jsonl").read_bytes() == before
    text = experiment.write_report(tmp_path).read_text("utf-8")
    assert "Shown, but named by no check" in text and "corrected" in text and "here" in text
    assert experiment.quick().recipe.num_seeds == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"arms": [{"name": "a", "settings": {"fame": 1}}]}, r"settings.fame: is unknown"),
        ({"arms": [{"name": "a", "settings": {"n": 0.5}}]}, r"settings.n: is 0.5; must be of type int"),
        ({"arms": RECIPE["arms"] * 2}, "more than once"),
        ({"calculation": "prayer"}, "calculation"),
    ],
)
def test_a_wrong_recipe_is_refused_with_the_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput, match=field):
        calculation_recipe_from_table({**RECIPE, **change})


@pytest.mark.parametrize(("change", "field"), [({"metrics": ["fame"]}, "metrics"), ({"last": 3}, "last")])
def test_a_recipe_that_does_not_fit_its_calculation_is_refused(change: dict[str, Any], field: str) -> None:
    recipe = calculation_recipe_from_table({**RECIPE, **change})
    with pytest.raises(InvalidInput, match=field):
        recipe.compute(recipe.arms[0])


@pytest.mark.parametrize("count", [3, 40])
def test_moments_are_distributed_like_those_of_points(count: int) -> None:
    rng, seeds = np.random.default_rng(0), 20_000
    covariance = np.array([[2.0, 0.6], [0.6, 0.5]])
    drawn = draw_moments(np.tile([1.0, -1.0], (seeds, 1)), np.tile(covariance, (seeds, 1, 1)),
                         np.full(seeds, count), rng)  # fmt: skip
    points = rng.multivariate_normal([1.0, -1.0], covariance, (seeds, count))
    centred = points - points.mean(axis=1, keepdims=True)
    scatter = centred.transpose(0, 2, 1) @ centred
    np.testing.assert_allclose(drawn.scatter.mean(axis=0), (count - 1) * covariance, rtol=0.05, atol=0.05 * count**0.5)
    np.testing.assert_allclose(drawn.scatter.std(axis=0), scatter.std(axis=0), rtol=0.05)
    np.testing.assert_allclose(drawn.mean.std(axis=0), points.mean(axis=1).std(axis=0), rtol=0.03)


def test_joined_moments_fit_the_gaussian_of_all_points() -> None:
    rng = np.random.default_rng(0)
    parts = [PointSet(rng.standard_normal((4, n, 3)) + n) for n in (5, 9)]
    fitted = GaussianModel().train(parts, None, lambda purpose: rng)
    points = np.concatenate([part.points for part in parts], axis=1)
    assert np.allclose(fitted.covariance, [np.cov(run.T) for run in points])
    from loop_client.toy.calculations.gaussian_loops import SampleMoments

    def moments(part: PointSet) -> SampleMoments:
        mean = part.points.mean(axis=1)
        centred = part.points - mean[:, None]
        return SampleMoments(np.full(4, len(part)), mean, centred.transpose(0, 2, 1) @ centred)

    together = moments(parts[0]).joined(moments(parts[1]))
    assert np.allclose(together.mean, fitted.mean)
    assert np.allclose(together.scatter / (together.count - 1)[:, None, None], fitted.covariance)


def test_the_loop_on_moments_collapses_at_the_rate_c4() -> None:
    curves = gaussian_loop(20_000, np.random.default_rng(0), strategy="replace", n=10, synthetic=10, generations=8)
    mean = curves["deviation"].mean(axis=0)
    assert (mean[-1] / mean[0]) ** (1 / 8) == pytest.approx(c4(10), abs=0.004)


def test_a_strategy_that_is_not_simulated_is_refused() -> None:
    with pytest.raises(InvalidInput, match="strategy"):
        gaussian_loop(2, np.random.default_rng(0), strategy="accumulate")


def test_the_bound_is_that_of_infinitely_many_points_in_the_limit() -> None:
    generations = np.arange(5)
    many = stability_bound(generations, 10**14, 0.4, 1.0, 0.1, 1.0)
    np.testing.assert_allclose(many, (0.4 / 0.6 / 2) ** generations, atol=1e-5)
    assert sampling_error(400, 0.4, 0.1, 0.0) == pytest.approx(float(sampling_error(100, 0.4, 0.1, 0.0)) / 2)
    curves = mean_loop(3, np.random.default_rng(0), n=10**14, gamma=1.0, generations=4)
    np.testing.assert_allclose(
        curves["distance"].mean(axis=0), gaussian_mean_factor(0.4, 1.0) ** generations, atol=1e-6
    )
    with pytest.raises(InvalidInput, match="share"):
        mean_loop(3, np.random.default_rng(0), share=0.5)


def test_a_correction_of_infinite_strength_is_the_truth() -> None:
    rng = np.random.default_rng(0)
    curves = correction_distance(20, rng, corrector="oracle", gamma=1e12, scale=5.0, doublings=5)
    assert curves["distance"][:, -1].mean() < 1.36 / np.sqrt(1600)  # Kolmogorov's 95 % point
