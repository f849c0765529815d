"""Toy experiments: interrupted and resumed, judged, reported, and kept apart from other recipes' results."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_fakes import TOY_RECIPE

from loop_client.experiments.catalog import experiment_in
from loop_client.experiments.experiment import read_result
from loop_client.toy import toy_experiment
from loop_client.toy.theory_curves import BOUND_COLOR, EXACT_COLOR
from loop_client.toy.toy_experiment import ToyExperiment
from loop_client.toy.toy_loop import run_arm
from loop_client.toy.toy_recipe import load_toy_recipe, toy_recipe_from_table
from motion.errors import InvalidInput


def experiment(**changes: Any) -> ToyExperiment:
    return ToyExperiment(toy_recipe_from_table({**TOY_RECIPE, **changes}))


def test_an_interrupted_experiment_ends_in_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = experiment().run(tmp_path / "whole")

    def interrupted(recipe: Any, arm: Any, *rest: Any) -> Any:
        if arm.name == "half":
            raise KeyboardInterrupt
        return run_arm(recipe, arm, *rest)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(toy_experiment, "run_arm", interrupted)
        experiment().run(tmp_path / "cut")
    assert read_result(tmp_path / "cut") is None
    written = (tmp_path / "cut/arms/00.npz").stat().st_mtime_ns
    resumed = experiment().run(tmp_path / "cut")
    assert (tmp_path / "cut/arms/00.npz").stat().st_mtime_ns == written
    for file in ("metrics.jsonl", "recipe.toml"):
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "cut" / file).read_bytes()
    assert resumed.passed and whole.passed and resumed.final == whole.final
    assert len((tmp_path / "cut/metrics.jsonl").read_text().splitlines()) == 4 * 7


@pytest.mark.parametrize("deleted", ["arms", "arms/01.npz"])
def test_deleted_arms_are_computed_again(tmp_path: Path, deleted: str) -> None:
    first = experiment().run(tmp_path)
    before = (tmp_path / "metrics.jsonl").read_bytes()
    target = tmp_path / deleted
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    with pytest.raises(InvalidInput, match=r"is not complete, arm '(synthetic|half)' is missing"):
        experiment_in(tmp_path).write_report(tmp_path)
    assert experiment().run(tmp_path).final == first.final
    assert (tmp_path / "metrics.jsonl").read_bytes() == before


def test_a_damaged_arm_is_refused_with_its_file(tmp_path: Path) -> None:
    experiment().run(tmp_path)
    (tmp_path / "arms/02.npz").write_bytes(b"no archive")
    with pytest.raises(InvalidInput, match=r"02\.npz: cannot be read .*delete it to compute the arm again"):
        experiment().run(tmp_path)


def test_progress_is_reported_for_every_arm_and_generation(tmp_path: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    experiment().run(tmp_path, lambda *call: calls.append(call))
    assert calls == [(arm["name"], done, 6) for arm in TOY_RECIPE["arms"] for done in range(7)]


def test_what_is_proved_is_drawn_beside_what_is_measured(tmp_path: Path) -> None:
    arm = {"strategy": "augment", "synthetic": 8, "first": 2}
    arms = [{**arm, "name": "plain"}, {**arm, "name": "corrected", "corrector": "oracle", "gamma": 1.0}]
    check = {**TOY_RECIPE["checks"][0], "metric": "mean_distance", "arms": ["plain"]}
    data = {"kind": "gaussian", "dim": 1, "n": 20}
    proved = experiment(data=data, arms=arms, metrics=["mean_distance"], checks=[check])
    proved.run(tmp_path)
    text = proved.write_report(tmp_path).read_text("utf-8")
    (chart,) = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    for color in (EXACT_COLOR, BOUND_COLOR):
        assert color in chart, color
    for name in ("plain", "corrected", "plain, expected", "plain, bound", "corrected, expected"):
        assert f"name&quot;:&quot;{name}&quot;" in chart, name
    assert "Shown, but named by no check" in text and "corrected" in text


def test_results_of_a_recipe_without_a_newer_key_can_be_resumed(tmp_path: Path) -> None:
    whole = experiment().run(tmp_path)
    file = tmp_path / "recipe.toml"
    file.write_text(file.read_text().replace("memory = 1\n", ""))
    assert experiment().run(tmp_path).to_json() == whole.to_json()
    assert "memory = 1" in file.read_text()
    file.write_text("[damaged")
    with pytest.raises(InvalidInput, match="cannot be read"):
        experiment().run(tmp_path)


def test_results_with_the_former_name_of_num_seeds_can_be_resumed(tmp_path: Path) -> None:
    whole = experiment().run(tmp_path)
    file = tmp_path / "recipe.toml"
    file.write_text(file.read_text().replace("num_seeds = 4", "seeds = 4"))
    assert experiment().run(tmp_path).to_json() == whole.to_json()
    assert "num_seeds = 4" in file.read_text()


def test_results_of_another_recipe_are_left_alone(tmp_path: Path) -> None:
    experiment().run(tmp_path)
    before = (tmp_path / "metrics.jsonl").read_bytes()
    with pytest.raises(InvalidInput, match="num_seeds is 4 there, 5 here"):
        experiment(num_seeds=5).run(tmp_path)
    assert (tmp_path / "metrics.jsonl").read_bytes() == before
    stricter = experiment(checks=[{**TOY_RECIPE["checks"][0], "most": 0.001}]).run(tmp_path)
    assert not stricter.passed and (tmp_path / "metrics.jsonl").read_bytes() == before


def test_the_report_is_self_contained(tmp_path: Path) -> None:
    experiment().run(tmp_path)
    text = experiment().write_report(tmp_path).read_text()
    assert 'src="' not in text and 'href="http' not in text and "<svg" in text
    assert "synthetic" in text and "half" in text
    assert experiment_in(tmp_path).write_report(tmp_path).read_text() == text


@pytest.mark.parametrize(
    ("name", "quick"),
    [
        ("accumulate", True),
        ("bertrand-gaussian", False),
        ("fu-kernel-density", True),
        ("mad-effective-size", True),
        ("mad-fresh-gaussian", True),
        ("mad-gaussian", False),
        ("mad-real-share", True),
        ("scsc-gaussian-defined", True),
        pytest.param("mad-memory", False, marks=pytest.mark.slow),
        pytest.param("scsc-gaussian", False, marks=pytest.mark.slow),
    ],
)
def test_experiments_that_take_seconds_reproduce_their_results(name: str, quick: bool, tmp_path: Path) -> None:
    whole = ToyExperiment(load_toy_recipe(name))
    outcome = (whole.quick() if quick else whole).run(tmp_path)
    # Fewer seeds may leave a check open; then it must say how many would decide it, and never contradict the result.
    if quick:
        assert all(verdict.holds or verdict.seeds_needed for verdict in outcome.verdicts), outcome.verdicts
        assert outcome.outcome != "FAIL"
    else:
        assert outcome.passed, [verdict for verdict in outcome.verdicts if not verdict.holds]


def test_more_components_than_points_are_refused(tmp_path: Path) -> None:
    changes = {"generator": {"kind": "gaussian-mixture"}, "metrics": ["w1"], "samples": 20, "checks": []}
    with pytest.raises(InvalidInput, match="components: is 25; there are 10 points"):
        experiment(**changes, data={"kind": "gaussian", "n": 10}).run(tmp_path)


def test_lines_of_metrics_have_their_generation_and_a_95_percent_interval(tmp_path: Path) -> None:
    experiment(every=4).run(tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["generation"] for line in lines if line["arm"] == "half"] == [0, 4, 6]
    for line in lines:
        low, high = line["gaussian_w2"]["interval"]
        assert low < line["gaussian_w2"]["mean"] < high
        assert np.isclose((low + high) / 2, line["gaussian_w2"]["mean"])
