"""The loop on points: its parts against what is known of them, and the published numbers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from loop_client.experiments.checks import judge
from loop_client.toy import toy_experiment as experiment
from loop_client.toy.distributions import DISTRIBUTIONS, gaussian, two_gaussians
from loop_client.toy.gaussian import Gaussian, GaussianModel
from loop_client.toy.glow import GlowModel
from loop_client.toy.kernel_density import KernelDensityModel
from loop_client.toy.model_registry import MODELS, make_model
from loop_client.toy.point_set import Part
from loop_client.toy.toy_correctors import histogram, oracle
from loop_client.toy.toy_experiment import last_result, quick, run_experiment
from loop_client.toy.toy_loop import run_arm
from loop_client.toy.toy_metrics import Look, gaussian_w2, recalled_modes, spread_in_modes, total_variation
from loop_client.toy.toy_recipe import experiment_of, load_experiment, shipped_experiments
from loop_client.toy.toy_report import write_report
from motion.errors import InvalidInput

SMALL: dict[str, Any] = {
    "name": "small",
    "title": "Small",
    "paper": "none",
    "row": "none",
    "generations": 6,
    "seeds": 4,
    "data": {"kind": "gaussian", "n": 20},
    "generator": {"kind": "gaussian"},
    "metrics": ["gaussian_w2"],
    "arms": [
        {"name": "synthetic", "strategy": "replace", "synthetic": 20},
        {"name": "half", "strategy": "augment", "synthetic": 20},
        {"name": "all", "strategy": "accumulate", "synthetic": 10, "growth": "linear"},
        {"name": "fixed", "strategy": "accumulate_fixed", "synthetic": 10},
    ],
    "checks": [
        {"kind": "ratio", "metric": "gaussian_w2", "arms": ["half"], "from": 3, "to": 6, "least": 0.0, "most": 99.0}
    ],
}


def chance(purpose: str) -> np.random.Generator:
    return np.random.default_rng(len(purpose))


@pytest.mark.parametrize("unbiased", [True, False])
def test_a_gaussian_is_numpys(unbiased: bool) -> None:
    points = np.random.default_rng(0).normal(3, 2, (2, 30, 3))
    whole = Part(points)
    model = GaussianModel(unbiased).fit([whole.first(10), Part(points[:, 10:])], None, chance)
    for run in range(2):
        np.testing.assert_allclose(model.mean[run], points[run].mean(axis=0))
        np.testing.assert_allclose(model.covariance[run], np.cov(points[run].T, ddof=int(unbiased)))


def test_samples_of_a_gaussian_have_its_moments() -> None:
    covariance = np.array([[2.0, 1.0], [1.0, 1.0]])
    model = Gaussian(np.array([[1.0, -1.0]]), covariance[None])
    for bias in (1.0, 0.25):
        samples = GaussianModel().sample(model, 200_000, bias, np.random.default_rng(0))[0]
        np.testing.assert_allclose(samples.mean(axis=0), [1, -1], atol=0.02)
        np.testing.assert_allclose(np.cov(samples.T), bias * covariance, atol=0.03)


def test_wasserstein_parity_with_scsc(parity_dir: Path) -> None:
    recorded = np.load(parity_dir / "scsc_gaussian.npz")
    for mean, covariance, result in zip(
        recorded["w2_case_mu"], recorded["w2_case_cov"], recorded["w2_case_result"], strict=True
    ):
        if not (np.allclose(mean[1], 0) and np.allclose(covariance[1], np.eye(2))):
            continue  # ours is the distance to the standard normal alone
        look = Look(Gaussian(mean[:1], covariance[:1]), np.empty(0), np.empty(0), gaussian(2))
        assert gaussian_w2(look)[0] == pytest.approx(result[0], abs=1e-6)


def test_the_histogram_corrector_has_scsc_parity(parity_dir: Path) -> None:
    """Samples of the published rejection sampler and of ours are of one distribution: a chi-squared test in cells."""
    recorded = np.load(parity_dir / "scsc_gaussian.npz")
    edges = [np.r_[-9, recorded[name], 9] for name in ("rej_xedges", "rej_yedges")]
    copies = np.tile(recorded["rej_data"], (16_000, 1, 1))
    for gamma, theirs in zip(recorded["rej_gamma"], recorded["rej_samples"], strict=True):
        ours = histogram(copies, float(gamma), gaussian(2), np.random.default_rng(0)).reshape(-1, 2)
        wanted = np.histogram2d(*ours.T, bins=edges)[0] * len(theirs) / len(ours)
        found = np.histogram2d(*theirs.T, bins=edges)[0]
        often = wanted > 5
        statistic = ((found - wanted)[often] ** 2 / wanted[often]).sum()
        assert statistic < often.sum() + 4 * np.sqrt(2 * often.sum())
        assert not found[wanted == 0].any()


@pytest.mark.slow
def test_the_gaussian_loop_has_scsc_parity(parity_dir: Path) -> None:
    """The published curves lie inside our bands, for each strength of correction."""
    recorded = np.load(parity_dir / "scsc_gaussian.npz")
    recipe = load_experiment("scsc-gaussian")
    for arm, theirs in zip(recipe.arms, np.moveaxis(recorded["w2"], 1, 0), strict=False):
        curves, _ = run_arm(recipe, arm)
        ours, theirs = curves["gaussian_w2"], theirs[:, curves["generations"]]
        error = np.sqrt(ours.var(axis=0, ddof=1) / len(ours) + theirs.var(axis=0, ddof=1) / len(theirs))
        apart = np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) / error
        # Of a hundred generations that hang together some may lie apart by chance.
        assert np.mean(apart < 3) > 0.9, arm.name


def test_the_oracle_replaces_its_share() -> None:
    samples = np.full((3, 4000, 1), 100.0)
    for gamma, share in ((0.0, 0.0), (1.0, 0.5), (np.inf, 1.0)):
        corrected = oracle(samples, gamma, two_gaussians(), np.random.default_rng(0))
        assert (corrected != 100).mean() == pytest.approx(share, abs=0.02)


def test_a_kernel_density_is_its_formula() -> None:
    points = np.random.default_rng(0).normal(0, 1.5, (2, 50, 1))
    model = KernelDensityModel(0.5).fit([Part(points)], None, chance)
    edges, mass = model.mass()
    middle = (edges[1:] + edges[:-1]) / 2
    bandwidth = 0.5 * 50**-0.2
    for run in range(2):
        apart = (middle[:, None] - points[run, :, 0]) / bandwidth
        density = np.exp(-0.5 * apart**2).mean(axis=1) / (np.sqrt(2 * np.pi) * bandwidth)
        np.testing.assert_allclose(mass[run], density * np.diff(edges), atol=2e-5)


def test_total_variation_to_itself_is_small_and_to_far_away_one() -> None:
    truth = two_gaussians()
    points = truth.draw(np.random.default_rng(0), 1, 200_000)
    near = KernelDensityModel(0.1).fit([Part(points)], None, chance)
    far = KernelDensityModel(0.1).fit([Part(np.full((1, 100, 1), 5.5))], None, chance)
    empty = np.empty(0)
    assert total_variation(Look(near, empty, empty, truth))[0] < 0.02
    assert total_variation(Look(far, empty, empty, truth))[0] > 0.99


@pytest.mark.parametrize("kind", ["ring", "grid"])
def test_modes_of_a_mixture(kind: str) -> None:
    truth = DISTRIBUTIONS[kind](2, "")
    points = truth.draw(np.random.default_rng(0), 1, 5000)
    assert truth.centers is not None
    one_mode = truth.centers[:1][None] + 0.5 * truth.scale * np.random.default_rng(1).standard_normal((1, 500, 2))
    empty = np.empty(0)
    assert recalled_modes(Look(None, points, empty, truth))[0] == 1.0
    assert spread_in_modes(Look(None, points, empty, truth))[0] == pytest.approx(1.0, abs=0.03)
    assert recalled_modes(Look(None, one_mode, empty, truth))[0] == 1 / len(truth.centers)
    assert spread_in_modes(Look(None, one_mode, empty, truth))[0] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("kind", MODELS)
def test_models_learn_points(kind: str) -> None:
    quick_settings: dict[str, dict[str, Any]] = {
        "gaussian-mixture": {"components": 2},
        "flow-matching": {"width": 32, "first_epochs": 60, "epochs": 5, "batch": 64, "rate": 5e-3, "steps": 20},
        "diffusion": {"width": 32, "first_epochs": 150, "epochs": 5, "batch": 64, "rate": 5e-3, "steps": 20},
    }
    dim = 2 if kind == "glow" else 1
    model = make_model(kind, quick_settings.get(kind, {}), gaussian(dim))
    points = 2 + 0.5 * np.random.default_rng(0).standard_normal((2, 256, dim))
    first = model.fit([Part(points)], None, chance)
    again = model.fit([Part(points)], first, chance)
    for fitted in (first, again):
        samples = model.sample(fitted, 500, 1.0, np.random.default_rng(1))
        assert samples.shape == (2, 500, dim)
        np.testing.assert_allclose(samples.mean(axis=(1, 2)), 2, atol=0.25)
        np.testing.assert_allclose(samples.std(axis=(1, 2)), 0.5, atol=0.2)
    assert np.array_equal(samples, model.sample(again, 500, 1.0, np.random.default_rng(1)))


def test_arms_see_the_same_chance_and_go_apart_by_what_they_do() -> None:
    recipe = experiment_of(SMALL)
    curves = [run_arm(recipe, arm)[0]["gaussian_w2"] for arm in recipe.arms]
    assert all(np.array_equal(curve[:, 0], curves[0][:, 0]) for curve in curves)
    assert not np.array_equal(curves[0][:, 1:], curves[1][:, 1:])


def test_what_is_looked_at_has_the_bias_of_the_arm() -> None:
    arms = [{"name": str(bias), "strategy": "replace", "synthetic": 20, "bias": bias} for bias in (1.0, 0.25)]
    recipe = experiment_of({**SMALL, "arms": arms, "checks": [], "samples": 2000, "metrics": ["reach", "deviation"]})
    plain, biased = (run_arm(recipe, arm)[0] for arm in recipe.arms)
    np.testing.assert_allclose(biased["reach"][:, 0], 0.5 * plain["reach"][:, 0], rtol=0.2)
    assert np.array_equal(biased["deviation"][:, 0], plain["deviation"][:, 0])  # of the model itself


def test_a_run_that_was_cut_off_ends_in_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = experiment_of(SMALL)
    whole = run_experiment(recipe, tmp_path / "whole")

    def cut(recipe: Any, arm: Any, progress: Any, begun: Any) -> Any:
        if arm.name == "half":
            raise KeyboardInterrupt
        return run_arm(recipe, arm, progress, begun)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(experiment, "run_arm", cut)
        run_experiment(recipe, tmp_path / "cut")
    assert last_result(tmp_path / "cut") is None
    made = (tmp_path / "cut/arms/00.npz").stat().st_mtime_ns
    resumed = run_experiment(recipe, tmp_path / "cut")
    assert (tmp_path / "cut/arms/00.npz").stat().st_mtime_ns == made
    for file in ("metrics.jsonl", "recipe.toml"):
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "cut" / file).read_bytes()
    assert resumed.passed and whole.passed
    assert len((tmp_path / "cut/metrics.jsonl").read_text().splitlines()) == 4 * 7


def test_the_theorem_is_measured_and_drawn(tmp_path: Path) -> None:
    outcome = run_experiment(quick(load_experiment("scsc-theorem")), tmp_path)
    assert outcome.passed and all("±" in each.found for each in outcome.verdicts)
    text = write_report(outcome, tmp_path).read_text("utf-8")
    (chart,) = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    for color in ("#111827", "#9aa1ab"):  # exact and bound, of each of three arms
        assert len(re.findall(rf"stroke: {color}; stroke-width", chart)) == 3, color


def test_results_outlive_a_key_that_recipes_had_not(tmp_path: Path) -> None:
    whole = run_experiment(experiment_of(SMALL), tmp_path)
    file = tmp_path / "recipe.toml"
    file.write_text(file.read_text().replace("memory = 1\n", ""))
    assert run_experiment(experiment_of(SMALL), tmp_path).to_json() == whole.to_json()
    assert "memory = 1" in file.read_text()
    file.write_text("[damaged")
    with pytest.raises(InvalidInput, match="cannot be read"):
        run_experiment(experiment_of(SMALL), tmp_path)


def test_a_folder_of_another_recipe_is_left_alone(tmp_path: Path) -> None:
    run_experiment(experiment_of(SMALL), tmp_path)
    before = (tmp_path / "metrics.jsonl").read_bytes()
    with pytest.raises(InvalidInput, match="seeds is 4 there, 5 here"):
        run_experiment(experiment_of({**SMALL, "seeds": 5}), tmp_path)
    assert (tmp_path / "metrics.jsonl").read_bytes() == before
    judged_anew = run_experiment(experiment_of({**SMALL, "checks": [{**SMALL["checks"][0], "most": 0.001}]}), tmp_path)
    assert not judged_anew.passed and (tmp_path / "metrics.jsonl").read_bytes() == before


def test_the_report_stands_alone(tmp_path: Path) -> None:
    outcome = run_experiment(experiment_of(SMALL), tmp_path)
    text = write_report(outcome, tmp_path).read_text()
    assert 'src="' not in text and 'href="http' not in text and "<svg" in text
    assert "synthetic" in text and "half" in text


@pytest.mark.parametrize("name", shipped_experiments())
def test_recipes_that_ship_are_sound_and_have_checks(name: str) -> None:
    recipe = load_experiment(name)
    assert recipe.name == name and recipe.checks
    if not recipe.data.needs:
        make_model(recipe.generator.kind, recipe.generator.settings, recipe.data.distribution())
    assert 2 <= quick(recipe).seeds <= max(4, recipe.seeds // 4)


@pytest.mark.parametrize("name", ["bertrand-gaussian", "mad-fresh-gaussian", "fu-kernel-density"])
def test_rows_that_take_seconds_are_shown(name: str, tmp_path: Path) -> None:
    outcome = run_experiment(load_experiment(name), tmp_path)
    assert outcome.passed, [verdict for verdict in outcome.verdicts if not verdict.holds]


def test_checks_can_fail() -> None:
    check = {"metric": "gaussian_w2", "from": 3, "to": 6}
    checks = [
        {**check, "kind": "mean", "arms": ["half"], "value": 50.0, "tolerance": 0.1},
        {**check, "kind": "ratio", "arms": ["half"], "least": 100.0},
        {**check, "kind": "order", "arms": ["synthetic", "half"]},
        {**check, "kind": "at_most", "arms": ["synthetic", "half"]},
        {**check, "kind": "peak", "arms": ["synthetic", "half", "all"]},
        {**check, "kind": "factor", "arms": ["half"], "value": 3.0},
    ]
    recipe = experiment_of({**SMALL, "checks": checks})
    curves = {arm.name: run_arm(recipe, arm)[0] for arm in recipe.arms}
    assert [verdict.holds for verdict in judge(recipe.checks, curves)] == [False] * 6


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"seeds": 1}, "seeds"),
        ({"metrics": ["fame"]}, r"metrics\[0\]"),
        ({"arms": [{"name": "a", "strategy": "replace"}]}, "synthetic"),
        ({"arms": [{"name": "a", "strategy": "pray", "synthetic": 1}]}, "strategy"),
        ({"arms": [{"name": "a", "strategy": "neon", "synthetic": 1}]}, "strategy: is 'neon'"),
        ({"data": {"kind": "gaussian", "n": 1}}, "n: is 1"),
        ({"every": 4, "checks": [{**SMALL["checks"][0], "from": 1, "to": 3}]}, "no generation between"),
        ({"checks": [{**SMALL["checks"][0], "kind": "effective_size", "arms": ["half"], "most": 1}]}, "too few"),
        ({"arms": [{"name": "a", "strategy": "baseline", "bias": 0.5}]}, "bias: is 0.5; strategy 'baseline'"),
        ({"arms": [{"name": "a", "strategy": "replace", "synthetic": 1, "bias": 0.0}]}, "bias"),
        ({"arms": [{"name": "a", "strategy": "replace", "synthetic": 1}]}, "synthetic: is 1"),
        ({"arms": [{"name": "a", "strategy": "baseline", "synthetic": 5}]}, "synthetic: is 5; strategy 'baseline'"),
        ({"arms": [{"name": "a", "strategy": "baseline", "memory": 5}]}, "memory: is 5; strategy 'baseline'"),
        ({"arms": [{"name": "a", "strategy": "augment", "growth": "linear"}]}, "growth: is 'linear'; .* nothing grows"),
        ({"arms": [{"name": "a", "strategy": "augment", "gamma": 0.5}]}, "gamma: is 0.5; has no place"),
        ({"data": {"kind": "ring", "n": 50, "dim": 100}}, "dim: is 100; has no place"),
        ({"data": {"kind": "mnist", "n": 50, "path": "there"}}, "'gaussian' makes points; the data has images"),
        ({"data": {"kind": "mnist", "n": 50, "path": "there"}}, "'gaussian_w2' is a distance to gaussian data"),
        ({"arms": SMALL["arms"] * 2}, "more than once"),
        ({"checks": [{**SMALL["checks"][0], "arms": ["nobody"]}]}, "nobody"),
        ({"checks": [{**SMALL["checks"][0], "to": 7}]}, "there are 6 generations"),
        ({"checks": [{**SMALL["checks"][0], "metric": "w1"}]}, "w1"),
        ({"checks": [{"kind": "mean", "metric": "gaussian_w2", "arms": ["half"], "from": 0, "to": 1}]}, "value"),
    ],
)
def test_recipes_are_checked(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput, match=field):
        experiment_of({**SMALL, **change})


def test_more_components_than_points_are_refused(tmp_path: Path) -> None:
    change = {"generator": {"kind": "gaussian-mixture"}, "metrics": ["w1"], "samples": 20, "checks": []}
    recipe = experiment_of({**SMALL, **change, "data": {"kind": "gaussian", "n": 10}})
    with pytest.raises(InvalidInput, match="components: is 25; there are 10 points"):
        run_experiment(recipe, tmp_path)


def test_settings_of_a_model_are_checked() -> None:
    for settings, word in (
        ({"wings": 2}, "wings"),
        ({"ridge": "soft"}, "ridge"),
        ({"ridge": -1.0}, "0 or more"),
        ({"unbiased": 1}, "unbiased"),
    ):
        with pytest.raises(InvalidInput, match=word):
            make_model("gaussian", settings, gaussian(2))
    for value in (0, float("nan")):
        with pytest.raises(InvalidInput, match="above 0"):
            make_model("glow", {"rate": float(value)}, gaussian(2))


def test_a_factor_is_between_generations_that_are_measured() -> None:
    check = {"kind": "factor", "metric": "gaussian_w2", "arms": ["half"], "from": 1, "to": 6, "most": 2}
    with pytest.raises(InvalidInput, match="must be generations that are measured"):
        experiment_of({**SMALL, "every": 4, "checks": [check]})
    experiment_of({**SMALL, "every": 4, "checks": [{**check, "from": 4}]})


def test_metrics_say_which_generation_they_are_of(tmp_path: Path) -> None:
    run_experiment(experiment_of({**SMALL, "every": 4}), tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["generation"] for line in lines if line["arm"] == "half"] == [0, 4, 6]
    assert all(line["gaussian_w2"]["interval"] > 0 for line in lines)


def test_a_glow_goes_there_and_back_and_knows_its_volume() -> None:
    points = np.random.default_rng(0).normal(1, 3, (2, 64, 2))
    flow = GlowModel(couplings=4, width=16, epochs=20, batch=32, rate=1e-2).fit([Part(points)], None, chance)
    given = torch.tensor(points, dtype=torch.float32)
    noise, volume = flow.to_noise(given)
    torch.testing.assert_close(flow.to_points(noise), given, atol=1e-3, rtol=1e-4)
    for run, place in ((0, 3), (1, 40)):
        one = torch.zeros_like(given[:, :1]) + given[:, place : place + 1]
        jacobian = torch.autograd.functional.jacobian(lambda x: flow.to_noise(x)[0], one)[run, 0, :, run, 0]
        assert float(torch.linalg.slogdet(jacobian).logabsdet) == pytest.approx(volume[run, place].item(), abs=1e-3)
